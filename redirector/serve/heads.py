"""From the bytes of a request's head to what the fast lane needs of it, on aiohttp's parser."""

import asyncio
import re
from typing import Final, NamedTuple

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import istr

from redirector.serve.observed import Told, told_by
from redirector.serve.settings import ServeSettings

BLOCKS_KEPT: Final = 8192

_HOST: Final = istr("Host")
_EXPECT: Final = istr("Expect")
_FORWARDED_FOR: Final = istr("X-Forwarded-For")
_COOKIE: Final = istr("Cookie")
_PLAIN_LINE: Final = re.compile(rb"GET (/(?:[A-Za-z0-9_~-][A-Za-z0-9_~./-]{0,255})?) HTTP/1\.1\r\n")
"""Request lines of which it is certain, without asking the parser, that they are accepted, and as what."""


class Asked(NamedTuple):
    """What the headers of one plain GET say."""

    host: str
    http11: bool
    close: bool
    told: Told
    forwarded: tuple[str, ...]
    personal: bool
    """Whether they hold what no other client sends."""


class Heads:
    """Reads heads, each a whole request without a body.

    llhttp reads the headers of every `GET … HTTP/1.1` from the same state, whatever the path was. So a block of
    headers that was read once behind a plain request line means the same behind any other plain one, byte for
    byte, and is not parsed again. Blocks that belong to one client alone (cookies, a proxy's word) are not kept.
    """

    def __init__(self, settings: ServeSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._settings: Final = settings
        self._loop: Final = loop
        self._parser = self._new_parser()
        self._blocks: dict[bytes, Asked] = {}

    def read(self, head: bytes) -> tuple[str, Asked] | None:
        """The path, query and all, and what the headers say; None for anything but a plain GET."""
        plain = _PLAIN_LINE.match(head)
        if plain is None:
            return self._parse(head)
        block = head[plain.end() :]
        asked = self._blocks.get(block)
        if asked is not None:
            return plain[1].decode("ascii"), asked
        read = self._parse(head)
        if read is not None and not (read[1].close or read[1].personal):
            self._keep(block, read[1])
        return read

    def _keep(self, block: bytes, asked: Asked) -> None:
        if len(self._blocks) >= BLOCKS_KEPT:
            del self._blocks[next(iter(self._blocks))]
        self._blocks[block] = asked

    def _parse(self, head: bytes) -> tuple[str, Asked] | None:
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
        forwarded = tuple(headers.getall(_FORWARDED_FOR, ()))
        personal = bool(forwarded) or _COOKIE in headers
        return message.path, Asked(host, http11, message.should_close, told_by(headers), forwarded, personal)

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
