"""The fast lane reads a head as aiohttp's parser does, or leaves it to it."""

import asyncio
from collections.abc import Iterator

import hypothesis
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser
from aiohttp.streams import EMPTY_PAYLOAD
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.addresses import Addresses
from redirector.serve.framing import percent_encoded
from redirector.serve.heads import BLOCKS_KEPT, LAYOUTS_KEPT, HeaderBlock, Heads, PlainGet
from redirector.serve.request_facts import Observer
from redirector.serve.settings import ServeSettings
from redirector.serve.visitors import Visitors
from redirector.visitor_key.day_key import DayKey

SETTINGS = ServeSettings.load({})
OBSERVER = Observer(
    Visitors(DayKey(day=0, key=bytes(32))), Addresses(), country_header="CF-IPCountry", scan_parameter="qr"
)

paths = st.from_regex(r"/[A-Za-z0-9_~./?=%&+#\[\]{}|é-]{0,40}", fullmatch=True)
header = st.sampled_from(
    [
        b"Host: go.example",
        b"Host: other.example",
        b"host:go.example:8080",
        b"HOST: go.example ",
        b"Host:",
        b"User-Agent: Mozilla/5.0 Firefox/145.0",
        b"USER-agent: caf\xc3\xa9 \xff",
        b"User-Agent:",
        b"Referer: https://example.com/page?secret=1#part",
        b"Referer: second",
        b"DNT: 1",
        b"Sec-GPC: 1",
        b"Sec-Purpose: prefetch;prerender",
        b"X-Moz: prefetch",
        b"Connection: close",
        b"Connection: keep-alive",
        b"connection: Close, x",
        b"Connection: upgrade",
        b"Upgrade: h2c",
        b"Upgrade: websocket",
        b"Content-Length: 0",
        b"Content-Length: 5",
        b"Content-Type: text/plain",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Expect: 100-continue",
        b"Cookie: a=b",
        b"X-Forwarded-For: 203.0.113.1, 10.0.0.1",
        b"x-forwarded-for:\t203.0.113.2\t ",
        b"X-FORWARDED-FOR: caf\xc3\xa9",
        b"X-Forwarded-For: 203.0.113.6\x00",
        b"X-Forwarded-For: 203.0.113.6\x7f",
        b"X-Forwarded-For: 203.0.113.7\n",
        b"X-Forwarded-For: 203.0.113.7\r",
        b"X-Forwarded-For: 203.0.113.7\r\n 203.0.113.8",
        b"X-Forwarded-For : 203.0.113.9",
        b"X-Real-IP: 203.0.113.1",
        b"CF-IPCountry: de",
        b"cf-ray: 230b030023ae2822-SJC",
        b"Sec-WebSocket-Key1: x",
        b"ETag: x",
        b"Accept-Language: en-GB,en;q=0.5",
        b"accept-language: \xfc",
        b"Accept: */*",
        b"X-Long: " + b"x" * 5000,
        b"X-Long: " + b"x" * 9000,
        b" folded",
        b"No colon",
        b"Bad\x00: byte",
        b"H\xc3\xb6st: a",
        b"",
    ]
)
headers = st.lists(header, max_size=7)
versions = st.sampled_from(
    [b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b""]
)
narrow = st.sampled_from(
    [SETTINGS, ServeSettings(max_headers=4), ServeSettings(max_field_bytes=50), ServeSettings(max_line_bytes=200)]
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def head(path: str, lines: list[bytes], version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b"GET %b %b" % (path.encode(), version), *lines, b"", b""])


def read(heads: Heads, raw: bytes) -> PlainGet | None:
    return heads.read(raw, keep=True)


def as_aiohttp_reads(raw: bytes, settings: ServeSettings, loop: asyncio.AbstractEventLoop) -> PlainGet | None:
    """The head as the ordinary lane would read it, None for what is not one plain GET."""
    parser = HttpRequestParser(
        BaseProtocol(loop),
        loop,
        2**16,
        max_line_size=settings.max_line_bytes,
        max_field_size=settings.max_field_bytes,
        max_headers=settings.max_headers,
    )
    line, newline, rest = raw.partition(b"\r\n")
    try:
        messages, upgraded, _ = parser.feed_data(percent_encoded(line) + newline + rest)
    except (HttpProcessingError, ValueError):
        return None
    if len(messages) != 1 or upgraded:
        return None
    message, payload = messages[0]
    if message.method != "GET" or payload is not EMPTY_PAYLOAD or message.upgrade or message.chunked:
        return None
    if message.version not in (HttpVersion10, HttpVersion11):
        return None
    facts = OBSERVER.facts({name: message.headers[name] for name in OBSERVER.headers if name in message.headers})
    http11 = message.version == HttpVersion11
    block = HeaderBlock(message.headers.get("Host", ""), http11, message.should_close, facts)
    return PlainGet(message.path, block, tuple(message.headers.getall("X-Forwarded-For", ())))


@hypothesis.settings(max_examples=1500)
@given(
    chosen=narrow,
    requests=st.lists(st.tuples(paths, headers, versions), min_size=1, max_size=6),
)
def test_what_is_read_is_what_aiohttp_reads(
    loop: asyncio.AbstractEventLoop, chosen: ServeSettings, requests: list[tuple[str, list[bytes], bytes]]
) -> None:
    heads = Heads(chosen, OBSERVER)
    usual = ("/a", [b"Host: go.example", b"User-Agent: x"], b"HTTP/1.1")
    for path, lines, version in [usual, *requests, usual, *requests]:
        raw = head(path, lines, version)
        wanted = as_aiohttp_reads(raw, chosen, loop)
        for keep in (True, False):
            got = heads.read(raw, keep=keep)
            assert got is None or got == wanted
    assert (read(heads, head(*usual[:2])) is None) == (chosen.max_field_bytes == 50)


@pytest.mark.parametrize(
    "lines",
    [
        [
            b"Host: go.example",
            b"User-Agent: Mozilla/5.0",
            b"Accept: */*",
            b"DNT: 1",
            b"Referer: https://a.example/",
        ],
        [b"host: go.example", b"Connection: close"],
        [b"Host: go.example", b"Cookie: a=b", b"X-Forwarded-For: 203.0.113.1", b"x-forwarded-for: 203.0.113.2"],
        [b"Host: go.example", b"CF-IPCountry: DE", b"cf-ray: 1", b"Accept-Language: de-AT, en"],
    ],
)
@pytest.mark.parametrize("path", ["/", "/launch", "/launch?utm_source=x&y", "/\u00fc?\u00f6"])
def test_what_browsers_and_proxies_send_is_read_here(
    loop: asyncio.AbstractEventLoop, lines: list[bytes], path: str
) -> None:
    heads, raw = Heads(SETTINGS, OBSERVER), head(path, lines)
    wanted = as_aiohttp_reads(raw, SETTINGS, loop)
    assert wanted is not None
    assert [read(heads, raw), read(heads, raw), heads.read(raw, keep=False)] == [wanted] * 3


def test_a_block_that_was_read_once_is_not_parsed_again() -> None:
    heads = Heads(SETTINGS, OBSERVER)
    lines = [b"Host: go.example", b"User-Agent: Mozilla/5.0"]
    first, second = read(heads, head("/a", lines)), read(heads, head("/b/c", lines))
    assert first is not None
    assert second is not None
    assert (first.path, second.path) == ("/a", "/b/c")
    assert first.block is second.block


def test_the_values_of_several_headers_keep_their_order() -> None:
    heads = Heads(SETTINGS, OBSERVER)
    got = read(heads, head("/a", [b"X-Forwarded-For: b", b"Host: go.example", b"x-forwarded-for: a"]))
    assert got is not None
    assert got.forwarded == ("b", "a")


@pytest.mark.parametrize(
    "own", [b"Cookie: s=secret", b"cookie:s=secret\xff", b"X-Forwarded-For: secret", b"AUTHORIZATION: secret"]
)
def test_what_only_one_client_sends_is_not_kept(own: bytes) -> None:
    heads = Heads(SETTINGS, OBSERVER)
    for lines in ([own], [own, b"Accept-Language: de"], [own, own]):
        for _ in range(3):
            assert read(heads, head("/a", [b"Host: go.example", *lines])) is not None
    assert b"secret" not in b"".join(heads._blocks)
    assert "secret" not in repr(heads._same)


@pytest.mark.parametrize("many", [3, 4])
def test_as_many_headers_are_read_as_are_allowed(many: int) -> None:
    heads = Heads(ServeSettings(max_headers=4), OBSERVER)
    raw = head("/a", [b"Host: go.example", *[b"X-Real-IP: 203.0.113.1"] * many])
    assert (read(heads, raw) is None) == (many == 4)


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_head_within_the_limit_of_a_line_is_read_and_a_longer_one_left(beyond: int) -> None:
    raw = head("/a", [b"Host: go.example", b"X: "])
    padded = head("/a", [b"Host: go.example", b"X: " + b"y" * (SETTINGS.max_field_bytes - len(raw) + beyond)])
    assert (read(Heads(SETTINGS, OBSERVER), padded) is None) == bool(beyond)


def test_no_more_blocks_and_names_are_kept_than_there_is_room_for() -> None:
    heads = Heads(SETTINGS, OBSERVER)
    for number in range(LAYOUTS_KEPT + 10):
        heads.read(head("/a", [b"Host: go.example", b"X-%d: a" % number]), keep=True)
    for number in range(BLOCKS_KEPT + 10):
        heads.read(head("/a", [b"Host: go.example", b"User-Agent: %d" % number]), keep=True)
    assert (len(heads._blocks), len(heads._same), len(heads._layouts)) == (BLOCKS_KEPT, BLOCKS_KEPT, LAYOUTS_KEPT)
    assert read(heads, head("/a", [b"hOST: go.example", b"uSER-aGENT: x"])) is not None


@pytest.mark.parametrize(
    "left",
    [
        [b"Host: go.example", b"Host: other.example", b"Connection: close"],
        [b"Connection: close"],
        [b"Host: go.example", b"Connection: close", *[b"X: y"] * 200],
        [b"Host: go.example", b"Connection: close", b"Content-Length: 0"],
    ],
)
def test_the_request_behind_one_that_was_left_is_read(left: list[bytes]) -> None:
    heads = Heads(SETTINGS, OBSERVER)
    assert read(heads, head("/a", left)) is None
    assert read(heads, head("/b", [b"Host: go.example"])) is not None


def test_another_method_is_left_and_another_version_read() -> None:
    heads = Heads(SETTINGS, OBSERVER)
    old = read(heads, b"GET /a HTTP/1.0\r\nHost: go.example\r\n\r\n")
    assert old is not None
    assert (old.block.http11, old.block.close) == (False, True)
    assert read(heads, b"POST /a HTTP/1.1\r\nHost: go.example\r\n\r\n") is None
    assert read(heads, b"GET http://go.example/a HTTP/1.1\r\nHost: go.example\r\n\r\n") is None
