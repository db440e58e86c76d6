"""ClickHouse's own compression: frames of a checksum, a method, two sizes and the bytes (``compress=1``).

src/Compression/CompressedWriteBuffer.cpp: 16 bytes CityHash128 (version 1.0.2) of all that follows, one of method,
four of the frame's size without the checksum, four of the size unpacked; little-endian.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

import cramjam
from clickhouse_cityhash import cityhash

from deploy.local.clickhouse.compression import bounded

_HEAD: Final = struct.Struct("<BII")
_CHECKSUM_BYTES: Final = 16
_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90
_FRAME_BYTES: Final = 1 << 20
# What a frame may unpack to, as DBMS_MAX_COMPRESSED_SIZE.
_MOST_BYTES: Final = 1 << 30
_hash: Any = cityhash.CityHash128


class FramingError(ValueError):
    """Bytes that are no frames; the message says where."""


class Framed:
    """Pieces in LZ4 frames."""

    http_coding = ""

    def encode(self, piece: bytes) -> bytes:
        """The piece in as many frames as it needs."""
        return b"".join(_frame(piece[start : start + _FRAME_BYTES]) for start in range(0, len(piece), _FRAME_BYTES))

    def finish(self) -> bytes:
        """Nothing: frames follow each other."""
        return b""


def _frame(payload: bytes) -> bytes:
    packed = bytes(cramjam.lz4.compress_block(payload, store_size=False))
    framed = _HEAD.pack(_LZ4, _HEAD.size + len(packed), len(payload)) + packed
    return _checksum(framed) + framed


def _checksum(framed: bytes) -> bytes:
    number: int = _hash(framed)
    # Its two halves are written one after the other, the high one first.
    return struct.pack("<QQ", number >> 64, number & 0xFFFFFFFFFFFFFFFF)


def unframed(body: bytes, most_bytes: int | None = None) -> bytes:
    """The body without its frames.

    Raises:
        FramingError: a frame is cut short, damaged or of a method that is not known; all together unpack to more
            than `most_bytes`.
    """
    return b"".join(_payloads(body, most_bytes))


def _payloads(body: bytes, most_bytes: int | None) -> Iterator[bytes]:
    at, all_bytes = 0, 0
    while at < len(body):
        start = at + _CHECKSUM_BYTES
        if len(body) < start + _HEAD.size:
            raise FramingError(f"the frame at byte {at} is cut short")
        method, size, unpacked = _HEAD.unpack_from(body, start)
        framed = body[start : start + size]
        if len(framed) != size or size < _HEAD.size:
            raise FramingError(f"the frame at byte {at} is cut short")
        if unpacked > _MOST_BYTES:
            raise FramingError(f"the frame at byte {at} says that it unpacks to {unpacked} bytes")
        all_bytes += unpacked
        if most_bytes is not None and all_bytes > most_bytes:
            raise FramingError(f"with the frame at byte {at} it unpacks to more than {most_bytes} bytes")
        if _checksum(framed) != body[at:start]:
            raise FramingError(f"the frame at byte {at} has the wrong checksum")
        yield _unpacked(method, framed[_HEAD.size :], unpacked, at)
        at = start + size


def _unpacked(method: int, packed: bytes, size: int, at: int) -> bytes:
    try:
        if method == _LZ4:
            payload = bytes(cramjam.lz4.decompress_block(packed, output_len=size))
        elif method == _ZSTD:
            payload = bounded(cramjam.zstd, packed, size)
        elif method == _NONE:
            payload = packed
        else:
            raise FramingError(f"the frame at byte {at} has the method {method:#x}; known are LZ4, ZSTD and none")
    except cramjam.DecompressionError as error:
        raise FramingError(f"the frame at byte {at} cannot be unpacked: {error}") from error
    if len(payload) != size:
        raise FramingError(f"the frame at byte {at} unpacks to {len(payload)} bytes and says {size}")
    return payload
