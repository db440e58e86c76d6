"""A console's door with sessions and shares, over memory, whose time a test sets; and a browser that asks it."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestClient
from prometheus_client import CollectorRegistry

from console.api.callers import Callers
from console.api.changes import Change, Decision
from console.api.door import OperationGuard, application
from console.api.limits import Buckets
from console.api.metrics import ApiMetrics
from console.api.operations import CALLER, Answer, Method, Operation, json_answer
from console.api.page_requests import PageRules
from console.api.session_operations import SessionOperations, session_operations
from console.api.share_operations import ShareOperations, share_operations
from schemas.tokens import Role, Token
from tests.tokens import token
from tests.unit.console.api.worlds import NOW_MS, World

Client = TestClient[web.Request, web.Application]
IDLE_S, SESSION_MS = 3600, 7_200_000
OWN: Final = {"Clicktally-Page": "1"}
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
                token(4, "reports:read"),
                token(5, "reports:read", account="acme"),
            )
        }
        wrong = Buckets(per_second=1 / 60, burst=3, kept=10)
        self.callers = Callers(
            self.tokens, wrong, loaded=lambda: True, record=self.world.record, idle_ms=page.idle_s * 1000
        )
        sessions = SessionOperations(
            callers=self.callers,
            changing=Writing(self.world),  # type: ignore[arg-type]
            record=self.world.record,
            page=page,
            session_ms=SESSION_MS,
            zones=lambda account: "Asia/Tokyo" if account == "acme" else "Europe/Berlin",
            domains=("go.example",),
            now_ms=lambda: self.now_ms,
        )
        shares = ShareOperations(
            self.world,  # type: ignore[arg-type]
            Writing(self.world),  # type: ignore[arg-type]
            None,
            page_url=page.url,
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
        self.app = application(
            guard,
            (*own, *session_operations(sessions), *share_operations(shares)),
            max_body_bytes=1000,
            body_within_s=1.0,
        )


async def who(request: web.Request) -> web.StreamResponse:
    """Say who asks."""
    return json_answer({"token": request[CALLER].token_id})


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
