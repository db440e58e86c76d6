import gzip
import random
import time
import zlib
from collections.abc import Callable
from typing import Final

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.body_errors import BodyError
from redirector.serve.codings import CODINGS, MAX_MEMBERS, coding_of, decoded, zstd

LIMIT: Final = 10_000
CONTENT: Final = b'[{"link": "go.example/launch", "kind": "rendered"}, {"link": "go.example/a", "kind": "served"}]'


def deflate_raw(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACKERS: Final[dict[str, tuple[str, Callable[[bytes], bytes]]]] = {
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without header": ("deflate", deflate_raw),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
}
every_packer = pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS)


def refused(body: bytes, coding: str, max_bytes: int = LIMIT) -> BodyError:
    with pytest.raises(BodyError) as refusal:
        decoded(body, coding, max_bytes)
    return refusal.value


@every_packer
def test_a_whole_body_is_unpacked(coding: str, pack: Callable[[bytes], bytes]) -> None:
    for content in (b"", b"x", CONTENT, CONTENT * 50):
        assert decoded(pack(content), coding, LIMIT) == content


@every_packer
def test_a_body_cut_short_anywhere_is_nothing(coding: str, pack: Callable[[bytes], bytes]) -> None:
    body = pack(CONTENT * 20)
    for end in range(len(body)):
        assert refused(body[:end], coding).status == 400


@every_packer
def test_bytes_after_the_end_make_a_body_nothing(coding: str, pack: Callable[[bytes], bytes]) -> None:
    for garbage in (b"\0", b"x", b"junk" * 10):
        assert refused(pack(CONTENT) + garbage, coding).status == 400


@every_packer
def test_a_body_that_was_damaged_is_nothing_or_what_it_was(coding: str, pack: Callable[[bytes], bytes]) -> None:
    rng = random.Random(1)
    has_checksum = coding == "gzip" or pack is zlib.compress
    for _ in range(300):
        body = bytearray(pack(CONTENT))
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        try:
            content = decoded(bytes(body), coding, LIMIT)
        except BodyError as error:
            assert error.status in (400, 413)  # noqa: PT017 - either is right
        else:
            assert content == CONTENT or not has_checksum


@every_packer
def test_a_body_may_unpack_to_the_limit_and_not_to_one_byte_more(
    coding: str, pack: Callable[[bytes], bytes]
) -> None:
    assert decoded(pack(b" " * LIMIT), coding, LIMIT) == b" " * LIMIT
    assert refused(pack(b" " * (LIMIT + 1)), coding).status == 413


@every_packer
def test_a_bomb_costs_what_may_be_unpacked_and_no_more(coding: str, pack: Callable[[bytes], bytes]) -> None:
    bomb, limit = pack(b" " * 50_000_000), 1 << 20
    began = time.process_time()
    for _ in range(10):
        assert refused(bomb, coding, limit).status == 413
    assert (time.process_time() - began) / 10 < 0.05  # all of it would take 0.1 s and more


def test_gzip_bodies_in_a_row_are_one_and_all_must_be_whole() -> None:
    body = gzip.compress(CONTENT) + gzip.compress(b"") + gzip.compress(b"end")
    assert decoded(body, "gzip", LIMIT) == CONTENT + b"end"
    assert refused(body[:-1], "gzip").status == 400
    frames = zstd.compress(CONTENT) + zstd.compress(b"end")
    assert decoded(frames, "zstd", LIMIT) == CONTENT + b"end"
    assert refused(frames[:-1], "zstd").status == 400


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_bodies_in_a_row_have_an_end(coding: str, pack: Callable[[bytes], bytes]) -> None:
    assert decoded(pack(b"x") * MAX_MEMBERS, coding, LIMIT) == b"x" * MAX_MEMBERS
    assert "in a row" in str(refused(pack(b"x") * (MAX_MEMBERS + 1), coding))
    began = time.process_time()
    assert refused(pack(b"") * 50_000, coding, 1 << 20).status == 400
    assert time.process_time() - began < 0.5


def test_a_zstd_window_that_would_take_much_memory_is_refused() -> None:
    options = {int(zstd.CompressionParameter.window_log): 27, int(zstd.CompressionParameter.content_size_flag): 0}
    packer = zstd.ZstdCompressor(options=options)
    body = packer.compress(b"x" * 1000, mode=zstd.ZstdCompressor.FLUSH_BLOCK)
    assert refused(body + packer.flush(), "zstd").status == 400


@pytest.mark.parametrize(
    ("headers", "coding"),
    [
        ([], ""),
        (["identity"], ""),
        ([""], ""),
        (["GZip"], "gzip"),
        (["x-gzip"], "gzip"),
        ([" zstd "], "zstd"),
        (["br,"], "br"),
        (["deflate"], "deflate"),
    ],
)
def test_a_coding_is_read_as_http_writes_it(headers: list[str], coding: str) -> None:
    assert coding_of(headers) == coding


@pytest.mark.parametrize(
    "headers", [["compress"], ["gzip, gzip"], ["gzip", "br"], ["identity, gzip"], ["x" * 9000]]
)
def test_a_coding_that_is_not_understood_is_415_with_those_that_are(headers: list[str]) -> None:
    with pytest.raises(BodyError) as refusal:
        coding_of(headers)
    assert (refusal.value.status, refusal.value.headers) == (415, (("Accept-Encoding", "gzip, deflate, br, zstd"),))
    assert len(str(refusal.value)) < 300


@given(st.binary(max_size=300), st.sampled_from(CODINGS))
def test_any_bytes_are_a_body_or_a_refusal(body: bytes, coding: str) -> None:
    try:
        assert len(decoded(body, coding, LIMIT)) <= LIMIT
    except BodyError as error:
        assert error.status in (400, 413)  # noqa: PT017 - either is right
