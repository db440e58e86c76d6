"""A client that sends each request once: what it does not hear of, it does not send again behind one's back."""

import asyncio
import contextlib
from typing import Final, NamedTuple

from tests.tokens import AS_WRITER

_LINE_END: Final = b"\r\n"


class Answer(NamedTuple):
    """Status, whether the event behind it was kept, and the body."""

    status: int
    counted: bool
    body: bytes


class Connection:
    """One keep-alive connection, opened when needed and after each failure."""

    def __init__(self, port: int, *, timeout_s: float) -> None:
        self._port = port
        self._timeout_s = timeout_s
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(
        self, host: str, path: str, *, user_agent: str = "Mozilla/5.0 (X11; Linux x86_64)"
    ) -> Answer | None:
        """GET; see `send`."""
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {user_agent}\r\n\r\n"
        return await self.send(head.encode())

    async def post(self, host: str, path: str, body: bytes, key: str) -> Answer | None:
        """POST with a token, and with an Idempotency-Key, or without for an empty one; see `send`."""
        named = f"{AS_WRITER}\r\n" + (f"Idempotency-Key: {key}\r\n" if key else "")
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n{named}\r\n"
        return await self.send(head.encode() + body)

    async def send(self, request: bytes) -> Answer | None:
        """The answer to a request; None when none came, and the request may or may not have been served."""
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                assert self._reader is not None
                self._writer.write(request)
                answer, close = await _read(self._reader, has_body=not request.startswith(b"HEAD "))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            await self.close()
            return None
        if close:
            await self.close()
        return answer

    async def close(self) -> None:
        """Drop the connection."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, *, has_body: bool) -> tuple[Answer, bool]:
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, *lines = head.lower().split(_LINE_END)
    headers = dict(line.split(b": ", 1) for line in lines if line)
    status = int(status_line.split(b" ", 2)[1])
    body = await reader.readexactly(int(headers.get(b"content-length", b"0")) if has_body else 0)
    counted = headers.get(b"clicktally-counted") != b"no"
    return Answer(status, counted, body), headers.get(b"connection") == b"close"
