"""The fast lane: plain GETs of links and pixels, on aiohttp's parser without its objects per request.

Each head is given to the parser alone. What the parser calls anything but one plain GET goes, with the very
bytes, to the ordinary lane, which keeps the connection: so the fast lane never decides what is malformed.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from redirector.serve import answers
from redirector.serve.answers import Tails
from redirector.serve.connections import Connections
from redirector.serve.door import Door
from redirector.serve.fast_connection import FastConnection, Lane
from redirector.serve.heads import HeaderBlock, Heads
from redirector.serve.lookup import UNKNOWN, Choice, is_pixel_path
from redirector.serve.settings import ServeSettings
from redirector.serve.turn import Turn
from schemas.events import Event
from schemas.links import RESERVED_PREFIXES, RESERVED_SLUGS, LinkError

_RESERVED_PATHS: Final = tuple("/" + prefix for prefix in RESERVED_PREFIXES)


class FastLane:
    """What the fast connections of a process share: the parser, this turn's answers, the way out."""

    def __init__(
        self,
        door: Door,
        connections: Connections,
        settings: ServeSettings,
        *,
        loop: asyncio.AbstractEventLoop,
        ordinary: Callable[[], asyncio.Protocol],
    ) -> None:
        self._door: Final = door
        self._connections: Final = connections
        self._heads: Final = Heads(settings, door.observer)
        self._turn: Final = Turn(door.recorder, door.counts, door.latency, call_soon=loop.call_soon)
        self.settle: Final = self._turn.settle
        self._lane: Final = Lane(
            take=self.take,
            settle=self.settle,
            ordinary=ordinary,
            connections=connections,
            settings=settings,
            proxies=door.proxies,
            counts=door.counts,
        )
        self._second = 0
        self._tails = Tails(0)

    def connection(self) -> FastConnection:
        """A protocol for a new connection."""
        return FastConnection(self._lane)

    def take(self, head: bytes, connection: FastConnection) -> bool:
        """Answer one request, given its head with the empty line. False: it is the ordinary lane's."""
        read = self._heads.read(head, keep=not connection.trusted_peer)
        if read is None:
            return False
        path, block, forwarded = read
        door = self._door
        now_ms = door.clock()
        try:
            prepared = door.lookup.find(block.host, path, now_ms)
        except LinkError:
            return False
        if prepared is None:
            if _is_ours(path) or not door.lookup.loaded():
                return False
            self._answer(connection, block, now_ms, UNKNOWN, None)
        else:
            address = connection.peer
            if connection.trusted_peer:
                address = door.proxies.client(address, forwarded)
            query = path.partition("?")[2] if "?" in path else ""
            trusted = connection.trusted_peer
            observed = door.observer.observe(block.facts, address, query, now_ms, trusted_peer=trusted)
            choice, event = door.visit(prepared, observed, now_ms)
            self._answer(connection, block, now_ms, choice, event)
        return True

    def _answer(
        self, connection: FastConnection, block: HeaderBlock, now_ms: int, choice: Choice, event: Event | None
    ) -> None:
        second = now_ms // 1000
        if second != self._second:
            self._second = second
            self._tails = Tails(second)
        close = block.close or self._connections.stopping
        if block.http11:
            response = choice.head + (self._tails.close11 if close else self._tails.keep11)
        else:
            response = answers.as_http10(choice.head) + (self._tails.close10 if close else self._tails.keep10)
        if choice.answer.body:
            response += choice.answer.body
        connection.closing = close
        self._turn.add(connection, response, choice.outcome, event)


def _is_ours(path: str) -> bool:
    """Whether a path that is no link's is one that the redirector answers itself, in the ordinary lane."""
    path = path.partition("?")[0]
    if is_pixel_path(path):
        return False
    return path[1:] in RESERVED_SLUGS or path.startswith(_RESERVED_PATHS)
