"""HTTP content codings of request and response bodies, as ClickHouse knows them."""

import mmap
from typing import Any, Protocol

import cramjam

# In the order in which a ClickHouse server prefers them.
_CODECS: dict[str, Any] = {
    "zstd": cramjam.zstd,
    "br": cramjam.brotli,
    "lz4": cramjam.lz4,
    "gzip": cramjam.gzip,
    "deflate": cramjam.zlib,
    "bz2": cramjam.bzip2,
    "xz": cramjam.xz,
}


class UnknownCodingError(ValueError):
    """No such content coding; the message names the known ones."""


class Compressor(Protocol):
    """Takes chunks, gives one compressed stream."""

    def compress(self, chunk: bytes) -> int:
        """Take a chunk in."""

    def flush(self) -> Any:
        """What is ready to be sent."""

    def finish(self) -> Any:
        """The end of the stream."""


def decompressed(body: bytes, coding: str, most_bytes: int | None = None) -> bytes:
    """The body without its content coding; a few bytes may be gigabytes, so `most_bytes` bounds what it becomes.

    Raises:
        UnknownCodingError: the coding is none of ClickHouse's.
        cramjam.DecompressionError: the body is not what the coding says, or becomes more than `most_bytes`.
    """
    if coding in {"", "identity"}:
        return body
    codec = _codec(coding)
    return bytes(codec.decompress(body)) if most_bytes is None else bounded(codec, body, most_bytes)


def bounded(codec: Any, packed: bytes, most_bytes: int) -> bytes:
    """What a module of cramjam unpacks to.

    Raises:
        cramjam.DecompressionError: these are no bytes of the codec, or they become more than `most_bytes`.
    """
    with mmap.mmap(-1, most_bytes or 1) as room:  # memory is taken as it is written to
        try:
            size: int = codec.decompress_into(packed, room)
        except cramjam.DecompressionError as error:
            raise cramjam.DecompressionError(
                f"it does not unpack to at most {most_bytes} bytes: {error}"
            ) from error
        return room[:size]


def compressor(coding: str) -> Compressor:
    """A streaming compressor of the coding."""
    made: Compressor = _codec(coding).Compressor()
    return made


def chosen(accept_encoding: str) -> str:
    """The coding to answer with; empty when the client takes none of ours."""
    accepted = {part.split(";")[0].strip().lower() for part in accept_encoding.split(",")}
    return next((coding for coding in _CODECS if coding in accepted), "")


def _codec(coding: str) -> Any:
    codec = _CODECS.get(coding.strip().lower())
    if codec is None:
        raise UnknownCodingError(f"Unknown compression method {coding!r}; known are {', '.join(_CODECS)}")
    return codec
