"""From the bytes of a request's head to what the fast lane needs of it, on llhttp as httptools gives it."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

import httptools
import msgspec

from redirector.serve.framing import percent_encoded
from redirector.serve.request_facts import HeaderFacts, Observer
from redirector.serve.settings import ServeSettings

BLOCKS_KEPT: Final = 2048
NAMES_KEPT: Final = 4096

_PLAIN_LINE: Final = re.compile(rb"GET (/(?:[A-Za-z0-9_~-][A-Za-z0-9_~./-]{0,255})?) HTTP/1\.1(?=\r\n)")
"""Request lines of which it is certain, without asking the parser, that they are accepted, and as what."""
_FORWARDED_FOR: Final = "x-forwarded-for"
_ORDINARY: Final = frozenset({"content-length", "expect", "sec-websocket-key1", "transfer-encoding", "upgrade"})
"""What makes a GET more than a plain one: the ordinary lane's."""
_ONCE: Final = frozenset(
    {"content-location", "content-range", "content-type", "etag", "host", "max-forwards", "server", "user-agent"}
)
"""Of which a second one is refused: by the ordinary lane, where what is malformed is decided."""
_OWN_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Of one client alone: a block with such a header is not kept."""

K = TypeVar("K")

_NOTHING: Final = ""
_OWN: Final = "?"
"""What a header's name means: itself in lower case if it is read, nothing, or that it is a client's own."""


class HeaderBlock(msgspec.Struct, frozen=True):
    """What the headers of one plain GET say, but for whom it was forwarded."""

    host: str
    http11: bool
    close: bool
    facts: HeaderFacts


PlainGet = tuple[str, HeaderBlock, tuple[str, ...]]
"""The path, query and all, what the headers say, and the values of X-Forwarded-For. Bare: made for every click."""


class Heads:
    """Reads heads, each a whole request without a body.

    llhttp reads the headers of every `GET … HTTP/1.1` from the same state, whatever the path was. So a block of
    headers that was read once behind a plain request line means the same behind any other plain one, byte for
    byte, and is not parsed again. What is one client's own is not kept.
    """

    def __init__(self, settings: ServeSettings, observer: Observer) -> None:
        self._facts: Final = observer.facts
        self._read_names: Final = frozenset({*observer.headers, *_ONCE, *_ORDINARY, _FORWARDED_FOR})
        self._longest: Final = min(settings.max_field_bytes, settings.max_line_bytes)
        self._max_headers: Final = settings.max_headers
        self._meanings: dict[bytes, str] = {}
        self._blocks: dict[bytes, HeaderBlock] = {}
        self._same: dict[tuple[object, ...], HeaderBlock] = {}
        """Blocks by the values that are read of them."""
        # What the parser says of the head at hand.
        self._url: Final[list[bytes]] = []
        self._values: Final[dict[str, bytes]] = {}
        self._again: Final[list[tuple[str, bytes]]] = []
        self._ended: Final[list[bool]] = []
        self.on_url: Final = self._url.append
        self.on_header: Final = self._reader()
        self._parser = httptools.HttpRequestParser(self)

    def read(self, head: bytes, *, keep: bool) -> PlainGet | None:
        """What is asked for; None for anything but a plain GET that is well within the limits.

        `keep`: others may send the same headers, so look whether they did, and remember these. Behind a proxy
        that names each client, nobody does.
        """
        plain = _PLAIN_LINE.match(head) if keep else None
        if plain is not None:
            end = plain.end()
            block = self._blocks.get(head[end:])
            if block is not None:
                return plain[1].decode(), block, ()
            http11 = True
        else:
            end = head.find(b"\r\n")
            line = head[:end]
            http11 = line.endswith(b" HTTP/1.1")
            if not (http11 or line.endswith(b" HTTP/1.0")):
                return None
            if not line.isascii():
                head = percent_encoded(line) + head[end:]
        if len(head) > self._longest or not self._parse(head):
            return None
        return self._read_parsed(http11=http11, lines=head[end:] if plain else b"", count=head.count(b"\n") - 2)

    def _read_parsed(self, *, http11: bool, lines: bytes, count: int) -> PlainGet | None:
        """What the parser said of a head of `count` headers; `lines` are to be kept if there are any."""
        values, again, url = self._values, self._again, self._url[0]
        host = values.pop("host", b"")
        if not host or url[:1] != b"/" or count > self._max_headers:
            return None
        if not _ORDINARY.isdisjoint(values) or (again and any(name in _ONCE for name, _ in again)):
            return None
        own = values.pop(_OWN, None) is not None
        forwarded: tuple[str, ...] = ()
        if (first := values.pop(_FORWARDED_FOR, None)) is not None:
            own = True
            forwarded = (_text(first), *[_text(value) for name, value in again if name == _FORWARDED_FOR])
        close = not self._ended[0]
        said = (http11, close, host, *values, *values.values())
        block = self._same.get(said)
        if block is None:
            facts = self._facts({name: _text(value) for name, value in values.items()})
            block = HeaderBlock(_text(host), http11, close, facts)
            _add(self._same, said, block)
        if lines and not (own or close):
            _add(self._blocks, lines, block)
        return url.decode(), block, forwarded

    def on_message_complete(self) -> None:
        """llhttp has read a request to its end."""
        self._ended.append(self._parser.should_keep_alive())

    def _reader(self) -> Callable[[bytes, bytes], None]:
        """What llhttp calls for each header. A closure: its names cost half of what attributes do."""
        meaning_of, learn = self._meanings.get, self._meaning
        values, again = self._values, self._again

        def on_header(name: bytes, value: bytes) -> None:
            meaning = meaning_of(name)
            if meaning is None:
                meaning = learn(name)
            if meaning:
                if meaning in values:
                    again.append((meaning, value))
                else:
                    values[meaning] = value

        return on_header

    def _parse(self, head: bytes) -> bool:
        """Whether the head is one GET without a body.

        The parser serves all connections: it is fed whole requests only, and replaced whenever one could
        have left it in any state but its first.
        """
        if not head.startswith(b"GET "):
            return False
        self._url.clear()
        self._values.clear()
        self._again.clear()
        self._ended.clear()
        try:
            self._parser.feed_data(head)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._ended.clear()
        if len(self._ended) == 1 and self._ended[0]:
            return True
        self._parser = httptools.HttpRequestParser(self)
        return len(self._ended) == 1

    def _meaning(self, name: bytes) -> str:
        """What a header's name means here, however it is spelt; remembered as long as there is room."""
        lower = name.lower().decode("latin-1")
        meaning = _OWN if lower in _OWN_HEADERS else _NOTHING
        if lower in self._read_names:
            meaning = lower
        if len(self._meanings) < NAMES_KEPT:
            self._meanings[name] = meaning
        return meaning


def _add(kept: dict[K, HeaderBlock], key: K, block: HeaderBlock) -> None:
    if len(kept) >= BLOCKS_KEPT:
        del kept[next(iter(kept))]
    kept[key] = block


def _text(value: bytes) -> str:
    """A header's value as aiohttp reads it: spaces behind it are none of it."""
    return value.rstrip(b" \t").decode("utf-8", "surrogateescape")
