"""A body cut short is nothing, however it is packed and framed; it is told at once."""

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import brotli
import pytest

from redirector.serve.codings import zstd
from tests.integration.serve_process import ConnectionClosedError, Serve, get, post, running
from tests.tokens import AS_WRITER

AT_ONCE_S: Final = 5.0
"""Far below the 20 s that a body may take to arrive."""
ITEM: Final = {"link": "go.example/launch", "kind": "rendered"}
BODY: Final = json.dumps([ITEM] * 300).encode()
LINES: Final = b"".join(json.dumps(ITEM).encode() + b"\n" for _ in range(300))
PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with running(tmp_path_factory.mktemp("bodies")) as started:
        yield started


def answer_to(serve: Serve, raw: bytes, *, half_close: bool = False) -> tuple[int, Any, dict[str, str]]:
    with serve.connect() as client:
        began = time.monotonic()
        client.send(raw)
        if half_close:
            client.half_close()
        answer = client.answer("POST")
        assert time.monotonic() - began < AT_ONCE_S
        return answer.status, json.loads(answer.body), answer.headers


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_body_counts_when_it_is_whole_and_not_when_it_is_cut(serve: Serve, coding: str) -> None:
    before = len(serve.events())
    for content in (BODY, LINES):
        packed = PACKERS[coding](content)
        for end in (len(packed) - 1, len(packed) // 2, 10, 1, 0):
            status, problem, _ = answer_to(serve, post(packed[:end], f"Content-Encoding: {coding}"))
            assert (status, "error" in problem) == (400, True)
        status, _, _ = answer_to(serve, post(packed + b"x", f"Content-Encoding: {coding}"))
        assert status == 400
    assert len(serve.events()) == before
    status, answer, _ = answer_to(serve, post(PACKERS[coding](BODY), f"Content-Encoding: {coding}", AS_WRITER))
    assert (status, answer["accepted"], len(serve.events()) - before) == (202, 300, 300)


def test_a_gzip_body_broken_off_after_110_bytes_is_not_270_items(serve: Serve) -> None:
    before = len(serve.events())
    assert answer_to(serve, post(gzip.compress(LINES)[:110], "Content-Encoding: gzip"))[0] == 400
    assert len(serve.events()) == before


@pytest.mark.parametrize(
    "raw",
    [
        post(LINES)[:-1],
        post(LINES)[: -len(LINES) // 2],
        post(gzip.compress(LINES, mtime=0), "Content-Encoding: gzip")[:-1],
        get("/v1/impressions", "Transfer-Encoding: chunked", method="POST") + b"%x\r\n" % len(LINES) + LINES,
        get("/v1/impressions", "Transfer-Encoding: chunked", method="POST") + b"%x\r\n%b\r\n" % (len(LINES), LINES),
        get("/v1/impressions", "Transfer-Encoding: chunked", method="POST")
        + b"%x\r\n%b\r\n0\r\n" % (len(LINES), LINES),
    ],
)
def test_a_body_shorter_than_its_frame_is_400_at_once(serve: Serve, raw: bytes) -> None:
    before = len(serve.events())
    status, problem, headers = answer_to(serve, raw, half_close=True)
    assert (status, headers["connection"]) == (400, "close")
    assert "whole" in problem["error"]
    assert len(serve.events()) == before


@pytest.mark.parametrize("frame", [b"zz\r\n", b"3\r\nabcde\r\n", b"-1\r\n", b"5;a\r\n12345678\r\n"])
def test_a_broken_chunk_is_400(serve: Serve, frame: bytes) -> None:
    before = len(serve.events())
    with serve.connect() as client:
        client.send(get("/v1/impressions", "Transfer-Encoding: chunked", method="POST") + frame)
        with suppress(ConnectionClosedError):
            assert client.answer("POST").status == 400
    assert len(serve.events()) == before


def test_a_coding_that_is_not_understood_is_415_with_the_list(serve: Serve) -> None:
    for coding in ("compress", "gzip, gzip", "br, gzip"):
        status, problem, headers = answer_to(serve, post(BODY, f"Content-Encoding: {coding}"))
        assert (status, headers["accept-encoding"]) == (415, "gzip, deflate, br, zstd")
        assert "gzip, deflate, br, zstd" in problem["error"]
