"""Shares: whoever has the link reads one view, for a while, and nothing else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from console.api.callers import Caller
from console.api.named_records import Post
from console.api.operations import CALLER
from console.api.page_requests import PageRules
from console.api.problems import Problem
from console.api.record_operations import in_scope, scope_within
from tests.tokens import bearer_of, token
from tests.unit.console.api.installation import IDLE_S, OWN, Client, Installation, ask, signed_in
from tests.unit.console.api.worlds import NOW_MS

SPRING = {"view": "/campaigns/spring?channel=x", "scope": {"campaign": "spring", "channel": " X "}}


def at(**after: float) -> str:
    return (datetime.fromtimestamp(NOW_MS / 1000, UTC) + timedelta(**after)).isoformat()


@pytest.fixture
def place() -> Installation:
    return Installation(PageRules(idle_s=IDLE_S))


@pytest.fixture
async def client(place: Installation) -> AsyncIterator[Client]:
    async with TestClient(TestServer(place.app), cookie_jar=DummyCookieJar()) as connected:
        yield connected


async def made(client: Client, number: int = 4, **body: Any) -> Any:
    """What a share's making is answered by."""
    headers = {"Authorization": f"Bearer {bearer_of(number)}"}
    sent = SPRING | {"expires_at": at(hours=1)} | body
    status, said, _ = await ask(client, "POST", "/v1/shares", json=sent, headers=headers)
    assert status == 201, said
    return said


async def seen(client: Client, text: str) -> tuple[int, Any]:
    status, said, _ = await ask(client, "GET", "/v1/session", headers={"Authorization": f"Bearer {text}"})
    return status, said


async def test_a_share_tells_its_view_and_its_scope_and_opens_nothing_else(
    client: Client, place: Installation
) -> None:
    share = await made(client, name="for the board")
    assert share["url"] == f"/shared#share={share['text']}"
    assert share["text"].partition("_")[2].partition("_")[2] not in str(place.world.values)
    status, said = await seen(client, share["text"])
    assert (status, said["kind"], said["name"], said["view"]) == (200, "share", "for the board", SPRING["view"])
    assert (said["scope"], said["roles"]) == ({"campaign": "spring", "channel": "x"}, ["reports:read"])
    as_share = {"Authorization": f"Bearer {share['text']}"}
    for method, path in (("GET", "/v1/it"), ("POST", "/v1/it"), ("GET", "/v1/shares"), ("POST", "/v1/shares")):
        status, said, _ = await ask(client, method, path, json={}, headers=as_share)
        assert (status, said["detail"]) == (403, "a share shows its own view: sign in to see more")
    status, _, _ = await ask(client, "DELETE", f"/v1/shares/{share['share']['id']}", headers=as_share)
    assert status == 403


async def test_a_share_becomes_a_session_that_ends_with_it(client: Client, place: Installation) -> None:
    share = await made(client)
    cookie = await signed_in(client, share=share["text"])
    assert (await ask(client, "GET", "/v1/session", cookie))[1]["kind"] == "share"
    assert (await ask(client, "GET", "/v1/it", cookie))[0] == 403
    place.now_ms = NOW_MS + 3_600_000 - 1
    assert (await seen(client, share["text"]))[0] == 200
    place.now_ms += 1
    assert (await seen(client, share["text"]))[0] == 401
    assert (await ask(client, "GET", "/v1/session", cookie))[0] == 401


async def test_a_share_ends_when_it_is_revoked_or_its_token_is(client: Client, place: Installation) -> None:
    first, second = await made(client), await made(client)
    cookie = await signed_in(client, share=first["text"])
    as_token = {"Authorization": f"Bearer {bearer_of(4)}"}
    for _ in range(2):
        assert (await ask(client, "DELETE", f"/v1/shares/{first['share']['id']}", headers=as_token))[0] == 204
    assert [(await seen(client, one["text"]))[0] for one in (first, second)] == [401, 200]
    assert (await ask(client, "GET", "/v1/session", cookie))[0] == 401
    listed = (await ask(client, "GET", "/v1/shares", headers=as_token))[1]["shares"]
    assert {share["id"]: share["state"] for share in listed} == {
        first["share"]["id"]: "revoked",
        second["share"]["id"]: "valid",
    }
    place.tokens[token(4).id] = token(4, "reports:read", revoked_at_ms=1)
    assert (await seen(client, second["text"]))[0] == 401


async def test_an_account_shares_and_sees_its_own_alone(client: Client) -> None:
    share, foreign = await made(client, 5), await made(client, 4)
    assert share["share"]["scope"] == {"account": "acme", "campaign": "spring", "channel": "x"}
    as_acme = {"Authorization": f"Bearer {bearer_of(5)}"}
    listed = (await ask(client, "GET", "/v1/shares", headers=as_acme))[1]["shares"]
    assert [one["id"] for one in listed] == [share["share"]["id"]]
    assert (await ask(client, "DELETE", f"/v1/shares/{foreign['share']['id']}", headers=as_acme))[0] == 404
    other = SPRING | {"scope": {"account": "other"}, "expires_at": at(hours=1)}
    assert (await ask(client, "POST", "/v1/shares", json=other, headers=as_acme))[0] == 403


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"expires_at": at()}, "/expires_at"),
        ({"expires_at": at(days=400, seconds=1)}, "/expires_at"),
        ({"view": "https://evil.example/"}, "/view"),
        ({"view": "//evil.example/"}, "/view"),
        ({"view": "/\\\\evil.example/"}, "/view"),
        ({"view": "/a\nb"}, "/view"),
        ({"scope": {}}, "/scope"),
        ({"scope": {"day": "x"}}, None),
    ],
)
async def test_what_can_be_no_share_is_named(client: Client, changes: Any, pointer: str | None) -> None:
    headers = {"Authorization": f"Bearer {bearer_of(4)}"}
    sent = SPRING | {"expires_at": at(hours=1)} | changes
    status, said, _ = await ask(client, "POST", "/v1/shares", json=sent, headers=headers)
    assert status == 422, said
    assert pointer is None or said["pointer"] == pointer
    assert (await made(client, expires_at=at(days=400)))["share"]["state"] == "valid"


async def test_wrong_texts_of_shares_wait_as_wrong_tokens_do(client: Client) -> None:
    text = (await made(client))["text"]
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert [(await seen(client, wrong))[0] for _ in range(4)] == [401, 401, 401, 429]
    assert (await seen(client, text))[0] == 200
    status, _, _ = await ask(client, "POST", "/v1/session", json={"share": wrong}, headers=OWN)
    assert status == 429


def test_a_share_shows_the_posts_of_its_scope_and_no_other_campaign() -> None:
    post = Post(name="one", campaign="spring", channel="x", profile="p", account="acme")
    assert in_scope(post, {"campaign": "spring", "channel": "x"})
    assert in_scope(post, {})
    for name in ("account", "campaign", "post", "channel", "profile"):
        assert not in_scope(post, {name: "other"})

    def asked(campaign: str, scope: tuple[tuple[str, str], ...]) -> dict[str, str]:
        request: web.Request = make_mocked_request("GET", "/", match_info={"campaign": campaign})
        request[CALLER] = Caller("0" * 16, "", ("reports:read",), share="0" * 16, scope=scope)
        return scope_within(request)

    assert asked("spring", (("campaign", "spring"),)) == {"campaign": "spring"}
    assert asked("spring", ()) == {}
    for campaign, scope in (("winter", (("campaign", "spring"),)), ("spring", (("channel", "x"),))):
        with pytest.raises(Problem) as raised:
            asked(campaign, scope)
        assert raised.value.status == 403
