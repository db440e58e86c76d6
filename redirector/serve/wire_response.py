"""Answers of the ordinary lane: bytes that are made as the fast lane's are, for aiohttp to send and no more."""

from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter


class WireResponse(web.StreamResponse):
    """A whole answer, written as it is. aiohttp's own would be put together header by header for each request."""

    def __init__(self, status: int, wire: bytes, *, keep_alive: bool) -> None:
        """`wire` is everything from the status line to the body; `keep_alive` says what it says of Connection."""
        super().__init__(status=status)
        self._wire: Final = wire
        self._goes_on = keep_alive

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow."""
        return self._goes_on

    def force_close(self) -> None:
        """Let none follow."""
        self._goes_on = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it. Raises ConnectionResetError when the client is gone."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client left before it was answered")
        transport.write(self._wire)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """All of it was sent."""
        assert not data  # noqa: S101 - aiohttp passes none
