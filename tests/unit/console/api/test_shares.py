"""Shares: who may make one, what it opens, how it ends, and whom it keeps out."""

import dataclasses
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from console.api.callers import Callers, caller_of_share
from console.api.comparing import CompareQuery
from console.api.door import OperationGuard, application
from console.api.limits import Buckets
from console.api.metrics import ApiMetrics
from console.api.named_records import Post
from console.api.operations import CALLER, Answer, Operation, json_answer, query_of
from console.api.page_requests import PageRules
from console.api.problems import Problem
from console.api.record_operations import RecordOperations, record_operations
from console.api.report_operations import scoped
from console.api.report_wire import TotalsQuery
from console.api.session_operations import SessionOperations, session_operations
from console.api.share_operations import SHARE_MOST, ShareOperations, share_operations
from console.api.shares import is_share_proven, new_share, read_share, read_share_text, share_key
from schemas.tokens import Token
from schemas.topics import RECORDS
from tests.tokens import bearer_of, token
from tests.unit.console.api.test_sessions import OWN, SESSION_MS, Client, Writing, ask, signed_in
from tests.unit.console.api.worlds import NOW_MS, World

ANY, ACME, OTHER, BLIND, BRIEF = 1, 2, 3, 4, 5
DAY_MS = 86_400_000
VIEW = "/campaigns/spring?days=30"
COMPARISON = new_share(
    name="",
    view="/compare",
    scope={},
    sides=("channel=x",),
    token_id="",
    account="acme",
    now_ms=NOW_MS,
    expires_at_ms=NOW_MS + DAY_MS,
)[0]


class Place:
    """A console without anything behind it, whose time a test sets."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.world = World()
        self.now_ms = NOW_MS
        self.tokens: dict[str, Token] = {
            one.id: one
            for one in (
                token(ANY, "reports:read"),
                token(ACME, "reports:read", "links:read", account="acme"),
                token(OTHER, "reports:read", account="other"),
                token(BLIND, "links:read", account="acme"),
                token(BRIEF, "reports:read", expires_at_ms=NOW_MS + 1000),
            )
        }
        wrong = Buckets(per_second=1 / 60, burst=3, kept=10)
        page = PageRules(idle_s=3600)
        callers = Callers(
            self.tokens, wrong, loaded=lambda: True, record=self.world.record, idle_ms=page.idle_s * 1000
        )
        changing: Any = Writing(self.world)
        sessions = SessionOperations(
            callers=callers,
            changing=changing,
            record=self.world.record,
            page=page,
            session_ms=SESSION_MS,
            zones=lambda account: "Asia/Tokyo" if account == "acme" else "Europe/Berlin",
            domains=(),
            link_urls={"": "https://{domain}"},
            now_ms=lambda: self.now_ms,
        )
        index: Any = self
        shares = ShareOperations(
            callers=callers,
            changing=changing,
            index=index,
            threads=threads,
            ready=lambda: True,
            page_url="https://clicks.example/",
            now_ms=lambda: self.now_ms,
        )
        guard = OperationGuard(
            callers,
            Buckets(per_second=1000.0, burst=1000, kept=10),
            ApiMetrics(CollectorRegistry()),
            page,
            now_ms=lambda: self.now_ms,
        )
        report = Operation(
            name="report",
            method="GET",
            path="/v1/reports/it",
            role="reports:read",
            summary="",
            act=told_scope,
            answers={200: Answer(meaning="it")},
            shared=True,
        )
        compared = dataclasses.replace(
            report, name="compare", path="/v1/reports/compare", act=told_sides, compares=True
        )
        records = record_operations(RecordOperations(index, changing, {}, threads))
        operations = (report, compared, *session_operations(sessions), *share_operations(shares), *records)
        self.app = application(guard, operations, max_body_bytes=10_000, body_within_s=1.0)

    def records(self, prefix: str, *, after: str, limit: int) -> list[tuple[str, bytes]]:
        """As the index: in the order of their keys."""
        keys = sorted(key for _, key in self.world.values if key.startswith(prefix) and key > after)
        return [(key, self.world.values[RECORDS, key]) for key in keys[:limit]]


async def told_scope(request: Any) -> Any:
    """The filters that a report is made with."""
    caller = request[CALLER]
    query = scoped(query_of(request, TotalsQuery), caller)
    return json_answer({"account": caller.account or query.account, "campaign": query.campaign})


async def told_sides(request: Any) -> Any:
    """The sides that a comparison is made of."""
    return json_answer(scoped(query_of(request, CompareQuery), request[CALLER]).of)


@pytest.fixture
def place() -> Any:
    with ThreadPoolExecutor(1) as threads:
        yield Place(threads)


@pytest.fixture
async def client(place: Place) -> AsyncIterator[Client]:
    async with TestClient(TestServer(place.app), cookie_jar=DummyCookieJar()) as connected:
        yield connected


def bearer(number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer_of(number)}"}


def after(passed: timedelta, **more: Any) -> dict[str, Any]:
    """The body of a share that ends so long after now."""
    ends = datetime.fromtimestamp(NOW_MS / 1000, UTC) + passed
    return {"view": VIEW, "expires_at": ends.isoformat(), "name": "For the board", **more}


async def made(
    client: Client, number: int = ACME, *, lasts: timedelta = timedelta(days=1), **more: Any
) -> tuple[str, str]:
    """The id and the text of a share."""
    body = after(lasts, **more)
    status, said, _ = await ask(client, "POST", "/v1/shares", json=body, headers=bearer(number))
    assert status == 201, said
    assert said["address"] == f"https://clicks.example/shared#{said['text']}"
    return said["share"]["id"], said["text"]


async def test_whoever_opens_a_share_reads_its_scope_and_nothing_else(client: Client) -> None:
    _, text = await made(client, scope={"campaign": "spring"})
    cookie = await signed_in(client, share=text)
    status, said, _ = await ask(client, "GET", "/v1/session", cookie)
    assert status == 200
    assert (said["kind"], said["name"], said["view"], said["account"], said["scope"], said["roles"]) == (
        *("share", "For the board", VIEW, "acme", {"campaign": "spring"}, ["reports:read"]),
    )
    assert said["zone"] == "Asia/Tokyo"
    assert datetime.fromisoformat(said["shared_until"]).timestamp() * 1000 == NOW_MS + DAY_MS
    assert (await ask(client, "GET", "/v1/reports/it", cookie))[1] == {"account": "acme", "campaign": "spring"}
    assert (await ask(client, "GET", "/v1/reports/it?campaign=other", cookie))[0] == 403
    for method, path in (("GET", "/v1/shares"), ("POST", "/v1/shares"), ("DELETE", f"/v1/shares/{'0' * 16}")):
        status, said, _ = await ask(client, method, path, cookie, headers=OWN, json={})
        assert (status, said["detail"]) == (403, "a share shows its own view: sign in to see more")
    assert (await ask(client, "GET", "/v1/reports/it", headers={"Authorization": f"Bearer {text}"}))[0] == 200


async def test_a_share_of_a_comparison_shows_its_sides_and_nothing_else(client: Client) -> None:
    own = ["campaign=spring+sale&channel=x", "campaign=spring+sale&channel=email", "link=go.example%2Fa"]
    identifier, text = await made(client, sides=own)
    cookie = await signed_in(client, share=text)

    async def compared(*sides: str, **more: str) -> tuple[int, Any]:
        query = urlencode([*(("of", side) for side in sides), *more.items()])
        status, said, _ = await ask(client, "GET", f"/v1/reports/compare?{query}", cookie)
        return status, said if status == 200 else said["parameter"]

    assert await compared(*own) == (200, own)
    assert await compared(own[1], own[0], since="2026-01-01T00:00:00Z") == (200, [own[1], own[0]])
    assert (await compared("channel=X&campaign=spring%20sale"))[0] == 200, "the same side in other letters"
    for other in ("campaign=spring+sale", "channel=x", f"{own[0]}&post=a", "link=go.example%2Fb"):
        assert await compared(own[0], other) == (403, "of"), other
    for filtered in ("post", "not_post", "account", "not_account", "channel"):
        assert await compared(own[0], **{filtered: "a"}) == (403, filtered)
    for path in ("/v1/reports/it", "/v1/campaigns/spring/posts", "/v1/campaigns", "/v1/shares"):
        assert (await ask(client, "GET", path, cookie))[0] == 403, path
    status, said, _ = await ask(client, "GET", "/v1/session", cookie)
    assert (status, said["sides"], said["scope"], said["account"]) == (200, own, {}, "acme")
    (listed,) = (await ask(client, "GET", "/v1/shares", headers=bearer(ACME)))[1]["shares"]
    assert (listed["id"], listed["sides"], listed["scope"]) == (identifier, own, {})


def test_nobody_who_sees_one_comparison_is_answered_by_another_report() -> None:
    caller = caller_of_share(COMPARISON)
    with pytest.raises(Problem) as raised:
        scoped(TotalsQuery(), caller)
    assert raised.value.name == "forbidden"


def test_a_console_that_knows_of_no_sides_knows_no_share_of_a_comparison() -> None:
    record = msgspec.json.encode(COMPARISON)
    assert "scope" not in msgspec.json.decode(record), "which no share was without before"
    assert read_share(record) == COMPARISON
    unlimited = msgspec.structs.replace(COMPARISON, scope={}, sides=())
    assert "scope" in msgspec.json.decode(msgspec.json.encode(unlimited))
    neither, both = msgspec.structs.replace(COMPARISON, sides=()), msgspec.structs.replace(COMPARISON, scope={})
    assert read_share(msgspec.json.encode(neither)) is None
    assert read_share(msgspec.json.encode(both)) is None


async def test_a_share_reads_the_texts_of_its_own_posts_and_no_other_record(client: Client, place: Place) -> None:
    posts = [
        Post(name="a", account="acme", campaign="spring", channel="x", text="A"),
        Post(name="b", account="acme", campaign="spring", channel="email", text="B"),
        Post(name="c", account="acme", campaign="autumn", channel="x", text="C"),
        Post(name="d", account="other", campaign="spring", channel="x", text="D"),
    ]
    place.world.values |= {(RECORDS, one.key): msgspec.json.encode(one) for one in posts}
    _, text = await made(client, scope={"campaign": "spring", "channel": "X "})
    cookie = await signed_in(client, share=text)

    async def told(path: str) -> tuple[int, list[str]]:
        status, said, _ = await ask(client, "GET", path, cookie)
        return status, [one["text"] for one in said.get("posts", ())]

    assert await told("/v1/campaigns/spring/posts") == (200, ["A"])
    assert await told("/v1/campaigns/autumn/posts") == (200, [])
    assert (await told("/v1/campaigns/spring/posts?account=other"))[0] == 403
    for path in ("/v1/campaigns", "/v1/campaigns/spring", "/v1/campaigns/spring/posts/x/a"):
        assert (await told(path))[0] == 403, path


@pytest.mark.parametrize(("passed_ms", "status"), [(DAY_MS - 1, 201), (DAY_MS, 401)])
async def test_a_share_opens_until_its_end(client: Client, place: Place, passed_ms: int, status: int) -> None:
    _, text = await made(client)
    place.now_ms += passed_ms
    answered, said, _ = await ask(client, "POST", "/v1/session", json={"share": text}, headers=OWN)
    assert answered == status
    assert status == 201 or said["type"] == "/problems/share-ended"


async def test_a_share_that_ends_ends_what_was_opened_by_it_and_says_so(client: Client, place: Place) -> None:
    for end in ("revoked", "token revoked", "expired"):
        identifier, text = await made(client, lasts=timedelta(minutes=30))
        cookie = await signed_in(client, share=text)
        before = dict(place.tokens)
        if end == "revoked":
            assert (await ask(client, "DELETE", f"/v1/shares/{identifier}", headers=bearer(ACME)))[0] == 204
        elif end == "token revoked":
            place.tokens[token(ACME).id] = token(ACME, "reports:read", account="acme", revoked_at_ms=1)
        else:
            place.now_ms += 30 * 60_000
        status, said, header = await ask(client, "GET", "/v1/reports/it", cookie)
        assert (status, said["type"], header) == (401, "/problems/share-ended", ""), end
        place.tokens.update(before)


async def test_shares_are_listed_with_what_became_of_them_by_whose_account_they_are(
    client: Client, place: Place
) -> None:
    open_one, _ = await made(client, scope={"campaign": "spring"})
    revoked, text = await made(client)
    assert (await ask(client, "DELETE", f"/v1/shares/{revoked}", headers=bearer(ANY)))[0] == 204
    elsewhere, _ = await made(client, ANY, scope={"account": "other"})

    async def listed(number: int, query: str = "") -> dict[str, str]:
        status, said, _ = await ask(client, "GET", f"/v1/shares{query}", headers=bearer(number))
        assert status == 200, said
        assert text not in str(said)
        assert text.rpartition("_")[2] not in str(place.world.values)
        return {one["id"]: one["state"] for one in said["shares"]}

    assert await listed(ACME) == {open_one: "open", revoked: "revoked"}
    assert await listed(OTHER) == {elsewhere: "open"}
    assert await listed(ANY) == {open_one: "open", revoked: "revoked", elsewhere: "open"}
    place.now_ms += DAY_MS
    assert await listed(ACME) == {open_one: "expired", revoked: "revoked"}
    assert (await ask(client, "GET", "/v1/shares", headers=bearer(BLIND)))[0] == 403

    first, said, _ = await ask(client, "GET", "/v1/shares?limit=2", headers=bearer(ANY))
    rest = await listed(ANY, f"?limit=2&cursor={said['next']}")
    assert first == 200
    assert {one["id"] for one in said["shares"]} | set(rest) == {open_one, revoked, elsewhere}
    assert len(rest) == 1


async def test_a_share_is_revoked_by_its_account_only_and_twice_is_as_once(client: Client, place: Place) -> None:
    identifier, _ = await made(client)
    assert (await ask(client, "DELETE", f"/v1/shares/{identifier}", headers=bearer(OTHER)))[0] == 404
    assert (await ask(client, "DELETE", f"/v1/shares/{'0' * 16}", headers=bearer(ACME)))[0] == 404
    for _ in range(2):
        assert (await ask(client, "DELETE", f"/v1/shares/{identifier}", headers=bearer(ACME)))[0] == 204
    share = read_share(place.world.record(share_key(identifier)))
    assert share is not None
    assert share.revoked_at_ms == NOW_MS + 1


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (after(timedelta(0)), 422, "/expires_at"),
        (after(timedelta(milliseconds=1)), 201, ""),
        (after(SHARE_MOST), 201, ""),
        (after(SHARE_MOST + timedelta(milliseconds=1)), 422, "/expires_at"),
        (after(timedelta(days=1), view="campaigns"), 422, "/view"),
        (after(timedelta(days=1), view="//evil.example"), 422, "/view"),
        (after(timedelta(days=1), view="/\\evil.example"), 422, "/view"),
        (after(timedelta(days=1), view="/a\u202eb"), 422, "/view"),
        (after(timedelta(days=1), scope={"country": "DE"}), 422, "/scope"),
        (after(timedelta(days=1), scope={"account": "other"}), 403, "/scope/account"),
        (after(timedelta(days=1), sides=["channel=x"] * 26), 201, ""),
        (after(timedelta(days=1), sides=["channel=x"] * 27), 422, "/sides"),
        (after(timedelta(days=1), sides=["channel=x", "day=1"]), 422, "/sides/1"),
        (after(timedelta(days=1), sides=["channel=x", ""]), 422, "/sides/1"),
        (after(timedelta(days=1), sides=["channel=x"], scope={"campaign": "a"}), 422, "/scope"),
    ],
)
async def test_a_share_has_an_end_a_view_and_a_scope_that_can_be(
    client: Client, body: dict[str, Any], status: int, pointer: str
) -> None:
    answered, said, _ = await ask(client, "POST", "/v1/shares", json=body, headers=bearer(ACME))
    assert (answered, said.get("pointer", "")) == (status, pointer)


async def test_a_share_does_not_outlive_the_token_that_made_it(client: Client, place: Place) -> None:
    _, text = await made(client, BRIEF)
    cookie = await signed_in(client, share=text)
    assert (await ask(client, "GET", "/v1/reports/it", cookie))[0] == 200
    place.now_ms += 1000
    assert (await ask(client, "GET", "/v1/reports/it", cookie))[0] == 401
    (listed,) = (await ask(client, "GET", "/v1/shares", headers=bearer(ANY)))[1]["shares"]
    assert listed["state"] == "expired"


async def test_wrong_shares_wait_as_wrong_tokens_do(client: Client) -> None:
    _, text = await made(client)
    body = {"share": f"{text[:-1]}{'A' if text[-1] != 'A' else 'B'}"}
    wrong = [(await ask(client, "POST", "/v1/session", json=body, headers=OWN))[0] for _ in range(4)]
    assert wrong == [401, 401, 401, 429]


def test_a_share_is_not_said_to_have_ended_while_tokens_are_being_read() -> None:
    share, text = new_share(
        name="",
        view="/",
        scope={},
        token_id=token(ACME).id,
        account="acme",
        now_ms=NOW_MS,
        expires_at_ms=NOW_MS + 9,
    )
    record = msgspec.json.encode(share)
    callers = Callers({}, Buckets(per_second=1.0, burst=1, kept=1), loaded=lambda: False, record=lambda _: record)
    with pytest.raises(Problem) as raised:
        callers.identify([f"Bearer {text}"], "", NOW_MS)
    assert raised.value.name == "unavailable"


def test_one_character_of_a_shares_text_changed_opens_nothing() -> None:
    share, text = new_share(
        name="", view="/", scope={}, token_id="", account="", now_ms=NOW_MS, expires_at_ms=NOW_MS + 1
    )
    read = read_share_text(text)
    assert read is not None
    assert read[0] == share.id
    assert is_share_proven(share, read[1])
    for place in range(len(read[1])):
        other = "A" if read[1][place] != "A" else "B"
        assert not is_share_proven(share, read[1][:place] + other + read[1][place + 1 :])
    assert not is_share_proven(None, read[1])
    assert read_share_text(text + "x") is None
