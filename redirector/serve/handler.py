"""Every request as the ordinary lane answers it."""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, cast

from aiohttp import web
from aiohttp.http import HttpVersion10, HttpVersion11

from redirector.serve import answers, impressions
from redirector.serve.answers import Answer
from redirector.serve.counts import Outcome
from redirector.serve.door import OUTCOME_OF, Door, event_of
from redirector.serve.impressions import BodyError, Circumstances
from redirector.serve.ordinary import OrdinaryConnection
from redirector.serve.settings import ServeSettings
from schemas.events import IMPRESSION_SOURCES, ImpressionSource
from schemas.links import LinkError

IMPRESSIONS_PATH: Final = "/v1/impressions"

_log: Final = logging.getLogger(__name__)
_ANY_ORIGIN: Final = ("Access-Control-Allow-Origin", "*")
_LINK_ALLOWS: Final = ("Allow", "GET, HEAD, OPTIONS")
_IMPRESSIONS_ALLOW: Final = ("Allow", "POST, OPTIONS")
_PREFLIGHT: Final = Answer(
    204,
    (
        _IMPRESSIONS_ALLOW,
        _ANY_ORIGIN,
        ("Access-Control-Allow-Methods", "POST"),
        ("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key"),
        ("Access-Control-Max-Age", "86400"),
    ),
)
_CLIENT_GONE: Final = 499  # nobody reads it; nginx's number
_OUTCOME_OF_STATUS: Final[dict[int, Outcome]] = {408: "timeout", 413: "too_large", _CLIENT_GONE: "gone"}
_RETRY_AFTER: Final = ("Retry-After", "5")
_NOT_LOADED: Final = {"error": "the links are being loaded; send it again in a moment"}


class Handler:
    """One coroutine a request: `await handler(request)` is its response."""

    def __init__(self, door: Door, settings: ServeSettings, not_ready: Callable[[], str]) -> None:
        """`not_ready` says why this process should get no traffic yet; empty when it may."""
        self._door: Final = door
        self._settings: Final = settings
        self._not_ready: Final = not_ready

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        method = request.method
        connection = cast(OrdinaryConnection, request.protocol)
        host, path = _target(request)
        outcome: Outcome
        if request.version not in (HttpVersion10, HttpVersion11):
            outcome, answer, close = (
                "bad_request",
                answers.text(505, "Only HTTP/1.0 and 1.1 are spoken here."),
                True,
            )
        elif host is None:
            outcome, answer, close = "bad_request", answers.HOST_MISSING, True
        elif path.partition("?")[0] == IMPRESSIONS_PATH:
            outcome, answer, close = await self._impressions(request)
        elif method in ("GET", "HEAD"):
            outcome, answer = self._read(request, host, path)
            close = False
        elif method == "OPTIONS":
            outcome, answer, close = "options", Answer(204, (_LINK_ALLOWS,)), False
        else:
            outcome, answer = "method_not_allowed", answers.text(405, "Links are read with GET.", _LINK_ALLOWS)
            close = method == "CONNECT"
        self._door.counts.outcomes["head" if method == "HEAD" else outcome] += 1
        headers = answer.headers
        if answer.status != HTTPStatus.NO_CONTENT:
            headers = (*headers, ("Content-Length", str(len(answer.body))))  # aiohttp leaves it out for HEAD
        response = web.Response(status=answer.status, headers=headers, body=answer.body or None)
        if close or connection.is_last:
            response.force_close()
        return response

    def _read(self, request: web.BaseRequest, host: str, path: str) -> tuple[Outcome, Answer]:
        if path in ("/healthz", "/readyz"):
            trouble = self._not_ready() if path == "/readyz" else ""
            return "health", answers.text(503, trouble) if trouble else answers.text(200, "ok")
        door = self._door
        now_ms = door.clock()
        try:
            found = door.lookup.find(host, path, now_ms)
        except LinkError:
            return "bad_request", answers.HOST_MISSING
        if found is None:
            return (
                ("unknown_slug", answers.UNKNOWN) if door.lookup.loaded() else ("unavailable", answers.NOT_LOADED)
            )
        if now_ms >= found.expires_at_ms:
            return "expired", answers.EXPIRED
        if request.method == "HEAD":
            return "head", found.answer
        peer = request.remote or ""
        observed = door.observe(request.headers, peer, now_ms, trusted_peer=door.proxies.trusts(peer))
        kept = door.recorder.record(event_of(found, observed, now_ms, seq=0))
        return OUTCOME_OF[found.kind], found.answer if kept else found.answer.uncounted()

    async def _impressions(self, request: web.BaseRequest) -> tuple[Outcome, Answer, bool]:
        if request.method == "OPTIONS":
            return "options", _PREFLIGHT, False
        if request.method != "POST":
            answer = answers.text(405, "Impressions are sent with POST.", _IMPRESSIONS_ALLOW, _ANY_ORIGIN)
            return "method_not_allowed", answer, False
        try:
            outcome, answer = self._count(request, await self._body(request))
        except BodyError as error:
            outcome = _OUTCOME_OF_STATUS.get(error.status, "bad_request")
            # What a client sent may stand in it, and need not be text.
            told = str(error).encode("utf-8", "backslashreplace").decode()
            answer = answers.json(error.status, {"error": told}, _ANY_ORIGIN)
        return outcome, answer, not request.content.is_eof()

    async def _body(self, request: web.BaseRequest) -> bytes:
        """The whole body. Raises BodyError when it is too long, broken, or does not come."""
        limit = self._settings.max_body_bytes
        try:
            await _expect(request, limit)
            async with asyncio.timeout(self._settings.body_timeout_s):
                return await _read_all(request, limit)
        except web.RequestPayloadError as error:
            raise BodyError(f"the body cannot be read: {error}") from error
        except ConnectionError as error:
            raise BodyError("the client left before the body was whole", _CLIENT_GONE) from error
        except TimeoutError as error:
            raise BodyError("the body took too long to arrive", HTTPStatus.REQUEST_TIMEOUT) from error

    def _count(self, request: web.BaseRequest, body: bytes) -> tuple[Outcome, Answer]:
        door = self._door
        if not door.lookup.loaded():
            return "unavailable", answers.json(503, _NOT_LOADED, _ANY_ORIGIN, answers.RETRY_AFTER)
        items = impressions.split(body, request.headers.get("Content-Type", ""), self._settings.max_items)
        key = request.headers.get("Idempotency-Key")
        spool = "" if key is None else impressions.spool_of_key(IMPRESSIONS_PATH, key)
        now_ms = door.clock()
        peer = request.remote or ""
        observed = door.observe(request.headers, peer, now_ms, trusted_peer=door.proxies.trusts(peer))
        around = Circumstances(now_ms, spool, _source(request), observed)
        read = impressions.read(items, door.lookup.link, around)
        counts = door.counts
        counts.items_rejected += len(read.rejected)
        if not door.recorder.record_all(read.accepted, refused=True):
            counts.items_rejected += len(read.accepted)
            problem = {"error": "nothing was kept: there is no room for it now; send it again later"}
            return "unavailable", answers.json(503, problem, _ANY_ORIGIN, _RETRY_AFTER)
        counts.items_accepted += len(read.accepted)
        told = {"accepted": len(read.accepted), "rejected": read.rejected}
        return "impressions", answers.json(202, told, _ANY_ORIGIN)


def _target(request: web.BaseRequest) -> tuple[str | None, str]:
    """The host that is asked, None where one must be named and is not, and the path with its query.

    An absolute-form target names both, and its host is the one that holds (RFC 9112, 3.2.2).
    """
    target = request.raw_path
    host = request.headers.get("Host")
    if host is None:
        return None if request.version >= HttpVersion11 else "", target
    scheme, separator, rest = target.partition("://")
    if not separator or "/" in scheme:
        return host, target
    end = min((rest.index(mark) for mark in "/?" if mark in rest), default=len(rest))
    path = rest[end:]
    return rest[:end].rpartition("@")[2], path if path.startswith("/") else "/" + path


async def _expect(request: web.BaseRequest, max_body_bytes: int) -> None:
    """Ask a client that waits for it to go on with the body. Raises BodyError when there is no need to."""
    length = request.content_length
    if length is not None and length > max_body_bytes:
        raise _too_large(max_body_bytes)
    expect = request.headers.get("Expect", "").strip().lower()
    if not expect or request.version < HttpVersion11:
        return
    if expect != "100-continue":
        raise BodyError(f"Expect: {expect} is nothing we can do; 100-continue is", 417)
    if not request.content.is_eof() and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _read_all(request: web.BaseRequest, max_body_bytes: int) -> bytes:
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > max_body_bytes:
            raise _too_large(max_body_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(max_body_bytes: int) -> BodyError:
    return BodyError(f"the body is longer than the {max_body_bytes} bytes that are taken: split it", 413)


def _source(request: web.BaseRequest) -> ImpressionSource | None:
    source = request.query.get("source")
    if source is None:
        return None
    for known in IMPRESSION_SOURCES:
        if source == known:
            return known
    raise BodyError(f"source={source} is none of {', '.join(IMPRESSION_SOURCES)}")
