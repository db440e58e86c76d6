"""X: limits by reset, caps, partial errors, private fields, the timeline, costs."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from console.poll.platforms.x import judge
from console.poll.state import Post
from console.poll.verdicts import Answer
from tests.platform_servers.server import TOKEN, Fault
from tests.platform_servers.x import XServer
from tests.unit.console.poll.polling import DAY_MS, HOUR_MS, START, START_MS, START_S, SomeLinks, polling

RATE = {
    "title": "Too Many Requests",
    "type": "https://api.twitter.com/2/problems/rate-limit-exceeded",
    "status": 429,
}
CAPPED = {
    "title": "UsageCapExceeded",
    "type": "https://api.twitter.com/2/problems/usage-capped",
    "period": "Monthly",
}


def limited(seconds: float, body: object = RATE) -> Fault:
    return Fault(429, body, {"x-rate-limit-reset": str(int(START_S + seconds)), "x-rate-limit-remaining": "0"})


async def test_totals_come_with_their_links_source_and_time(tmp_path: Path) -> None:
    server = XServer()
    server.posts, server.text_urls = {"1900000000000000001": 42}, {"1900000000000000001": "https://sho.rt/x1?a=b"}
    async with polling(server, "x", tmp_path, {"account": "acme-gmbh"}) as account:
        account.links = SomeLinks("sho.rt/x1")
        result = await account.round("1900000000000000001")
    (snapshot,) = account.sent
    assert (result.state, result.posts_asked, result.snapshots, result.matched) == ("ok", 1, 1, 1)
    assert (snapshot.total, snapshot.link, snapshot.source) == (42, "sho.rt/x1", "poll/x")
    assert (snapshot.observed_ms, snapshot.account) == (START_MS, "acme-gmbh")
    assert account.count("snapshots", platform="x", matched="yes") == 1


async def test_a_hundred_posts_are_one_call_and_one_more_is_another(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {str(1_900_000_000_000_000_000 + number): number for number in range(101)}
    async with polling(server, "x", tmp_path) as account:
        await account.round(*list(server.posts)[:100])
        assert len(server.requests) == 1
        account.clock.now_s += 3600
        await account.round(*server.posts)
        assert len(server.requests) == 3
        assert account.totals() == server.posts


async def test_after_a_429_the_poller_waits_for_the_reset_and_not_for_retry_after(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {"1900000000000000001": 5}
    fault = limited(600)
    fault.headers["Retry-After"] = "1"
    server.faults = [fault]
    async with polling(server, "x", tmp_path) as account:
        result = await account.round("1900000000000000001")
    assert result.state == "ok"
    assert account.clock.slept == [600]
    assert account.sent[0].observed_ms == START_MS + 600_000
    assert account.count("waited_seconds", platform="x") == 600


async def test_a_call_that_leaves_none_is_followed_by_the_reset_before_the_next(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {str(1_900_000_000_000_000_000 + number): number for number in range(101)}
    server.headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(START_S) + 30)}
    async with polling(server, "x", tmp_path) as account:
        result = await account.round(*server.posts)
    assert account.clock.slept == [30]
    assert result.snapshots == 101


async def test_a_429_without_a_reset_waits_for_the_window_of_a_quarter_of_an_hour(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {"1900000000000000001": 5}
    server.faults = [Fault(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]})]
    async with polling(server, "x", tmp_path) as account:
        assert (await account.round("1900000000000000001")).state == "ok"
    assert account.clock.slept == [900]


async def test_a_usage_cap_is_not_retried_soon(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {"1900000000000000001": 5}
    server.faults = [limited(60, CAPPED)]
    async with polling(server, "x", tmp_path) as account:
        result = await account.round("1900000000000000001")
        assert (result.state, result.rests_until_s) == ("limited", START_S + 86_400)
        account.clock.now_s += 86_400 - 961
        assert (await account.round()).state == "limited"
        assert len(server.requests) == 1, "nobody was asked"
        account.clock.now_s += 961
        assert (await account.round()).state == "ok"
    assert account.clock.slept == []


@pytest.mark.parametrize(("wait_s", "state"), [(960, "ok"), (961, "limited")])
async def test_a_limit_is_waited_for_as_long_as_the_setting_says_and_no_longer(
    tmp_path: Path, wait_s: int, state: str
) -> None:
    server = XServer()
    server.posts = {"1900000000000000001": 5}
    server.faults = [limited(wait_s)]
    async with polling(server, "x", tmp_path) as account:
        assert (await account.round("1900000000000000001")).state == state


async def test_three_limits_in_a_row_end_the_round(tmp_path: Path) -> None:
    server = XServer()
    server.faults = [limited(10), limited(20), limited(30)]
    async with polling(server, "x", tmp_path) as account:
        assert (await account.round("1900000000000000001")).state == "limited"
    assert account.clock.slept == [10, 10]


async def test_deleted_posts_are_remembered_and_not_asked_for_again_for_a_month(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {"1900000000000000001": 5}
    async with polling(server, "x", tmp_path) as account:
        result = await account.round("1900000000000000001", "1900000000000000002")
        assert (result.gone, result.snapshots, result.complaints, result.state) == (1, 1, [], "ok")
        for _ in range(29):
            account.clock.now_s += 86_400
            await account.round()
        assert all("02" not in one.query["ids"][-2:] for one in server.requests[1:])
        account.clock.now_s += 86_400
        server.posts["1900000000000000002"] = 9  # the account is back
        await account.round()
        assert account.totals()["1900000000000000002"] == 9


async def test_the_owner_sees_clicks_for_thirty_days_and_the_others_do_not_fail(tmp_path: Path) -> None:
    server = XServer()
    young, old, stranger = (str(1_900_000_000_000_000_001 + number) for number in range(3))
    server.posts = {young: 1, old: 2, stranger: 3}
    server.owned = {young, old}
    posts = [
        Post(id=young, published_ms=START_MS - 30 * DAY_MS + 1),
        Post(id=old, published_ms=START_MS - 30 * DAY_MS),
        Post(id=stranger, published_ms=START_MS - HOUR_MS),
    ]
    async with polling(server, "x", tmp_path, {"owner": True}) as account:
        result = await account.round(*posts)
    assert result.complaints == []
    assert {one.post: one.side for one in account.sent} == {young: {"link_clicks": 7}, old: {}, stranger: {}}
    assert account.totals() == server.posts


async def test_the_timeline_is_read_by_pages_once_and_then_from_where_it_ended(tmp_path: Path) -> None:
    server = XServer()
    server.times = {str(1_900_000_000_000_000_000 + days): START - timedelta(days=days) for days in range(5)}
    server.posts = dict.fromkeys(server.times, 8)
    async with polling(server, "x", tmp_path, {"user_id": "77"}) as account:
        await account.round()
        assert [one.query.get("pagination_token") for one in server.requests[:3]] == [None, "2", "4"]
        assert account.totals() == server.posts
        account.clock.now_s += 3 * 3600
        server.times["1950000000000000000"], server.posts["1950000000000000000"] = START + timedelta(hours=2), 1
        await account.round()
    (listing,) = [one for one in server.requests[4:] if one.path.startswith("/2/users")]
    assert listing.query["start_time"] == "2026-11-27T17:00:00Z"
    assert account.totals()["1950000000000000000"] == 1


@pytest.mark.parametrize(("after_s", "lists"), [(3599, 1), (3600, 2)])
async def test_the_list_is_read_no_more_often_than_the_newest_posts(
    tmp_path: Path, after_s: int, lists: int
) -> None:
    server = XServer()
    async with polling(server, "x", tmp_path, {"user_id": "77"}) as account:
        await account.round()
        account.clock.now_s += after_s
        await account.round()
    assert server.paths().count("/2/users/77/tweets") == lists


async def test_an_expired_token_is_told_with_where_to_renew_it_and_never_shown(tmp_path: Path) -> None:
    server = XServer()
    server.token = "another"
    async with polling(server, "x", tmp_path) as account:
        result = await account.round("1900000000000000001")
    assert result.state == "token"
    assert "https://console.x.com" in result.error
    assert TOKEN not in result.error


async def test_a_platform_that_repeats_the_token_does_not_get_it_into_a_message(tmp_path: Path) -> None:
    server = XServer()
    server.faults = [Fault(403, {"title": "Forbidden", "detail": f"the token {TOKEN} may not"})]
    async with polling(server, "x", tmp_path) as account:
        result = await account.round("1900000000000000001")
    assert (result.state, result.error) == ("failing", "Forbidden: the token *** may not")


async def test_failures_of_the_platforms_own_are_tried_again(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {"1900000000000000001": 5}
    server.faults = [Fault(503, "<html>over capacity</html>"), Fault(500, {"title": "Internal"})]
    async with polling(server, "x", tmp_path) as account:
        assert (await account.round("1900000000000000001")).state == "ok"
    assert len(account.clock.slept) == 2
    assert account.count("requests", platform="x", outcome="again") == 2


async def test_a_platform_that_is_down_ends_the_round_after_two_minutes(tmp_path: Path) -> None:
    server = XServer()
    server.faults = [Fault(503, "down")] * 50
    async with polling(server, "x", tmp_path) as account:
        result = await account.round("1900000000000000001")
    assert result.state == "failing"
    assert sum(account.clock.slept) <= 120


async def test_a_proxys_page_with_status_200_is_a_refusal_and_no_crash(tmp_path: Path) -> None:
    server = XServer()
    server.faults = [Fault(200, "<html>sign in</html>")]
    async with polling(server, "x", tmp_path) as account:
        result = await account.round("1900000000000000001")
    assert result.state == "failing"
    assert "this is no answer of X" in result.error


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "ok"), (400, "refused"), (401, "token"), (403, "refused"), (404, "gone")]
)
def test_what_a_status_means(status: int, outcome: str) -> None:
    assert judge(Answer(status, {}, json.dumps({"title": "T"}).encode()), START_S).outcome == outcome
