"""Signing in to the page: what a cookie opens, for how long, and whom it keeps out."""

from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from typing import Any

import msgspec
import pytest
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from console.api.callers import Callers
from console.api.changes import Change, Decision
from console.api.door import OperationGuard, application
from console.api.limits import Buckets
from console.api.metrics import ApiMetrics
from console.api.operations import CALLER, Answer, Method, Operation, json_answer
from console.api.page_requests import PageRules
from console.api.problems import Problem
from console.api.session_changes import SignIn
from console.api.session_operations import SessionOperations, session_operations
from console.api.sessions import code_key, is_shown, new_code, new_session, read_cookie
from schemas.tokens import Role, Token
from schemas.topics import RECORDS
from tests.tokens import bearer_of, token
from tests.unit.console.api.worlds import NOW_MS, World

Client = TestClient[web.Request, web.Application]
IDLE_S, SESSION_MS = 3600, 7_200_000
OWN = {"Clicktally-Page": "1"}
_IT: tuple[tuple[Method, Role], ...] = (("GET", "links:read"), ("POST", "links:write"))


class Writing:
    """Makes changes at once, as the writer would."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def change_record(
        self, _: web.Request, change: Change, __: bytes, respond: Callable[[Decision], web.Response]
    ) -> web.Response:
        return respond(self.world.make(change))


class Installation:
    """One console without anything behind it, whose time a test sets."""

    def __init__(self, page: PageRules) -> None:
        self.world = World()
        self.now_ms = NOW_MS
        self.tokens: dict[str, Token] = {
            one.id: one
            for one in (
                token(1, "links:read", "links:write"),
                token(2, "links:write", account="acme"),
                token(3, "links:read", expires_at_ms=NOW_MS + 1_000_000),
            )
        }
        wrong = Buckets(per_second=1 / 60, burst=3, kept=10)
        self.callers = Callers(
            self.tokens, wrong, loaded=lambda: True, record=self.world.record, idle_ms=page.idle_s * 1000
        )
        sessions = SessionOperations(
            callers=self.callers,
            changing=Writing(self.world),  # type: ignore[arg-type] # what of it the operations use
            record=self.world.record,
            page=page,
            session_ms=SESSION_MS,
            zones=lambda account: "Asia/Tokyo" if account == "acme" else "Europe/Berlin",
            domains=("go.example",),
            link_urls={"": "http://{domain}:8080"},
            now_ms=lambda: self.now_ms,
        )
        guard = OperationGuard(
            self.callers,
            Buckets(per_second=1000.0, burst=1000, kept=10),
            ApiMetrics(CollectorRegistry()),
            page,
            now_ms=lambda: self.now_ms,
        )
        answers = {200: Answer(meaning="it")}
        own = [
            Operation(
                name=f"it{method}", method=method, path="/v1/it", role=role, summary="", act=who, answers=answers
            )
            for method, role in _IT
        ]
        self.app = application(guard, (*own, *session_operations(sessions)), max_body_bytes=1000, body_within_s=1.0)


async def who(request: web.Request) -> web.StreamResponse:
    """Say who asks."""
    return json_answer({"token": request[CALLER].token_id})


@pytest.fixture
def page() -> PageRules:
    return PageRules(idle_s=IDLE_S)


@pytest.fixture
def place(page: PageRules) -> Installation:
    return Installation(page)


@pytest.fixture
async def client(place: Installation) -> AsyncIterator[Client]:
    async with TestClient(TestServer(place.app), cookie_jar=DummyCookieJar()) as connected:
        yield connected


async def ask(client: Client, method: str, path: str, cookie: str = "", **arguments: Any) -> tuple[int, Any, str]:
    """The status, the body and the Set-Cookie of an answer."""
    headers = arguments.pop("headers", {}) | ({"Cookie": cookie} if cookie else {})
    async with client.request(method, path, headers=headers, **arguments) as answer:
        body = await answer.json(content_type=None) if answer.status != 204 else None
        return answer.status, body, answer.headers.get("Set-Cookie", "")


async def signed_in(client: Client, cookie: str = "", **body: str) -> str:
    """The cookie that a browser shows from now on."""
    status, said, header = await ask(client, "POST", "/v1/session", cookie, json=body, headers=OWN)
    assert status == 201, said
    return header.partition(";")[0]


async def test_a_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_have(client: Client) -> None:
    status, said, header = await ask(client, "POST", "/v1/session", json={"token": bearer_of(2)}, headers=OWN)
    assert (status, said["account"], said["kind"], said["zone"]) == (201, "acme", "session", "Asia/Tokyo")
    assert bearer_of(2) not in header
    (morsel,) = SimpleCookie(header).values()
    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["max-age"], morsel["secure"]) == (
        *(True, "Strict", "/", str(IDLE_S), ""),
    )
    cookie = header.partition(";")[0]
    status, said, _ = await ask(client, "POST", "/v1/it", cookie, headers=OWN)
    assert (status, said) == (200, {"token": token(2).id})
    status, said, _ = await ask(client, "GET", "/v1/it", cookie)
    assert (status, "lacks the role links:read" in said["detail"]) == (403, True)
    status, said, _ = await ask(client, "GET", "/v1/session", cookie)
    assert (status, said["name"], said["roles"], said["domains"]) == (
        200,
        "test 2",
        ["links:write"],
        ["go.example"],
    )


@pytest.mark.parametrize("page", [PageRules(url="https://clicks.example", idle_s=IDLE_S)])
async def test_where_the_page_has_https_the_cookie_travels_by_it_alone(client: Client) -> None:
    _, _, header = await ask(
        client,
        "POST",
        "/v1/session",
        json={"token": bearer_of(1)},
        headers=OWN | {"Origin": "https://clicks.example"},
    )
    assert header.startswith("__Host-clicktally-session=")
    assert header.endswith("; Secure")
    status, _, _ = await ask(
        client,
        "POST",
        "/v1/it",
        header.partition(";")[0],
        headers=OWN | {"Origin": f"https://{client.host}:{client.port}"},
    )
    assert status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        (OWN, 200),
        (OWN | {"Sec-Fetch-Site": "same-origin"}, 200),
        (OWN | {"Sec-Fetch-Site": "none"}, 200),
        (OWN | {"Sec-Fetch-Site": "same-site"}, 403),
        (OWN | {"Sec-Fetch-Site": "cross-site"}, 403),
        (OWN | {"Origin": "null"}, 403),
        (OWN | {"Origin": "https://evil.example"}, 403),
        (OWN | {"Origin": "OWN"}, 200),
        (OWN | {"Origin": "OWN", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_a_change_by_cookie_comes_from_our_own_page(
    client: Client, headers: dict[str, str], status: int
) -> None:
    cookie = await signed_in(client, token=bearer_of(1))
    own = f"http://{client.host}:{client.port}"
    sent = {name: own if value == "OWN" else value for name, value in headers.items()}
    assert (await ask(client, "POST", "/v1/it", cookie, headers=sent))[0] == status
    assert (await ask(client, "POST", "/v1/session", json={"token": bearer_of(1)}, headers=sent))[0] == (
        201 if status == 200 else 403
    )
    assert (await ask(client, "GET", "/v1/it", cookie))[0] == 200
    bearer = {"Authorization": f"Bearer {bearer_of(1)}", "Origin": "https://evil.example"}
    assert (await ask(client, "POST", "/v1/it", headers=bearer))[0] == 200


async def test_a_session_ends_with_its_token_and_with_time(client: Client, place: Installation) -> None:
    cookie = await signed_in(client, token=bearer_of(1))

    async def status() -> int:
        answered, _, header = await ask(client, "GET", "/v1/it", cookie)
        assert answered == 200 or "Max-Age=0" in header
        return answered

    for passed_ms, expected in ((0, 200), (IDLE_S * 1000 - 1, 200), (IDLE_S * 1000, 401)):
        place.now_ms = NOW_MS // 1000 * 1000 + passed_ms
        assert await status() == expected
    place.now_ms = NOW_MS
    place.tokens[token(1).id] = token(1, "links:read", revoked_at_ms=1)
    assert await status() == 401
    del place.tokens[token(1).id]
    assert await status() == 401


async def test_a_session_that_is_used_goes_on_until_its_last_hour(client: Client, place: Installation) -> None:
    cookie = await signed_in(client, token=bearer_of(1))
    assert (await ask(client, "GET", "/v1/it", cookie))[2] == "", "nothing new within a minute"
    for minutes in (40, 80, 119):
        place.now_ms = NOW_MS + minutes * 60_000
        status, _, header = await ask(client, "GET", "/v1/it", cookie)
        assert status == 200
        cookie = header.partition(";")[0]
    place.now_ms = NOW_MS + SESSION_MS
    assert (await ask(client, "GET", "/v1/it", cookie))[0] == 401


async def test_a_session_is_over_when_its_token_is(client: Client, place: Installation) -> None:
    cookie = await signed_in(client, token=bearer_of(3))
    place.now_ms = NOW_MS + 999_999
    assert (await ask(client, "GET", "/v1/it", cookie))[0] == 200
    place.now_ms += 1
    assert (await ask(client, "GET", "/v1/it", cookie))[0] == 401


async def test_signing_in_again_and_signing_out_end_the_session_before(client: Client) -> None:
    first = await signed_in(client, token=bearer_of(1))
    second = await signed_in(client, first, token=bearer_of(1))
    assert first != second
    assert [(await ask(client, "GET", "/v1/it", one))[0] for one in (first, second)] == [401, 200]
    status, _, header = await ask(client, "DELETE", "/v1/session", second, headers=OWN)
    assert (status, "Max-Age=0" in header) == (204, True)
    assert (await ask(client, "GET", "/v1/it", second))[0] == 401


async def test_a_stranger_ends_nobodys_session_by_its_name(client: Client) -> None:
    cookie = await signed_in(client, token=bearer_of(1))
    identifier = cookie.partition("=")[2].partition(".")[0]
    forged = f"clicktally-session={identifier}.{'x' * 43}.{NOW_MS // 1000}.{'0' * 32}"
    await signed_in(client, forged, token=bearer_of(2))
    assert (await ask(client, "GET", "/v1/it", cookie))[0] == 200


@pytest.mark.parametrize(("passed_ms", "statuses"), [(0, [201, 401]), (599_999, [201, 401]), (600_000, [401, 401])])
async def test_a_code_signs_in_once_and_for_some_minutes(
    client: Client, place: Installation, passed_ms: int, statuses: list[int]
) -> None:
    code, record = new_code(token(1).id, now_ms=NOW_MS, within_ms=600_000)
    place.world.values[RECORDS, code_key(code)] = msgspec.json.encode(record)
    assert code not in str(place.world.values)
    place.now_ms = place.world.now_ms = NOW_MS + passed_ms
    body = {"code": code}
    assert [(await ask(client, "POST", "/v1/session", json=body, headers=OWN))[0] for _ in range(2)] == statuses


def test_a_code_that_two_consoles_are_asked_with_at_once_begins_one_session() -> None:
    world = World()
    code, record = new_code(token(1).id, now_ms=NOW_MS, within_ms=600_000)
    world.values[RECORDS, code_key(code)] = msgspec.json.encode(record)
    sessions = [new_session(token_id=token(1).id, now_ms=NOW_MS, expires_at_ms=NOW_MS + 1000)[0] for _ in range(2)]
    assert world.make(SignIn(session=sessions[0], code=code)).status == 201
    with pytest.raises(Problem, match="was used"):
        world.make(SignIn(session=sessions[1], code=code))


@pytest.mark.parametrize("body", [{}, {"token": "x", "code": "y"}, {"token": "", "share": ""}])
async def test_one_of_token_code_and_share_is_sent(client: Client, body: dict[str, str]) -> None:
    assert (await ask(client, "POST", "/v1/session", json=body, headers=OWN))[0] == 422


async def test_wrong_tokens_at_the_sign_in_wait_as_at_the_other_doors(client: Client) -> None:
    wrong = [(await ask(client, "POST", "/v1/session", json={"token": "x"}, headers=OWN))[0] for _ in range(4)]
    assert wrong == [401, 401, 401, 429]
    await signed_in(client, token=bearer_of(1))


def test_one_character_of_a_cookie_changed_is_not_its_sessions() -> None:
    session, secret = new_session(token_id=token(1).id, now_ms=NOW_MS, expires_at_ms=NOW_MS + 1000)
    cookie = session.cookie(secret, NOW_MS)

    def lets_in(text: str) -> bool:
        shown = read_cookie(text)
        return (
            shown is not None
            and shown.id == session.id
            and is_shown(session, shown, now_ms=NOW_MS, idle_ms=10_000_000)
        )

    assert lets_in(cookie)
    for place in range(len(cookie)):
        other = "0" if cookie[place] != "0" else "1"
        assert not lets_in(cookie[:place] + other + cookie[place + 1 :]), place
    assert not any(map(lets_in, ("", cookie + "0", cookie[1:], cookie + "\n", cookie.replace(".", ""))))
