import asyncio
from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.heads import BLOCK_BYTES, BLOCKS_KEPT, Heads
from redirector.serve.settings import ServeSettings

SETTINGS = ServeSettings.load({})

paths = st.from_regex(r"/[A-Za-z0-9_~./?=%&+-]{0,40}", fullmatch=True)
header = st.sampled_from(
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
)
headers = st.lists(header, max_size=6)


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


# As proxies and browsers write it; malformed, folded, not ASCII, empty, too long, oddly spelt.
of_one_client = st.sampled_from(
    [
        b"X-Forwarded-For: 203.0.113.1",
        b"X-Forwarded-For: 2001:db8::1, 203.0.113.2",
        b"x-forwarded-for: unknown ",
        b"X-FORWARDED-FOR: 203.0.113.3",
        b"X-Forwarded-For:203.0.113.4",
        b"X-Forwarded-For: \t203.0.113.5\t ",
        b"X-Forwarded-For: caf\xc3\xa9",
        b"X-Forwarded-For: \xff",
        b"X-Forwarded-For: 203.0.113.6\x00",
        b"X-Forwarded-For: 203.0.113.6\x7f",
        b"X-Forwarded-For: 203.0.113.7\n",
        b"X-Forwarded-For: 203.0.113.7\r",
        b"X-Forwarded-For: 203.0.113.7\nX-Real-IP: 203.0.113.7",
        b"X-Forwarded-For: 203.0.113.7\r\n 203.0.113.8",
        b"X-Forwarded-For: 203.0.113.7\r\n\t",
        b"X-Forwarded-For:",
        b"X-Forwarded-For: ",
        b"X-Forwarded-For : 203.0.113.9",
        b" X-Forwarded-For: 203.0.113.9",
        b"X-Forwarded-For: " + b"1" * 40,
        b"X-Forwarded-For: " + b"1" * 5000,
        b"X-Forwarded-For: " + b"1" * 9000,
        b"X-Forwarded-Fo: 203.0.113.9",
        b"X-Real-IP: 203.0.113.1",
        b"X-Real-Ip: 203.0.113.2",
        b"x-real-ip: 203.0.113.3\r\n x",
        b"X-Request-ID: 0123456789abcdef",
        b"x-request-id: ",
        b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678",
        b"CF-Connecting-IP: 203.0.113.1",
        b"cf-ray: 230b030023ae2822-SJC",
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        b"Forwarded: for=203.0.113.1",
        b"Cookie: a=b",
        b"cookie: a=\xff",
        b"Cookie: a=b; c=\x01",
        b"Accept-Language: de",
        b"Accept-Language: en-GB,en;q=0.5",
        b"accept-language: \xfc",
    ]
)
usual = st.sampled_from(
    [
        [b"Host: go.example"],
        [b"Host: go.example", b"User-Agent: Mozilla/5.0 Firefox/145.0", b"Accept: */*"],
        [b"host:go.example", b"Referer: https://example.com/page", b"DNT: 1", b"X-Purpose: preview"],
    ]
)
many_paths = st.sampled_from(["/a", "/b/c", "/" + "d" * 256, "/?e"])
inserted = st.lists(st.tuples(of_one_client | header, st.integers(0, 6)), max_size=3)
narrow = st.sampled_from(
    [SETTINGS, ServeSettings(max_headers=4), ServeSettings(max_field_bytes=50), ServeSettings(max_line_bytes=200)]
)


@hypothesis.settings(max_examples=1000)
@given(chosen=narrow, lines=usual, requests=st.lists(st.tuples(many_paths, inserted), min_size=2, max_size=10))
def test_what_was_read_before_changes_no_reading(
    loop: asyncio.AbstractEventLoop,
    chosen: ServeSettings,
    lines: list[bytes],
    requests: list[tuple[str, list[tuple[bytes, int]]]],
) -> None:
    warm = Heads(chosen, loop)
    for path, more in [("/a", []), *requests, *requests]:
        mixed = lines.copy()
        for line, at in more:
            mixed.insert(at, line)
        assert warm.read(head(path, mixed)) == Heads(chosen, loop).read(head(path, mixed))


def test_heads_that_differ_in_what_is_one_clients_own_are_parsed_once(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    asked = []
    for number in range(3):
        own = [
            b"X-Forwarded-For: 10.0.0.%d, 203.0.113.%d " % (number, number),
            b"X-Real-IP: 203.0.113.%d" % number,
            b"x-request-id: %032x" % number,
            b"Cookie: session=%d" % number,
            b"Accept-Language: de;q=0.%d" % number,
        ][: 5 - number]
        read = heads.read(head("/a", [b"Host: go.example", *own, b"User-Agent: Mozilla/5.0"]))
        assert read is not None
        assert read[2] == (f"10.0.0.{number}, 203.0.113.{number}",)
        asked.append(read[1])
    assert asked[0] is asked[1] is asked[2]


def test_the_values_of_several_headers_keep_their_order(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    heads.read(head("/a", [b"Host: go.example"]))
    read = heads.read(head("/a", [b"X-Forwarded-For: b", b"Host: go.example", b"x-forwarded-for: a"]))
    assert read is not None
    assert read[2] == ("b", "a")


@pytest.mark.parametrize(
    "own", [b"Cookie: s=secret", b"cookie:s=secret\xff", b"X-Forwarded-For: secret", b"x-Forwarded-FOR:secret"]
)
def test_what_only_one_client_sends_is_not_kept(loop: asyncio.AbstractEventLoop, own: bytes) -> None:
    heads = Heads(SETTINGS, loop)
    for lines in ([own], [own, b"Accept-Language: de"], [own, b"X-Real-IP: secret"]):
        for _ in range(3):
            assert heads.read(head("/a", [b"Host: go.example", *lines])) is not None
    assert b"secret" not in b"".join([*heads._blocks, *heads._rests])


def test_no_more_headers_are_let_through_by_a_block_that_was_read(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(ServeSettings(max_headers=4), loop)
    for number in (0, 3, 4, 3, 0):
        read = heads.read(head("/a", [b"Host: go.example", *[b"X-Real-IP: 203.0.113.1"] * number]))
        assert (read is None) == (number == 4)


def test_no_more_blocks_are_kept_than_there_is_room_for(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    for number in range(BLOCKS_KEPT + 10):
        for _ in range(2):
            heads.read(head("/a", [b"Host: go.example", b"User-Agent: %d" % number]))
    assert len(heads._blocks) == len(heads._rests) == BLOCKS_KEPT


def test_a_long_block_is_not_kept(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    for number in (1, 20):
        lines = [b"Host: go.example", *[b"X: " + b"y" * BLOCK_BYTES] * number]
        for _ in range(2):
            assert heads.read(head("/a", lines)) is not None
    assert not heads._rests
    assert not heads._blocks


def test_another_version_or_method_is_left_to_the_parser(loop: asyncio.AbstractEventLoop) -> None:
    heads = Heads(SETTINGS, loop)
    old = heads.read(b"GET /a HTTP/1.0\r\nHost: go.example\r\n\r\n")
    assert old is not None
    assert not old[1].http11
    assert heads.read(b"POST /a HTTP/1.1\r\nHost: go.example\r\n\r\n") is None
