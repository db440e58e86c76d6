"""The fast lane: plain GETs of links and pixels, on aiohttp's parser without its objects per request.

Each head is given to the parser alone. What the parser calls anything but one plain GET goes, with the very
bytes, to the ordinary lane, which keeps the connection: so the fast lane never decides what is malformed.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from redirector.serve import answers
from redirector.serve.answers import Answer, Tails
from redirector.serve.connections import Connections
from redirector.serve.door import OUTCOME_OF, Door, event_of
from redirector.serve.fast_connection import FastConnection
from redirector.serve.heads import Asked, Heads
from redirector.serve.lookup import Prepared, is_pixel_path
from redirector.serve.observed import observed_of
from redirector.serve.settings import ServeSettings
from schemas.links import RESERVED_PREFIXES, RESERVED_SLUGS, LinkError

_SETTLE_AFTER: Final = 64
"""Answers that may wait for each other's append: keeps the first of a busy turn from waiting for the last."""

_RESERVED_PATHS: Final = tuple("/" + prefix for prefix in RESERVED_PREFIXES)
_UNKNOWN_HEAD: Final = answers.head_bytes(answers.UNKNOWN)
_EXPIRED_HEAD: Final = answers.head_bytes(answers.EXPIRED)


class FastLane:
    """What the fast connections of a process share: the parser, this turn's answers, the handover.

    Events of one turn of the event loop are appended in one write; then every waiting connection gets its
    answers in one write each.
    """

    def __init__(
        self,
        door: Door,
        connections: Connections,
        settings: ServeSettings,
        *,
        loop: asyncio.AbstractEventLoop,
        ordinary: Callable[[], asyncio.Protocol],
    ) -> None:
        self.connections: Final = connections
        self.settings: Final = settings
        self.ordinary: Final = ordinary
        self.door: Final = door
        self._loop: Final = loop
        self._outcomes: Final = door.counts.outcomes
        self._heads = Heads(settings, loop)
        self._second = 0
        self._tails = Tails(0)
        self._to_answer: list[FastConnection] = []
        self._count = 0
        door.recorder.settles(self._send)

    def connection(self) -> FastConnection:
        """A protocol for a new connection."""
        return FastConnection(self)

    def take(self, head: bytes, connection: FastConnection) -> bool:
        """Answer one request, given its head with the empty line. False: it is the ordinary lane's."""
        read = self._heads.read(head)
        if read is None:
            return False
        path, asked, forwarded = read
        door = self.door
        now_ms = door.clock()
        try:
            found = door.lookup.find(asked.host, path, now_ms)
        except LinkError:
            return False
        if found is None:
            if _is_ours(path) or not door.lookup.loaded():
                return False
            self._outcomes["unknown_slug"] += 1
            self._answer(connection, asked, now_ms, _UNKNOWN_HEAD, answers.UNKNOWN)
        elif now_ms >= found.expires_at_ms:
            self._outcomes["expired"] += 1
            self._answer(connection, asked, now_ms, _EXPIRED_HEAD, answers.EXPIRED)
        else:
            self._count_and_answer(connection, asked, forwarded, now_ms, found)
        return True

    def settle(self) -> None:
        """Append this turn's events and send the answers, now."""
        self.door.recorder.settle()

    def _count_and_answer(
        self, connection: FastConnection, asked: Asked, forwarded: Sequence[str], now_ms: int, found: Prepared
    ) -> None:
        door = self.door
        address = connection.peer
        if connection.trusted_peer:
            address = door.proxies.client(address, forwarded)
        observed = observed_of(asked.told, address, now_ms, door.visitors)
        recorder = door.recorder
        recorder.add(event_of(found, observed, now_ms, recorder.next_seq()))
        self._outcomes[OUTCOME_OF[found.kind]] += 1
        self._answer(connection, asked, now_ms, found.head, found.answer)

    def _answer(self, connection: FastConnection, asked: Asked, now_ms: int, head: bytes, answer: Answer) -> None:
        second = now_ms // 1000
        if second != self._second:
            self._second = second
            self._tails = Tails(second)
        close = asked.close or self.connections.stopping
        if asked.http11:
            response = head + (self._tails.close11 if close else self._tails.keep11)
        else:
            response = answers.as_http10(head) + (self._tails.close10 if close else self._tails.keep10)
        if answer.body:
            response += answer.body
        connection.closing = close
        if not connection.answers:
            if not self._to_answer:
                self._loop.call_soon(self.settle)
            self._to_answer.append(connection)
        connection.answers.append(response)
        self._count += 1
        if self._count >= _SETTLE_AFTER:
            self.settle()

    def _send(self, kept: bool) -> None:
        waiting, self._to_answer, self._count = self._to_answer, [], 0
        for connection in waiting:
            connection.send(kept=kept)


def _is_ours(path: str) -> bool:
    """Whether a path that is no link's is one that the redirector answers itself, in the ordinary lane."""
    path = path.partition("?")[0]
    if is_pixel_path(path):
        return False
    return path[1:] in RESERVED_SLUGS or path.startswith(_RESERVED_PATHS)
