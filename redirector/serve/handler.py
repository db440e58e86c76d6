"""Every request as the ordinary lane answers it."""

from collections.abc import Callable
from time import perf_counter
from typing import Final, cast

from aiohttp import web
from aiohttp.http import HttpVersion11

from redirector.serve import answers
from redirector.serve.answers import Answer, Wire
from redirector.serve.beacon_script import BEACON_PATH, BeaconScript
from redirector.serve.counts import Outcome
from redirector.serve.impression_posts import IMPRESSIONS_PATH, ImpressionPosts
from redirector.serve.lookup import LoopError
from redirector.serve.ordinary import OrdinaryConnection, speaks
from redirector.serve.parts import ServeParts
from redirector.serve.posting import Keys
from redirector.serve.prepared import NOT_LOADED, UNKNOWN, Choice, choice
from redirector.serve.settings import ServeSettings
from redirector.serve.snapshot_posts import SNAPSHOTS_PREFIX, SnapshotPosts
from redirector.serve.webhook_posts import WEBHOOKS_PREFIX, WebhookPosts
from redirector.serve.wire_response import WireResponse
from schemas.links import LinkError
from schemas.misses import MissReason

_LINK_ALLOWS: Final = ("Allow", "GET, HEAD, OPTIONS")


class Handler:
    """One coroutine a request: `await handler(request)` is its response."""

    def __init__(
        self, parts: ServeParts, settings: ServeSettings, not_ready: Callable[[], str], keys: Keys
    ) -> None:
        """`not_ready` says why this process should get no traffic yet; empty when it may."""
        self._parts: Final = parts
        self._impressions: Final = ImpressionPosts(parts, settings, keys)
        self._snapshots: Final = SnapshotPosts(parts, settings, keys)
        self._webhooks: Final = WebhookPosts(parts, settings, keys)
        self._script: Final = BeaconScript(settings.anonymous_items)
        self._not_ready: Final = not_ready
        self._render: Final = Wire().render

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        began_s = perf_counter()
        method = request.method
        connection = cast(OrdinaryConnection, request.protocol)
        host, path = _target(request)
        outcome: Outcome
        head = b""
        if not speaks(connection.asked_version):
            outcome, answer, close = (
                "bad_request",
                answers.text(505, "Only HTTP/1.0 and 1.1 are spoken here."),
                True,
            )
        elif host is None:
            outcome, answer, close = "bad_request", answers.HOST_MISSING, True
        elif path.partition("?")[0] == IMPRESSIONS_PATH:
            outcome, answer, close = await self._impressions.answer(request)
        elif path.startswith(SNAPSHOTS_PREFIX):
            outcome, answer, close = await self._snapshots.answer(request, path.partition("?")[0])
        elif path.startswith(WEBHOOKS_PREFIX):
            outcome, answer, close = await self._webhooks.answer(request, path.partition("?")[0])
        elif method in ("GET", "HEAD"):
            chosen = self._read(request, host, path)
            outcome, answer, head, close = chosen.outcome, chosen.answer, chosen.head, False
        elif method == "OPTIONS":
            outcome, answer, close = "options", Answer(204, (_LINK_ALLOWS,)), False
        else:
            outcome, answer = "method_not_allowed", answers.text(405, "Links are read with GET.", _LINK_ALLOWS)
            close = method == "CONNECT"
        outcome = "head" if method == "HEAD" else outcome
        parts = self._parts
        parts.counts.outcomes[outcome] += 1
        close = close or connection.is_last or not request.keep_alive
        wire = self._render(
            head or answers.head_bytes(answer),
            b"" if method == "HEAD" else answer.body,
            parts.clock(),
            http11=request.version >= HttpVersion11,
            close=close,
        )
        parts.latency.add({outcome: 1}, perf_counter() - began_s)
        return WireResponse(answer.status, wire, keep_alive=not close)

    def _read(self, request: web.BaseRequest, host: str, path: str) -> Choice:
        if path in ("/healthz", "/readyz"):
            trouble = self._not_ready() if path == "/readyz" else ""
            return choice("health", answers.text(503, trouble) if trouble else answers.text(200, "ok"))
        if path.partition("?")[0] == BEACON_PATH:
            return choice("script", self._script.answer(request.headers.getall("If-None-Match", ())))
        parts = self._parts
        now_ms = parts.clock()
        try:
            prepared_link = parts.lookup.find(host, path, now_ms)
        except LinkError as error:
            looped = isinstance(error, LoopError)
            return choice("loop", answers.LOOP) if looped else choice("bad_request", answers.HOST_MISSING)
        if prepared_link is None:
            if parts.lookup.loaded():
                self._miss("unknown", request, host, path, now_ms)
            return UNKNOWN if parts.lookup.loaded() else NOT_LOADED
        peer = cast(OrdinaryConnection, request.protocol).peer
        query = path.partition("?")[2]
        request_facts = parts.observe(request.headers, peer, query, now_ms)
        # A HEAD is no click, so no destination may be told the id of one.
        new_click_id = _no_id if request.method == "HEAD" else parts.new_click_id
        visit = prepared_link.visit(request_facts, query, now_ms, new_click_id)
        if visit.choice.outcome == "expired":
            self._miss("expired", request, host, path, now_ms)
        if visit.event is None or request.method == "HEAD" or parts.recorder.record([visit.event]):
            return visit.choice
        return choice(visit.choice.outcome, visit.choice.answer.uncounted())

    def _miss(self, reason: MissReason, request: web.BaseRequest, host: str, path: str, now_ms: int) -> None:
        if request.method == "GET":
            self._parts.misses.add(reason, host, path, request.headers.get("Referer", ""), now_ms)


def _no_id() -> str:
    return ""


def _target(request: web.BaseRequest) -> tuple[str | None, str]:
    """The host of the link, None where one must be named and is not, and the path with its query.

    An absolute-form target names both, and its host is the one that holds (RFC 9112, 3.2.2).
    """
    target = request.raw_path
    host = request.headers.get("Host")
    if host is None:
        return None if request.version >= HttpVersion11 else "", target
    if target.startswith("/"):
        return host, target
    scheme, separator, rest = target.partition("://")
    if not separator or "/" in scheme:
        return host, target
    end = min((rest.index(mark) for mark in "/?" if mark in rest), default=len(rest))
    path = rest[end:]
    return rest[:end].rpartition("@")[2], path if path.startswith("/") else "/" + path
