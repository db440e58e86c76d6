"""The ordinary lane: aiohttp's own server protocol, for everything and everybody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from redirector.serve.connections import Connections
from redirector.serve.counts import Counts
from redirector.serve.settings import ServeSettings

_END_OF_HEAD: Final = b"\r\n\r\n"
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
        self.server: Final = web.Server(handler)
        self.connections: Final = connections
        self.counts: Final = counts
        self.settings: Final = settings

    def connection(self) -> "OrdinaryConnection":
        """A protocol for a new connection, or for one that the fast lane hands over."""
        return OrdinaryConnection(self)


class OrdinaryConnection(RequestHandler):
    """aiohttp's protocol with the scan's timeouts, half-close, and errors that are counted, not logged."""

    __slots__ = ("_broken", "_eof", "_finished", "_lane", "_seam", "_since_s")

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
        self._since_s = 0.0  # the head's first byte; 0: none is under way
        self._eof = False
        self._broken = False
        self._finished = 0
        self._seam = b""  # the last bytes parsed: a head's end may begin in them

    @property
    def is_last(self) -> bool:
        """Whether no request can follow the one being answered."""
        return (self._eof and not self._messages) or self._broken or self._lane.connections.stopping

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came, or comes from the fast lane."""
        super().connection_made(transport)
        self._lane.connections.open.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client is gone."""
        self._lane.connections.open.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and notice since when a head is incomplete.

        aiohttp forgets the requests before an error, and what follows a declined upgrade, when they come in
        one piece: so each piece ends where a head ends.
        """
        before = self._request_count
        stream = self._seam + data
        start = len(self._seam)
        self._seam = stream[-len(_END_OF_HEAD) + 1 :]
        found = stream.find(_END_OF_HEAD)
        while found >= 0 and (end := found + len(_END_OF_HEAD)) < len(stream):
            super().data_received(stream[start:end])
            start = end
            found = stream.find(_END_OF_HEAD, start)
        super().data_received(stream[start:])
        if self._request_count != before:
            self._since_s = 0.0
            # Whatever comes before a body's end is no request: its framing is broken.
            self._broken |= self._end_bodies(self._bodies()[:-1], "its framing is broken")
        elif not self._since_s and self._is_idle:
            self._since_s = self._lane.connections.now_s

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's meaning: True keeps the connection
        """The client sends no more; what it asked is still answered, and a body that is not whole is none."""
        self._eof = True
        self._end_bodies(self._bodies(), "it ends before it is whole")
        return not self._is_idle

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What aiohttp has to say; a body that could not be read was the client's fault, and is answered."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            _log.error(*args, **kw)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write an answer. Between being parsed and this, a request is under way, whatever aiohttp's fields say."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._finished += 1

    def overdue(self, now_s: float) -> bool:
        """Whether a head takes too long, or a client that sends no more was answered. aiohttp closes the idle."""
        settings = self._lane.settings
        if self._is_idle:
            late = bool(self._since_s) and now_s - self._since_s > settings.header_timeout_s
            return late or self._eof
        if not self._paused:
            self._since_s = 0.0
            return False
        self._since_s = self._since_s or now_s
        return now_s - self._since_s > settings.idle_timeout_s

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()

    def stop(self) -> None:
        """Close if idle; otherwise `is_last` makes the next answer the last."""
        if self._is_idle and not self._since_s:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no request (400, 431), or to our own failure (500); the connection closes.

        The request is not logged: it may hold anything about anyone.
        """
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self._lane.counts.outcomes["failed"] += 1
            _log.error("a request could not be answered", exc_info=exc)
            message = "Something went wrong on our side. Try again later."
        else:
            self._lane.counts.malformed += 1
            if isinstance(exc, LineTooLong):
                status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            message = message if message and message.isprintable() else "This is no valid HTTP request."
        response = web.Response(status=status, text=message + "\n", headers={"Connection": "close"})
        response.force_close()
        return response

    def _bodies(self) -> list[StreamReader]:
        """Of the requests under way and waiting, in order."""
        current = self._current_request
        return [*([] if current is None else [current.content]), *(payload for _, payload in self._messages)]

    def _end_bodies(self, bodies: list[StreamReader], why: str) -> bool:
        """Have those that are not whole refused; says whether there were any."""
        unfinished = [body for body in bodies if not body.is_eof()]
        for body in unfinished:
            body.set_exception(web.RequestPayloadError(why))
            body.feed_eof()
        return bool(unfinished)

    @property
    def _is_idle(self) -> bool:
        return self._finished == self._request_count
