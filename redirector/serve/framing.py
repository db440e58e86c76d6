"""Where a request ends in the bytes of a connection: heads are searched for their end, bodies never are.

What a request is, is not decided here: its bytes go on, in their order, to a parser that does. Were a body's end
read wrongly, only the cuts would stand elsewhere.
"""

import re
from enum import Enum
from typing import Final

_END_OF_HEAD: Final = b"\r\n\r\n"
_EMPTY_LINES: Final = re.compile(rb"[\r\n]*")
_BODY_FIELD: Final = re.compile(rb"\n(content-length|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r\n")
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]+")
_MAX_HEAD_BYTES: Final = 2 * 1024 * 1024
"""Far more than the parser takes of one."""
_MAX_CHUNK_LINE: Final = 8192
_FREE_CHUNKS: Final = 512
_CHUNK_BYTES: Final = 32
"""What a chunk has to weigh on average, once there are many: each costs the parser as much as a thousand bytes."""


class _Part(Enum):
    HEAD = 1
    BODY = 2
    CHUNK_LINE = 3
    CHUNK = 4
    TRAILER = 5
    LOST = 6  # whatever this is, it is refused: all goes on uncut


class BrokenBodyError(Exception):
    """A chunked body that is none, or of chunks so small that reading it costs far more than it weighs."""


class Framing:
    """Cuts what a client sends into pieces: a head, or a part of one, or of a body, never of two requests."""

    def __init__(self) -> None:
        self._part = _Part.HEAD
        self._head = bytearray()
        self._left = 0  # bytes of the body, or of the chunk with its line end
        self._line = b""  # of a chunk or trailer, while incomplete
        self._chunks = 0
        self._body_bytes = 0
        self._in_request_line = True

    @property
    def between_requests(self) -> bool:
        """Whether the last request has ended and nothing of another was taken."""
        return self._part is _Part.HEAD and not self._head

    @property
    def in_head(self) -> bool:
        """Whether a head has begun and not ended."""
        return self._part is _Part.HEAD and bool(self._head)

    @staticmethod
    def skip_empty_lines(data: bytes, start: int) -> int:
        """Where a request begins in `data`: empty lines before it mean nothing (RFC 9112, 2.2)."""
        match = _EMPTY_LINES.match(data, start)
        assert match is not None  # noqa: S101 - the pattern may be empty
        return match.end()

    def take(self, data: bytes, start: int) -> tuple[bytes, int]:
        """The piece of `data` that begins at `start`, for the parser, and where it ends.

        Bytes of a request line that are not ASCII come percent-encoded, as browsers mean them. Raises
        BrokenBodyError: nothing of the rest goes on.
        """
        if self._part is _Part.HEAD:
            return self._take_head(data, start)
        if self._part is _Part.BODY:
            end = min(len(data), start + self._left)
            self._left -= end - start
            if not self._left:
                self._next_request()
        elif self._part is _Part.LOST:
            end = len(data)
        else:
            end = self._chunks_end(data, start)
        return data[start:end], end

    def _take_head(self, data: bytes, start: int) -> tuple[bytes, int]:
        head = self._head
        if not head and (end := data.find(_END_OF_HEAD, start) + len(_END_OF_HEAD)) >= len(_END_OF_HEAD):
            whole = data if not start and end == len(data) else data[start:end]
            self._body_of(whole)
            return whole if whole.isascii() else _in_ascii(whole), end
        end = self._end_of_head(data, start)
        piece = data[start : end or len(data)]
        head += piece
        if self._in_request_line:
            self._in_request_line = b"\n" not in piece
            piece = _in_ascii(piece)
        if end:
            self._body_of(bytes(head))
        elif len(head) > _MAX_HEAD_BYTES:
            self._part = _Part.LOST
            head.clear()
        return piece, end or len(data)

    def _end_of_head(self, data: bytes, start: int) -> int:
        """Where the head ends in `data`; 0: later. Its end may begin in what was taken before."""
        for before in (3, 2, 1):
            if self._head.endswith(_END_OF_HEAD[:before]) and data.startswith(_END_OF_HEAD[before:], start):
                return start + len(_END_OF_HEAD) - before
        at = data.find(_END_OF_HEAD, start)
        return at + len(_END_OF_HEAD) if at >= 0 else 0

    def _body_of(self, head: bytes) -> None:
        """What follows this head."""
        self._next_request()
        for name, value in _BODY_FIELD.findall(head):
            if name[:1] in b"tT":
                if value.rstrip().lower().endswith(b"chunked"):
                    self._part = _Part.CHUNK_LINE
                    return
            elif len(value) < 16 and value.rstrip().isdigit():  # noqa: PLR2004 - more digits than any body has
                self._left = int(value)
        if self._left:
            self._part = _Part.BODY

    def _next_request(self) -> None:
        self._part = _Part.HEAD
        self._head.clear()
        self._left = self._chunks = self._body_bytes = 0
        self._in_request_line = True

    def _chunks_end(self, data: bytes, start: int) -> int:
        """Where the chunked body ends in `data`, or its end."""
        at, size = start, len(data)
        while at < size:
            if self._part is _Part.CHUNK:
                taken = min(size - at, self._left)
                at += taken
                self._left -= taken
                if not self._left:
                    if taken > 1 and data[at - 2 : at] != b"\r\n":
                        raise self._broken("a chunk is longer than it says")
                    self._part = _Part.CHUNK_LINE
                continue
            newline = data.find(b"\n", at, at + _MAX_CHUNK_LINE) + 1
            line = self._line + data[at : newline or at + _MAX_CHUNK_LINE]
            at = newline or size
            if not newline:
                self._line = line
                if len(line) >= _MAX_CHUNK_LINE:
                    raise self._broken("a chunk's size does not end")
                return size
            self._line = b""
            if self._part is _Part.CHUNK_LINE:
                self._begin_chunk(line)
            elif line == b"\r\n":
                self._next_request()
                return at
        return at

    def _begin_chunk(self, line: bytes) -> None:
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise self._broken("a chunk does not begin with its size")
        length = int(match[1], 16)
        if not length:
            self._part = _Part.TRAILER
            return
        self._part, self._left = _Part.CHUNK, length + 2
        self._chunks += 1
        self._body_bytes += length
        if self._chunks > _FREE_CHUNKS + self._body_bytes // _CHUNK_BYTES:
            raise self._broken(f"its chunks are too many for their size: send {_CHUNK_BYTES} bytes or more in each")

    def _broken(self, what: str) -> BrokenBodyError:
        self._part = _Part.LOST
        return BrokenBodyError(what)


def _in_ascii(piece: bytes) -> bytes:
    """A piece that begins in a request line, with that line in ASCII."""
    line, newline, rest = piece.partition(b"\n")
    return piece if line.isascii() else percent_encoded(line) + newline + rest


def percent_encoded(line: bytes) -> bytes:
    """A request line in ASCII: other bytes as browsers would escape them."""
    return _NOT_ASCII.sub(lambda run: b"%" + run[0].hex("%").upper().encode(), line)
