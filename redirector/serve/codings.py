"""Content codings of a body: whole or nothing, whatever the coding, and never more than is wanted of it."""

import sys
import zlib
from collections.abc import Iterable
from typing import Final, Protocol

import brotli

from redirector.serve.body_errors import BodyError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["CODINGS", "MAX_MEMBERS", "coding_of", "decoded", "too_large", "zstd"]

CODINGS: Final = ("gzip", "deflate", "br", "zstd")
MAX_MEMBERS: Final = 64
"""A gzip or zstd body may be several in a row; each costs some microseconds whatever its size."""

_ALIASES: Final = {"x-gzip": "gzip", "identity": ""}
_ZSTD_WINDOW_LOG_MAX: Final = 23  # 8 MiB, RFC 9659: what a decoder of a content coding has to keep at most
_GZIP_WBITS: Final = 31
_DEFLATE_METHOD: Final = 8


class _Member(Protocol):
    """One gzip member, deflate stream or zstd frame under way."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def coding_of(headers: Iterable[str]) -> str:
    """The one coding that a request's Content-Encoding headers name, "" where there is none.

    Raises BodyError (415, with the list of what is understood) for another one or several.
    """
    named = [one for header in headers for part in header.split(",") if (one := part.strip().lower())]
    coding = named[0] if named else ""
    coding = _ALIASES.get(coding, coding)
    if len(named) > 1 or coding not in ("", *CODINGS):
        shown = ", ".join(named)[:100]
        raise BodyError(
            f"Content-Encoding {shown!r} is not understood: send one of {', '.join(CODINGS)}, or none",
            415,
            ("Accept-Encoding", ", ".join(CODINGS)),
        )
    return coding


def decoded(body: bytes, coding: str, max_bytes: int) -> bytes:
    """The content of a whole body. Raises BodyError when it is cut short, followed by anything, or broken (400),
    or longer than `max_bytes` (413).
    """
    if not coding:
        content = body
    elif not body:
        raise BodyError(f"the body is empty, which is no {coding}: send it whole, or without Content-Encoding")
    else:
        try:
            content = _brotli(body, max_bytes) if coding == "br" else _members(body, coding, max_bytes)
        except (zlib.error, zstd.ZstdError, brotli.error) as error:
            raise BodyError(f"the body cannot be unpacked as {coding}: {error}") from error
    if len(content) > max_bytes:
        raise too_large(max_bytes)
    return content


def too_large(max_bytes: int) -> BodyError:
    """The refusal of a body that is too long, packed or unpacked."""
    return BodyError(f"the body is longer than the {max_bytes} bytes that are taken: split it", 413)


def _members(body: bytes, coding: str, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    room = max_bytes + 1
    for _ in range(MAX_MEMBERS):
        member = _member(body, coding)
        part = member.decompress(body, room)
        parts.append(part)
        room -= len(part)
        if room <= 0:
            break
        if not member.eof:
            raise _cut_short(coding)
        body = member.unused_data
        if not body:
            break
        if coding == "deflate":
            raise BodyError(f"{len(body)} bytes follow the end of the deflate body: send nothing after it")
    else:
        raise BodyError(f"the body is more than {MAX_MEMBERS} {coding} bodies in a row: pack it as one")
    return b"".join(parts)


def _member(body: bytes, coding: str) -> _Member:
    if coding == "zstd":
        options = {int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG_MAX}
        return zstd.ZstdDecompressor(options=options)
    if coding == "gzip":
        return zlib.decompressobj(_GZIP_WBITS)
    # "deflate" is the zlib format; some send the bare stream, which has no header to check.
    with_header = len(body) > 1 and body[0] & 0x0F == _DEFLATE_METHOD and not (body[0] << 8 | body[1]) % 31
    return zlib.decompressobj(zlib.MAX_WBITS if with_header else -zlib.MAX_WBITS)


def _brotli(body: bytes, max_bytes: int) -> bytes:
    decompressor = brotli.Decompressor()
    content: bytes = decompressor.process(body, output_buffer_limit=max_bytes + 1)
    if len(content) <= max_bytes and not decompressor.is_finished():
        raise _cut_short("br")
    return content


def _cut_short(coding: str) -> BodyError:
    return BodyError(f"the {coding} body is cut short: nothing of it was counted, send it whole")
