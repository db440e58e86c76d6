"""ClickHouse's compression frames, and what damage does to them."""

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.clickhouse.compression import compressor, decompressed
from deploy.local.clickhouse.framing import Framed, FramingError, unframed


@given(st.lists(st.binary(max_size=2000), max_size=5))
def test_what_is_framed_comes_out_again(pieces: list[bytes]) -> None:
    encoder = Framed()
    assert unframed(b"".join(encoder.encode(piece) for piece in pieces) + encoder.finish()) == b"".join(pieces)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_frame_with_any_byte_changed_or_missing_is_refused(payload: bytes, data: st.DataObject) -> None:
    framed = Framed().encode(payload)
    at = data.draw(st.integers(0, len(framed) - 1))
    for damaged in (framed[:at], framed[:at] + bytes([framed[at] ^ 1]) + framed[at + 1 :]):
        if damaged:
            with pytest.raises(FramingError, match="frame at byte 0"):
                unframed(damaged)


def test_a_large_piece_goes_in_frames_of_a_mebibyte() -> None:
    framed = Framed().encode(b"x" * ((1 << 20) + 1))
    assert framed.count((1 << 20).to_bytes(4, "little") + b"\x1fx") == 1
    assert unframed(framed) == b"x" * ((1 << 20) + 1)


def test_frames_unpack_to_no_more_than_is_allowed() -> None:
    framed = Framed().encode(b"a" * 60) + Framed().encode(b"b" * 40)
    assert unframed(framed, 100) == b"a" * 60 + b"b" * 40
    with pytest.raises(FramingError, match="with the frame at byte 36 it unpacks to more than 99 bytes"):
        unframed(framed, 99)


@pytest.mark.parametrize("coding", ["zstd", "br", "lz4", "gzip", "deflate", "bz2", "xz"])
def test_a_body_unpacks_to_no_more_than_is_allowed(coding: str) -> None:
    packing = compressor(coding)
    packing.compress(b" " * 100_000)
    packed = bytes(packing.finish())
    assert decompressed(packed, coding, 100_000) == decompressed(packed, coding) == b" " * 100_000
    with pytest.raises(cramjam.DecompressionError, match="to at most 99999 bytes"):
        decompressed(packed, coding, 99_999)
    assert decompressed(b" " * 100_000, "", 1) == b" " * 100_000, "as it was sent: whoever took it in has counted"


def test_cramjam_is_asked_for_raw_blocks() -> None:
    packed = bytes(cramjam.lz4.compress_block(b"x" * 100, store_size=False))
    assert bytes(cramjam.lz4.decompress_block(packed, output_len=100)) == b"x" * 100
