import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.heads import BLOCKS_KEPT, Heads
from redirector.serve.settings import ServeSettings

SETTINGS = ServeSettings.load({})

paths = st.from_regex(r"/[A-Za-z0-9_~./?=%&+-]{0,40}", fullmatch=True)
headers = st.lists(
    st.sampled_from(
        [
            b"Host: go.example",
            b"Host: other.example",
            b"host:go.example:8080",
            b"Host:",
            b"User-Agent: Mozilla/5.0 Firefox/145.0",
            b"User-Agent: caf\xc3\xa9 \xff",
            b"Referer: https://example.com/page?secret=1#part",
            b"DNT: 1",
            b"Sec-GPC: 1",
            b"Sec-Purpose: prefetch;prerender",
            b"Connection: close",
            b"Connection: keep-alive",
            b"Connection: upgrade",
            b"Upgrade: h2c",
            b"Content-Length: 0",
            b"Content-Length: 5",
            b"Transfer-Encoding: chunked",
            b"Expect: 100-continue",
            b"Cookie: a=b",
            b"X-Forwarded-For: 203.0.113.1, 10.0.0.1",
            b"X-Long: " + b"x" * 9000,
            b" folded",
            b"No colon",
            b"Bad\x00: byte",
            b"",
        ]
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def head(path: str, lines: list[bytes]) -> bytes:
    return b"\r\n".join([f"GET {path} HTTP/1.1".encode(), *lines, b"", b""])


@given(first=paths, second=paths, lines=headers)
def test_a_block_of_headers_means_the_same_behind_any_path(
    loop: asyncio.AbstractEventLoop, first: str, second: str, lines: list[bytes]
) -> None:
    warm = Heads(SETTINGS, loop)
    warm.read(head(first, lines))
    assert warm.read(head(second, lines)) == Heads(SETTINGS, loop).read(head(second, lines))
    assert warm.read(head(first, lines)) == Heads(SETTINGS, loop).read(head(first, lines))


def test_a_block_that_was_read_once_is_not_parsed_again(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    lines = [b"Host: go.example", b"User-Agent: Mozilla/5.0"]
    first, second = heads.read(head("/a", lines)), heads.read(head("/b/c", lines))
    assert first is not None
    assert second is not None
    assert (first[0], second[0]) == ("/a", "/b/c")
    assert first[1] is second[1]


@pytest.mark.parametrize("personal", [b"Cookie: session=1", b"X-Forwarded-For: 203.0.113.1"])
def test_what_only_one_client_sends_is_not_kept(loop: asyncio.AbstractEventLoop, personal: bytes) -> None:
    heads = Heads(SETTINGS, loop)
    lines = [b"Host: go.example", personal]
    first, second = heads.read(head("/a", lines)), heads.read(head("/a", lines))
    assert first == second
    assert first is not None
    assert second is not None
    assert first[1] is not second[1]


def test_no_more_blocks_are_kept_than_there_is_room_for(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    for number in range(BLOCKS_KEPT + 10):
        heads.read(head("/a", [b"Host: go.example", b"User-Agent: %d" % number]))
    assert len(heads._blocks) == BLOCKS_KEPT


def test_another_version_or_method_is_left_to_the_parser(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    old = heads.read(b"GET /a HTTP/1.0\r\nHost: go.example\r\n\r\n")
    assert old is not None
    assert not old[1].http11
    assert heads.read(b"POST /a HTTP/1.1\r\nHost: go.example\r\n\r\n") is None
