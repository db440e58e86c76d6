"""The ordinary lane: aiohttp's own server protocol, for everything and everybody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import StreamReader, web
from aiohttp.http import HttpVersion, HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import BadHttpMethod, LineTooLong
from aiohttp.web_protocol import RequestHandler

from redirector.serve import answers
from redirector.serve.connections import Connections
from redirector.serve.counts import Counts
from redirector.serve.framing import BrokenBodyError, Framing
from redirector.serve.settings import ServeSettings

_HOLD_BYTES: Final = 64 * 1024
"""How much a client may send ahead of the answer that it waits for before it is no longer read from."""
_log: Final = logging.getLogger(__name__)


class OrdinaryLane:
    """Makes the protocols of a process, with its limits."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        connections: Connections,
        counts: Counts,
        settings: ServeSettings,
    ) -> None:
        self.server: Final = web.Server(handler, request_factory=_request)
        self.connections: Final = connections
        self.counts: Final = counts
        self.settings: Final = settings

    def connection(self) -> "OrdinaryConnection":
        """A protocol for a new connection, or for one that the fast lane hands over."""
        return OrdinaryConnection(self)


class OrdinaryConnection(RequestHandler):
    """aiohttp's protocol, fed one request at a time, with the scan's timeouts, half-close and counted errors.

    aiohttp forgets the requests before an error, and what follows a declined upgrade, when they come in one
    piece: so a request's bytes wait here until the one before is answered.
    """

    __slots__ = (
        "_answering",
        "_broken",
        "_eof",
        "_framing",
        "_held",
        "_holds_reading",
        "_lane",
        "_since_s",
        "asked_version",
        "body",
        "peer",
    )

    def __init__(self, lane: OrdinaryLane) -> None:
        settings = lane.settings
        super().__init__(
            lane.server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=settings.idle_timeout_s,
            access_log=cast(logging.Logger, None),
            max_line_size=settings.max_line_bytes,
            max_headers=settings.max_headers,
            max_field_size=settings.max_field_bytes,
            lingering_time=settings.header_timeout_s,
            auto_decompress=False,  # it takes what was cut short for whole, or waits for more; see codings
        )
        self._lane: Final = lane
        self._framing: Final = Framing()
        self._since_s = 0.0  # the head's first byte; 0: none is under way
        self._eof = False
        self._answering = False
        self._held = b""
        self._holds_reading = False
        self._broken = ""  # why the body at hand is none
        self.peer = ""
        self.body: StreamReader | None = None
        """Of the request at hand."""
        self.asked_version = HttpVersion11
        """Of the request at hand; it is answered in HTTP/1.1 whatever that is."""

    @property
    def is_last(self) -> bool:
        """Whether no request can follow the one being answered."""
        ended = bool(self._broken) or (self._eof and b"\r\n\r\n" not in self._held)
        return ended or self._lane.connections.stopping

    def begin(self, version: HttpVersion, body: StreamReader) -> None:
        """aiohttp comes to a request."""
        self.asked_version = version
        self.body = body
        if self._broken:
            _refuse(body, self._broken)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came, or comes from the fast lane."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if peer else ""
        self._lane.connections.open.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client is gone."""
        self._held = b""
        self._lane.connections.open.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give aiohttp what belongs to the request at hand. Nothing: aiohttp wants to go on with what it has."""
        if not data:
            super().data_received(data)
            return
        self._held = self._held + data if self._held else data
        self._go_on()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's meaning: True keeps the connection
        """The client sends no more; what it asked is still answered, and what is not whole or malformed refused."""
        self._eof = True
        if self._answering:
            if not self._framing.between_requests:
                self._break_body("it ends before it is whole")
            return True
        return self._framing.in_head or bool(self._held)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        self._since_s = 0.0
        self._go_on()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What aiohttp has to say; a body that could not be read was the client's fault, and is answered."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            _log.error(*args, **kw)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write an answer, then go on with the next request if it is here."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._answering = False
            if self._held:
                self._go_on()

    def overdue(self, now_s: float) -> bool:
        """Whether a head takes too long, or a client that sends no more was answered. aiohttp closes the idle."""
        settings = self._lane.settings
        if self.writing_paused:
            self._since_s = self._since_s or now_s
            return now_s - self._since_s > settings.idle_timeout_s
        if self._answering:
            self._since_s = 0.0
            return False
        late = bool(self._since_s) and now_s - self._since_s > settings.header_timeout_s
        return late or (self._eof and not self._held)

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()

    def stop(self) -> None:
        """Close if idle; otherwise `is_last` makes the next answer the last."""
        if not self._answering and self._framing.between_requests:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - may quote what was sent
    ) -> web.StreamResponse:
        """The answer to what is no request (400, 431), or to our own failure (500); the connection closes.

        The request is neither logged nor quoted: it may hold anything about anyone.
        """
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self._lane.counts.outcomes["failed"] += 1
            _log.error("a request could not be answered", exc_info=exc)
            body_text = "Something went wrong on our side. Try again later."
        else:
            self._lane.counts.malformed += 1
            status, body_text = _malformed(status, exc, self._lane.settings)
        headers = {"Connection": "close", answers.SERVER[0]: answers.SERVER[1]}
        response = web.Response(status=status, text=body_text + "\n", headers=headers)
        response.force_close()
        return response

    def _go_on(self) -> None:
        """Feed aiohttp up to the end of the request at hand; the next one begins when this one is answered."""
        framing, data, start = self._framing, self._held, 0
        while start < len(data):
            if framing.between_requests:
                if self._answering or self.writing_paused:
                    break
                start = framing.skip_empty_lines(data, start)
                if start == len(data):
                    break
            is_head = framing.between_requests or framing.in_head
            try:
                piece, start = framing.take(data, start)
            except BrokenBodyError as error:
                self._break_body(str(error))
                start = len(data)
                break
            if is_head and not framing.in_head:
                self._answering, self._since_s = True, 0.0
            super().data_received(piece)
        self._held = data[start:]
        self._hold_reading(hold=len(self._held) > _HOLD_BYTES)
        if framing.in_head:
            self._since_s = self._since_s or self._lane.connections.now_s

    def _break_body(self, why: str) -> None:
        """Have the body refused by whoever reads it, or will: aiohttp would let them wait."""
        self._broken = why
        if self.body is not None:
            _refuse(self.body, why)

    def _hold_reading(self, *, hold: bool) -> None:
        if hold == self._holds_reading or self.transport is None or self.transport.is_closing():
            return
        self._holds_reading = hold
        if hold:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: Any,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    """A request as aiohttp makes it, in a version that its answer may be written in."""
    assert isinstance(protocol, OrdinaryConnection)  # noqa: S101 - the lane makes no other
    protocol.begin(message.version, payload)
    if message.version != HttpVersion11 and (message.version != HttpVersion10 or message.method == "UNKNOWN"):
        message = _in_http11(message)
    return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop())


def _refuse(body: StreamReader, why: str) -> None:
    body.set_exception(web.RequestPayloadError(why))
    body.feed_eof()


def _in_http11(message: RawRequestMessage) -> RawRequestMessage:
    return RawRequestMessage(
        message.method,
        message.path,
        HttpVersion11,
        message.headers,
        message.raw_headers,
        message.should_close,
        message.compression,
        message.upgrade,
        message.chunked,
        message.url,
    )


def _malformed(status: int, exc: BaseException | None, settings: ServeSettings) -> tuple[int, str]:
    if isinstance(exc, LineTooLong):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, (
            f"The request line is longer than {settings.max_line_bytes} bytes, or a header than "
            f"{settings.max_field_bytes}: shorten the URL, or send fewer cookies."
        )
    if isinstance(exc, BadHttpMethod):
        return status, "The request begins with no method of HTTP; is this TLS spoken to a plain port?"
    return status, "This is no valid HTTP request."


def speaks(version: HttpVersion) -> bool:
    """Whether requests of this version of HTTP are answered."""
    return version in (HttpVersion10, HttpVersion11)
