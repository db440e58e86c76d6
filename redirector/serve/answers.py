"""What is answered, and its bytes on the wire as aiohttp's server would write them."""

from email.utils import formatdate
from http import HTTPStatus
from typing import Final, Literal

import msgspec

from schemas.destinations import as_served

PixelFormat = Literal["gif", "png", "204"]

NOT_COUNTED: Final = ("Clicktally-Counted", "no")
"""On a redirect or pixel whose event could not be kept."""

SERVER: Final = ("Server", "clicktally")
"""Names no version: it would tell a stranger which holes to try."""

_NO_STORE: Final = ("Cache-Control", "private, no-store")
_TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
_FOR_ANY_PAGE: Final = ("Cross-Origin-Resource-Policy", "cross-origin")
"""Without it a page that asks for isolation (COEP) gets no pixel."""
_DOTS: Final = {
    "gif": bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"),
    "png": bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000a49444154789c63000100000500010d0a2db40000000049454e44ae426082"
    ),
}
"""One transparent pixel each, in as few bytes as the format has."""
_NO_BODY: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Status, headers and body; the server adds Content-Length, Server, Date and Connection."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def with_headers(self, *headers: tuple[str, str]) -> "Answer":
        """The same with more headers."""
        return msgspec.structs.replace(self, headers=(*self.headers, *headers))

    def uncounted(self) -> "Answer":
        """The same with the header that says that no event was kept of it."""
        return self.with_headers(NOT_COUNTED)


def text(status: int, line: str, *headers: tuple[str, str]) -> Answer:
    """A line of plain text that nobody caches."""
    return Answer(status, (_TEXT, _NO_STORE, *headers), line.encode() + b"\n")


def redirect(status: int, destination: str, *, cache_s: int = 0) -> Answer:
    """The answer to a click. What a header cannot hold is encoded as browsers do, line breaks too.

    `cache_s`: how long the visitor's browser may keep it, which hides their further clicks.
    """
    cache = ("Cache-Control", f"private, max-age={cache_s}") if cache_s else _NO_STORE
    return Answer(status, (("Location", as_served(destination)), cache))


def pixel(pixel_format: PixelFormat) -> Answer:
    """One transparent dot, or nothing at all."""
    if pixel_format == "204":
        return Answer(204, (_NO_STORE, _FOR_ANY_PAGE))
    kind = ("Content-Type", f"image/{pixel_format}")
    return Answer(200, (kind, _NO_STORE, _FOR_ANY_PAGE), _DOTS[pixel_format])


def json(status: int, value: object, *headers: tuple[str, str]) -> Answer:
    """A value as JSON."""
    kind = ("Content-Type", "application/json; charset=utf-8")
    return Answer(status, (kind, _NO_STORE, *headers), msgspec.json.encode(value))


RETRY_AFTER: Final = ("Retry-After", "1")

UNKNOWN: Final = text(404, "There is no such link.")
EXPIRED: Final = text(410, "This link has expired.")
LOOP: Final = text(508, "This link leads back to itself.")
NOT_LOADED: Final = text(503, "The links are being loaded; try again in a moment.", RETRY_AFTER)
NEWER_LINK: Final = text(503, "This link needs a newer release than is running here; try again later.", RETRY_AFTER)
CROWDED: Final = text(503, "Too many clients are here; try again in a moment.", RETRY_AFTER)
HOST_MISSING: Final = text(400, "The request has no usable Host header: name the domain of the link.")


def head_bytes(answer: Answer) -> bytes:
    """Everything before the value of Date, for HTTP/1.1. For HTTP/1.0, see `as_http10`."""
    lines = [_STATUS_LINES.get(answer.status, f"HTTP/1.1 {answer.status} ")]  # 499 has no phrase
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status not in _NO_BODY:
        lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*lines, f"{SERVER[0]}: {SERVER[1]}", "Date: "]).encode()


def as_http10(head: bytes) -> bytes:
    """The same head for a client of HTTP/1.0."""
    return b"HTTP/1.0" + head[8:]


def usual_head(status: int, location: str) -> bytes:
    """`head_bytes` of a redirect that nobody keeps: most are."""
    name, value = _NO_STORE
    head = f"{_STATUS_LINES[status]}\r\nLocation: {location}\r\n{name}: {value}\r\nContent-Length: 0\r\n"
    return f"{head}{SERVER[0]}: {SERVER[1]}\r\nDate: ".encode()


def say_not_counted(response: bytes) -> bytes:
    """A rendered response with the header that says that no event was kept of it."""
    status_line, _, rest = response.partition(b"\r\n")
    return b"%b\r\n%b: %b\r\n%b" % (status_line, NOT_COUNTED[0].encode(), NOT_COUNTED[1].encode(), rest)


class Wire:
    """Answers as bytes; what is the same for a whole second is made once in it."""

    __slots__ = ("_second", "_tails")

    def __init__(self) -> None:
        self._second = 0
        self._tails = Tails(0)

    def render(self, head: bytes, body: bytes, now_ms: int, *, http11: bool, close: bool) -> bytes:
        """All of an answer, given `head_bytes` of it and the body, empty for HEAD."""
        second = now_ms // 1000
        if second != self._second:
            self._second = second
            self._tails = Tails(second)
        if http11:
            response = head + (self._tails.close11 if close else self._tails.keep11)
        else:
            response = as_http10(head) + (self._tails.close10 if close else self._tails.keep10)
        return response + body if body else response


class Tails:
    """The heads' ends from Date's value on, for each way a connection goes on; the same for a whole second."""

    __slots__ = ("close10", "close11", "keep10", "keep11")

    def __init__(self, now_s: float) -> None:
        common = f"{formatdate(now_s, usegmt=True)}\r\n".encode()
        self.keep11: Final = common + b"\r\n"
        self.close11: Final = common + b"Connection: close\r\n\r\n"
        self.keep10: Final = common + b"Connection: keep-alive\r\n\r\n"
        self.close10: Final = self.keep11
