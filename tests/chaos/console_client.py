"""A client of consoles that sends each request once, on a connection of its own, and may cut it off."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from tests.tokens import bearer_of

_HEAD_END: Final = b"\r\n\r\n"
_NOTHING_DONE: Final = ("/problems/unavailable", "/problems/too-many-requests")
_UNKNOWN: Final = "/problems/unknown-outcome"
_MADE: Final = (200, 201, 202, 204)


@dataclass(frozen=True)
class Request:
    """What is asked. `key` is an Idempotency-Key, `if_match` an ETag; empty for none."""

    method: str
    path: str
    body: bytes = b""
    media: str = "application/json"
    key: str = ""
    if_match: str = ""
    host: str = "127.0.0.1"

    def encoded(self) -> bytes:
        """As it is sent."""
        headers = {
            "Host": self.host,
            "Connection": "close",
            "Authorization": f"Bearer {bearer_of(1)}",
            "Idempotency-Key": self.key,
            "If-Match": self.if_match,
        }
        if self.method in ("POST", "PATCH"):
            headers |= {"Content-Type": self.media, "Content-Length": str(len(self.body))}
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            *(f"{name}: {text}" for name, text in headers.items() if text),
        ]
        return "\r\n".join(lines).encode() + _HEAD_END + self.body


@dataclass(frozen=True)
class Reply:
    """What came back. `sent`: whether the request can have arrived; `whole`: whether the body came to its end."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent: bool = True
    whole: bool = False

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The whole lines of the body, decoded."""
        return [json.loads(line) for line in self.body.split(b"\n")[:-1]]

    @property
    def problem(self) -> str:
        """The type of an answer that is a problem."""
        is_problem = self.headers.get("content-type", "").startswith("application/problem+json")
        return str(self.json["type"]) if is_problem and self.whole else ""

    @property
    def nothing_done(self) -> bool:
        """Whether the change was surely not made, and may be sent again."""
        return not self.sent or self.problem in _NOTHING_DONE

    @property
    def unheard(self) -> bool:
        """Whether nobody said what became of it."""
        return self.sent and (not self.whole or self.problem == _UNKNOWN)

    @property
    def made(self) -> bool:
        """Whether it was acknowledged."""
        return self.whole and self.status in _MADE

    @property
    def link(self) -> str:
        """Which link was changed."""
        return unquote(self.headers.get("clicktally-link", ""))


async def ask(port: int, request: Request, *, timeout_s: float, cut_after_s: float | None = None) -> Reply:
    """The reply; what of it came, where the connection broke, took too long, or was cut."""
    received = bytearray()
    writer: asyncio.StreamWriter | None = None
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(timeout_s if cut_after_s is None else cut_after_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request.encoded())
            while piece := await reader.read(1 << 16):
                received += piece
    if writer is None:
        return Reply(sent=False)
    writer.transport.abort()
    return read_reply(bytes(received), has_body=request.method != "HEAD")


def read_reply(received: bytes, *, has_body: bool = True) -> Reply:
    """What a console said, from all bytes that came."""
    head, end, rest = received.partition(_HEAD_END)
    if not end:
        return Reply()
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    status = int(status_line.split(" ")[1])
    if not has_body:
        return Reply(status, headers, whole=True)
    if headers.get("transfer-encoding") == "chunked":
        body, whole = _unchunked(rest)
    else:
        body, whole = rest, len(rest) == int(headers.get("content-length", "0"))
    return Reply(status, headers, body, whole=whole)


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    body = b""
    while True:
        size_line, end, rest = rest.partition(b"\r\n")
        if not end:
            return body, False
        size = int(size_line, 16)
        if not size:
            return body, True
        body += rest[:size]
        if len(rest) < size + 2:
            return body, False
        rest = rest[size + 2 :]
