"""What holds for every platform: Kafka before the state, one bad batch and its neighbours, books that balance."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from schemas.errors import TransientError
from schemas.snapshots import Snapshot
from tests.platform_servers.server import Fault
from tests.platform_servers.x import XServer
from tests.unit.console.poll.polling import Polling, polling

POSTS = [str(1_900_000_000_000_000_000 + number) for number in range(250)]


async def test_what_kafka_did_not_take_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = XServer()
    server.posts = {POSTS[0]: 5}

    async def fail(_account: Polling, _snapshots: Sequence[Snapshot]) -> None:
        raise TransientError("Kafka does not answer")

    async with polling(server, "x", tmp_path) as account:
        with monkeypatch.context() as patched:
            patched.setattr(Polling, "_send", fail)
            with pytest.raises(TransientError):
                await account.round(POSTS[0])
        assert (await account.round()).snapshots == 1


async def test_a_round_that_a_limit_cuts_off_goes_on_where_it_was(tmp_path: Path) -> None:
    server = XServer()
    server.posts = dict.fromkeys(POSTS, 1)
    async with polling(server, "x", tmp_path, longest_wait_s="0") as account:
        server.headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(account.clock.now_s) + 900)}
        first = await account.round(*POSTS)
        assert (first.state, first.posts_asked) == ("limited", 100)
        server.headers = {}
        account.clock.now_s += 900
        second = await account.round()
    assert (second.state, second.posts_asked) == ("ok", 150)
    posts = [post for one in server.requests for post in one.query["ids"].split(",")]
    assert sorted(posts) == sorted(POSTS), "each once"


async def test_a_batch_that_is_refused_holds_back_no_other_and_the_books_balance(tmp_path: Path) -> None:
    server = XServer()
    server.posts = dict.fromkeys(POSTS[:-1], 1)
    server.faults = [Fault(400, {"title": "Invalid Request", "detail": "one of them"})]
    async with polling(server, "x", tmp_path) as account:
        result = await account.round(*POSTS)
    assert (result.state, result.posts_asked) == ("ok", 250)
    assert "Invalid Request: one of them" in result.complaints[0]
    outcomes = {name: account.count("posts", platform="x", outcome=name) for name in ("counted", "gone", "without")}
    assert sum(outcomes.values()) == 250
    assert outcomes["without"] == 100
    assert account.count("snapshots", platform="x", matched="no") == outcomes["counted"]


async def test_a_round_in_which_all_is_refused_has_failed(tmp_path: Path) -> None:
    server = XServer()
    server.faults = [Fault(403, {"title": "Client Forbidden"})] * 3
    async with polling(server, "x", tmp_path) as account:
        result = await account.round(*POSTS)
    assert (result.state, result.error) == ("failing", "Client Forbidden")


async def test_a_renewed_token_is_used_from_the_next_round_on(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {POSTS[0]: 5}
    token = tmp_path / "token"
    token.write_text("old")
    async with polling(server, "x", tmp_path, {"token_file": str(token)}) as account:
        assert (await account.round(POSTS[0])).state == "token"
        token.write_text(server.token)
        account.maker.renew_token(account.poller)
        assert (await account.round()).state == "ok"


async def test_two_pollers_at_once_come_to_the_same_totals(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {POSTS[0]: 5, POSTS[1]: 6}
    (tmp_path / "other").mkdir()
    async with polling(server, "x", tmp_path) as one, polling(server, "x", tmp_path / "other") as other:
        await one.round(*POSTS[:2])
        await other.round(*POSTS[:2])
    assert one.sent == other.sent
