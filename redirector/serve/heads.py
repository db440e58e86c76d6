"""From the bytes of a request's head to what the fast lane needs of it, on llhttp as httptools gives it."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Final, TypeVar

import httptools
import msgspec

from redirector.serve.framing import percent_encoded
from redirector.serve.repeated_headers import FORWARDED_FOR, connection_ends, first_values
from redirector.serve.request_facts import HeaderFacts, Observer, text_of
from redirector.serve.settings import ServeSettings

BLOCKS_KEPT: Final = 4096
LAYOUTS_KEPT: Final = 512

_PLAIN_LINE: Final = re.compile(rb"GET (/(?:[A-Za-z0-9_~-][A-Za-z0-9_~./-]{0,255})?) HTTP/1\.1(?=\r\n)")
"""Request lines of which it is certain, without asking the parser, that they are accepted, and as what."""
_CONNECTION: Final = "connection"
_ORDINARY: Final = frozenset(
    {"content-length", "expect", "proxy-connection", "sec-websocket-key1", "transfer-encoding", "upgrade"}
)
"""What makes a GET more than a plain one: the ordinary lane's."""
_OWN_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", FORWARDED_FOR})
"""Of one client alone: a block with such a header is not kept."""

K = TypeVar("K")
V = TypeVar("V")


class HeaderBlock(msgspec.Struct, frozen=True, gc=False):
    """What the headers of one plain GET say, but for whom it was forwarded."""

    host: str
    http11: bool
    close: bool
    facts: HeaderFacts


class PlainGet(msgspec.Struct, frozen=True, gc=False):
    """The path, query and all, what the headers say, and the values of X-Forwarded-For in their order."""

    path: str
    block: HeaderBlock
    forwarded: tuple[str, ...] = ()


class _Layout(msgspec.Struct, frozen=True):
    """What the names of a head's headers mean, in their order and spelling: which values are read, and as what.

    `pick` takes the values of `read` from all, Host's first; those of `varying` are another client's each time.
    `plain`: otherwise it is the ordinary lane's. `own`: something in it is one client's alone.
    """

    plain: bool
    twice: bool
    own: bool
    read: tuple[str, ...]
    pick: Callable[[Mapping[bytes, bytes]], tuple[bytes, ...]]
    varying: tuple[tuple[str, bytes], ...]
    forwarded: bytes | None


class Heads:
    """Reads heads, each a whole request without a body.

    llhttp reads the headers of every `GET … HTTP/1.1` from the same state, whatever the path was. So a block of
    headers that was read once behind a plain request line means the same behind any other plain one, byte for
    byte, and is not parsed again. What is one client's own is not kept.

    Where a head is parsed, the parser calls nothing but methods of lists and dictionaries: names and values come
    together in C. What the names mean is remembered by all of them at once, what the values say by those read.
    """

    def __init__(self, settings: ServeSettings, observer: Observer) -> None:
        self._observer: Final = observer
        self._read_names: Final = frozenset({*observer.headers, _CONNECTION}) - observer.varying
        self._longest: Final = min(settings.max_field_bytes, settings.max_line_bytes)
        self._max_headers: Final = settings.max_headers
        self._blocks: Final[OrderedDict[bytes, HeaderBlock]] = OrderedDict()
        self._layouts: Final[OrderedDict[tuple[bytes, ...], _Layout]] = OrderedDict()
        self._same: Final[OrderedDict[tuple[object, ...], HeaderBlock]] = OrderedDict()
        """Blocks by the values that are read of them."""
        self._head: Final = _Head()
        self._feed = self._head.new_parser()

    def read(self, head: bytes, *, keep: bool) -> PlainGet | None:
        """What is wanted; None for anything but a plain GET that is well within the limits.

        `keep`: others may send the same headers, so look whether they did, and remember these. Behind a proxy
        that names each client, nobody does.
        """
        plain = _PLAIN_LINE.match(head) if keep else None
        if plain is not None:
            block = self._blocks.get(head[plain.end() :])
            if block is not None:
                return PlainGet(plain[1].decode(), block)
        end = head.find(b"\r\n")
        http11 = head.startswith(b" HTTP/1.1", end - 9)
        if not (http11 or head.startswith(b" HTTP/1.0", end - 9)) or not head.startswith(b"GET "):
            return None
        if not head.isascii() and not head[:end].isascii():
            head = percent_encoded(head[:end]) + head[end:]
        if len(head) > self._longest or not self._parse(head):
            return None
        plain_get = self._read_parsed(head, http11=http11, keep_as=head[plain.end() :] if plain else b"")
        if plain_get is None or plain_get.block.close:
            self._feed = self._head.new_parser()  # behind its connection's last request it takes no other
        return plain_get

    def _parse(self, head: bytes) -> bool:
        """Whether the head is one GET without a body.

        The parser serves all connections: it is fed whole requests only, and replaced whenever one could
        have left it in any state but its first.
        """
        self._head.clear()
        try:
            self._feed(head)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._feed = self._head.new_parser()
            return False
        if self._head.unfinished:
            self._feed = self._head.new_parser()
            return False
        return True

    def _read_parsed(self, head: bytes, *, http11: bool, keep_as: bytes) -> PlainGet | None:
        """What the parser said of a head. `keep_as`: its headers, remembered if they are no client's own."""
        values, url = self._head.values, self._head.url[0]
        count = head.count(b"\n") - 2
        if count > self._max_headers or not url.startswith(b"/"):
            return None
        forwarded: tuple[str, ...] = ()
        layout = self._layout(tuple(values))
        if layout.twice or len(values) != count:
            several = first_values(head)
            if several is None:
                return None
            values, forwarded = several
            layout = self._layout(tuple(values))
        if not layout.plain:
            return None
        picked = layout.pick(values)
        key = (http11, layout.read, picked)
        block = self._same.get(key)
        if block is None:
            block = self._block(dict(zip(layout.read, picked[1:], strict=True)), http11=http11)
            if not block.host:
                return None
            _add(self._same, key, block, BLOCKS_KEPT)
        if layout.varying:
            varying = {name: values[spelt] for name, spelt in layout.varying}
            block = HeaderBlock(block.host, http11, block.close, self._observer.vary(block.facts, varying))
        if layout.forwarded is not None and not forwarded:
            forwarded = (text_of(values[layout.forwarded]),)
        if keep_as and not (layout.own or block.close):
            _add(self._blocks, keep_as, block, BLOCKS_KEPT)
        return PlainGet(url.decode(), block, forwarded)

    def _layout(self, names: tuple[bytes, ...]) -> _Layout:
        layout = self._layouts.get(names)
        if layout is None:
            layout = self._new_layout(names)
            _add(self._layouts, names, layout, LAYOUTS_KEPT)
        return layout

    def _new_layout(self, names: tuple[bytes, ...]) -> _Layout:
        spelt = {name.lower().decode("latin-1"): name for name in reversed(names)}
        read = ["host", *(name for name in sorted(self._read_names) if name in spelt)]
        host = spelt.get("host", b"")
        return _Layout(
            plain=bool(host) and _ORDINARY.isdisjoint(spelt),
            twice=len(spelt) < len(names),
            own=not _OWN_HEADERS.isdisjoint(spelt),
            read=tuple(read),
            # Twice Host's: of one name alone, itemgetter makes no tuple.
            pick=itemgetter(host, host, *(spelt[name] for name in read[1:])),
            varying=tuple((name, spelt[name]) for name in self._observer.varying if name in spelt),
            forwarded=spelt.get(FORWARDED_FOR),
        )

    def _block(self, values: dict[str, bytes], *, http11: bool) -> HeaderBlock:
        host = text_of(values.pop("host"))
        close = connection_ends(values.pop(_CONNECTION, None), http11=http11)
        facts = self._observer.facts({name: text_of(one) for name, one in values.items()})
        return HeaderBlock(host, http11, close, facts)


class _Head:
    """What the parser says of the head at hand: the first value of each header, as it is spelt."""

    def __init__(self) -> None:
        self.url: Final[list[bytes]] = []
        self.values: Final[dict[bytes, bytes]] = {}
        self.unfinished: Final[list[None]] = []
        """Empty once the request has ended. That it ends twice, the parser gets an error for."""
        self.on_url: Final = self.url.append
        self.on_header: Final = self.values.setdefault
        self.on_message_complete: Final = self.unfinished.pop

    def new_parser(self) -> Callable[[bytes], None]:
        """What takes the bytes of a request, in its first state."""
        feed: Callable[[bytes], None] = httptools.HttpRequestParser(self).feed_data
        return feed

    def clear(self) -> None:
        """Be ready for another head."""
        self.url.clear()
        self.values.clear()
        if not self.unfinished:
            self.unfinished.append(None)


def _add(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    if len(kept) >= most:
        kept.popitem(last=False)
    kept[key] = value
