"""From the bytes of a request's head to what the fast lane needs of it, on aiohttp's parser."""

import asyncio
import re
from typing import Final, NamedTuple, TypeVar

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import istr

from redirector.serve.observed import Told, told_by
from redirector.serve.settings import ServeSettings

BLOCKS_KEPT: Final = 8192
BLOCK_BYTES: Final = 4096
"""Longer blocks are parsed each time: what is kept has a bound."""

_HOST: Final = istr("Host")
_EXPECT: Final = istr("Expect")
_FORWARDED_FOR: Final = istr("X-Forwarded-For")
_PATH_BYTES: Final = 257
_PLAIN_LINE: Final = re.compile(rb"GET (/(?:[A-Za-z0-9_~-][A-Za-z0-9_~./-]{0,255})?) HTTP/1\.1\r\n")
"""Request lines of which it is certain, without asking the parser, that they are accepted, and as what."""

_CUT: Final = re.compile(
    rb"""\r\n(?:
    [Xx]-(?:[Ff]orwarded-[Ff]or:\ (VALUE)
        |[Rr]e(?:al-(?:I[Pp]|ip)|quest-(?:I[Dd]|id)):\ VALUE
        |[Aa]mzn-[Tt]race-[Ii]d:\ VALUE
        |[Cc](?:lient-(?:I[Pp]|ip)|orrelation-(?:I[Dd]|id)|loud-[Tt]race-[Cc]ontext):\ VALUE)
    |[Aa]ccept-[Ll]anguage(:\ )VALUE
    |[Cc](?:ookie|[Ff]-(?:[Cc]onnecting-(?:I[Pp]|ip)|R[Aa][Yy]|ray)):\ VALUE
    |[Ff]orwarded:\ VALUE
    |[Tt]r(?:ace(?:parent|state)|ue-[Cc]lient-(?:I[Pp]|ip)):\ VALUE
    )(?=\r\n[^\ \t])""".replace(b"VALUE", rb"[!-~][ -~]*+"),
    re.VERBOSE,
)
"""Whole lines of which it is certain, without asking the parser, that they are accepted and change nothing else.

Spelt as proxies and browsers spell them; most are one client's or request's own, and nobody here reads any but
X-Forwarded-For. Groups: its value; something where the line is of many values, but nobody's own. Names are sorted
by their first letters because the engine tries one branch after the other.
"""
_STRIDE: Final = 1 + _CUT.groups
_NOT_KEPT: Final = (None, 0)

V = TypeVar("V")


class Asked(NamedTuple):
    """What the headers of one plain GET say, but for whom it was forwarded."""

    host: str
    http11: bool
    close: bool
    told: Told


Read = tuple[str, Asked, tuple[str, ...]]
"""The path, query and all, what the headers say, and the values of X-Forwarded-For. Bare: made for every click."""


class Heads:
    """Reads heads, each a whole request without a body.

    llhttp reads the headers of every `GET … HTTP/1.1` from the same state, whatever the path was. So a block of
    headers that was read once behind a plain request line means the same behind any other plain one, byte for
    byte, and is not parsed again. Nor does a plain line of a header that nothing here depends on leave a trace
    in the parser, but for being counted: so blocks that differ in such lines alone are read alike. What belongs
    to one client (cookies, a proxy's word) is cut out of what is kept, or the block is not kept.
    """

    def __init__(self, settings: ServeSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._settings: Final = settings
        self._loop: Final = loop
        self._parser = self._new_parser()
        # No field of a block this short is too long. Where a plain path can be, the parser sees all.
        self._longest: Final = min(BLOCK_BYTES, settings.max_field_bytes) * (settings.max_line_bytes >= _PATH_BYTES)
        self._blocks: dict[bytes, Asked] = {}
        self._rests: dict[bytes, tuple[Asked | None, int]] = {}
        """Blocks after the cut, and how many of the cut lines they may be read with."""

    def read(self, head: bytes) -> Read | None:
        """What is asked for; None for anything but a plain GET."""
        plain = _PLAIN_LINE.match(head)
        if plain is None:
            return self._parse(head)
        block = head[plain.end() - 2 :]  # from the end of the line before on: so each of its lines starts alike
        asked = self._blocks.get(block)
        if asked is not None:
            return plain[1].decode(), asked, ()
        if len(block) > self._longest:
            return self._parse(head)
        parts = _CUT.split(block)
        rest = b"".join(parts[::_STRIDE])
        forwarded = [*filter(None, parts[1::_STRIDE])]
        asked, room = self._rests.get(rest, _NOT_KEPT)
        if asked is None or room < len(parts) // _STRIDE:
            return self._parse_and_keep(head, rest, len(forwarded))
        if forwarded:
            return plain[1].decode(), asked, tuple([value.rstrip().decode() for value in forwarded])
        if None not in parts[2::_STRIDE]:
            _add(self._blocks, block, asked)
        return plain[1].decode(), asked, ()

    def _parse_and_keep(self, head: bytes, rest: bytes, cut_forwarded: int) -> Read | None:
        read = self._parse(head)
        if read is None:
            return None
        _, asked, forwarded = read
        if not asked.close and len(forwarded) == cut_forwarded and b"\ncookie:" not in rest.lower():
            lines = rest.count(b"\n") - 2
            _add(self._rests, rest, (asked, self._settings.max_headers - lines))
        return read

    def _parse(self, head: bytes) -> Read | None:
        message = self._message(head)
        if message is None:
            return None
        headers = message.headers
        host = headers.get(_HOST)
        http11 = message.version == HttpVersion11
        if not (http11 or message.version == HttpVersion10):
            return None
        if not host or message.path[0] != "/" or _EXPECT in headers:
            return None
        asked = Asked(host, http11, message.should_close, told_by(headers))
        return message.path, asked, tuple(headers.getall(_FORWARDED_FOR, ()))

    def _message(self, head: bytes) -> RawRequestMessage | None:
        """The head as one plain GET without a body, or None.

        The parser serves all connections: it is fed whole requests only, and replaced whenever one could
        have left it in any state but its first.
        """
        try:
            messages, upgraded, _ = self._parser.feed_data(head)
        except (HttpProcessingError, ValueError):
            self._parser = self._new_parser()
            return None
        if len(messages) == 1 and not upgraded:
            message, payload = messages[0]
            if message.method == "GET" and payload is EMPTY_PAYLOAD and not message.upgrade and not message.chunked:
                if message.should_close:
                    self._parser = self._new_parser()
                return message
        self._parser = self._new_parser()
        return None

    def _new_parser(self) -> HttpRequestParser:
        return HttpRequestParser(
            BaseProtocol(self._loop),  # for bodies, which are never read here
            self._loop,
            2**16,
            max_line_size=self._settings.max_line_bytes,
            max_field_size=self._settings.max_field_bytes,
            max_headers=self._settings.max_headers,
        )


def _add(kept: dict[bytes, V], key: bytes, value: V) -> None:
    if len(kept) >= BLOCKS_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
