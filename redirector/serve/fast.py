"""The fast lane: plain GETs of links and pixels, without aiohttp's objects per request.

Each head is given to the parser alone. What the parser calls anything but one plain GET goes, with the very
bytes, to the ordinary lane, which keeps the connection: so the fast lane never decides what is malformed.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from redirector.serve import answers
from redirector.serve.answers import Wire
from redirector.serve.connections import Connections
from redirector.serve.heads import Heads
from redirector.serve.lookup import is_pixel_path
from redirector.serve.parts import ServeParts
from redirector.serve.prepared import UNKNOWN
from redirector.serve.recorder import PendingAnswers
from redirector.serve.settings import ServeSettings
from schemas.links import RESERVED_PREFIXES, RESERVED_SLUGS, LinkError

_MAX_PARTIAL_BYTES: Final = 16 * 1024
"""A longer incomplete head goes to the ordinary lane, which has the limits."""
_RESERVED_PATHS: Final = tuple("/" + prefix for prefix in RESERVED_PREFIXES)


class FastLane:
    """What the fast connections of a process share: the parser, the pending answers, the way out."""

    def __init__(
        self,
        parts: ServeParts,
        connections: Connections,
        settings: ServeSettings,
        *,
        loop: asyncio.AbstractEventLoop,
        new_ordinary: Callable[[], asyncio.Protocol],
    ) -> None:
        """`new_ordinary` makes the protocol that takes over a connection that is not for this lane."""
        self.parts: Final = parts
        self.connections: Final = connections
        self.settings: Final = settings
        self.new_ordinary: Final = new_ordinary
        pending = PendingAnswers(parts.recorder, parts.counts, parts.latency, call_soon=loop.call_soon)
        self.settle: Final = pending.settle
        """Send what waits to be answered."""
        # Bound once: each name that is looked up on the way costs what reading a header does.
        self._pend: Final = pending.add
        self._read: Final = Heads(settings, parts.observer).read
        self._find: Final = parts.lookup.find
        self._client: Final = parts.proxies.client
        self._observe: Final = parts.observer.observe
        self._clock: Final = parts.clock
        self._new_click_id: Final = parts.new_click_id
        self._miss: Final = parts.misses.add
        self._render: Final = Wire().render

    def connection(self) -> "FastConnection":
        """A protocol for a new connection."""
        return FastConnection(self)

    def answer(self, head: bytes, connection: "FastConnection") -> bool:
        """Answer one request, given its head with the empty line. False: it is the ordinary lane's."""
        trusted = connection.trusted_peer
        plain_get = self._read(head, keep=not trusted)
        if plain_get is None:
            return False
        path, block = plain_get.path, plain_get.block
        now_ms = self._clock()
        try:
            prepared_link = self._find(block.host, path, now_ms)
        except LinkError:
            return False
        if prepared_link is not None:
            address = self._client(connection.peer, plain_get.forwarded) if trusted else connection.peer
            query = path.partition("?")[2] if "?" in path else ""
            request_facts = self._observe(block.facts, address, query, now_ms, trusted_peer=trusted)
            visit = prepared_link.visit(request_facts, query, now_ms, self._new_click_id)
            choice, event = visit.choice, visit.event
            if event is None and choice.outcome == "expired":
                self._miss("expired", block.host, path, block.facts.fields.get("referrer", ""), now_ms)
        elif _is_ours(path) or not self.parts.lookup.loaded():
            return False
        else:
            choice, event = UNKNOWN, None
            self._miss("unknown", block.host, path, block.facts.fields.get("referrer", ""), now_ms)
        connection.closing = close = block.close or self.connections.stopping
        response = self._render(choice.head, choice.answer.body, now_ms, http11=block.http11, close=close)
        self._pend(connection, response, choice.outcome, event)
        return True


class FastConnection(asyncio.Protocol):
    """One client's connection while it asks for nothing but links and pixels."""

    __slots__ = (
        "_eof",
        "_handed_over",
        "_lane",
        "_paused",
        "_since_s",
        "_tail",
        "closing",
        "peer",
        "responses",
        "transport",
        "trusted_peer",
    )

    def __init__(self, lane: "FastLane") -> None:
        self._lane: Final = lane
        self._tail = b""
        self._since_s = lane.connections.now_s  # of the last answer, or of an incomplete head's first byte
        self._paused = False
        self._eof = False
        self._handed_over = False
        self.responses: list[bytes] = []
        self.closing = False
        self.peer = ""
        self.trusted_peer = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        address = peer[0] if peer else ""
        proxies = self._lane.parts.proxies
        self.peer, self.trusted_peer = proxies.client(address, ()), proxies.trusts(address)
        self._lane.connections.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The client is gone. Events already taken are kept: its request was answered as far as we can tell."""
        self.closing = True
        self._lane.connections.open.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request, in order; keep an incomplete one; hand over what is not plain."""
        waiting_since_s = 0.0
        if self._tail:
            data = self._tail + data
            self._tail = b""
            waiting_since_s = self._since_s
        start, size = 0, len(data)
        while start < size and not self.closing:
            if self._paused:
                self._tail = data[start:]
                return
            end = data.find(b"\r\n\r\n", start) + 4
            if end < 4:  # noqa: PLR2004 - not found
                self._keep(data[start:])
                if start == 0 and waiting_since_s:
                    self._since_s = waiting_since_s  # more of the same head does not buy it time
                return
            if not self._lane.answer(data if end - start == size else data[start:end], self):
                self._hand_over(data[start:])
                return
            start = end
        self._since_s = self._lane.connections.now_s

    def send(self, *, kept: bool) -> None:
        """Write what waits. Not `kept`: the events are not in the spool, and the answers say so."""
        responses, self.responses = self.responses, []
        if self.transport.is_closing():
            return
        if not kept:
            responses = [answers.say_not_counted(one) if one[9:10] in b"23" else one for one in responses]
        self.transport.write(responses[0] if len(responses) == 1 else b"".join(responses))
        if self.closing:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client does not read: neither do we, nor do we parse what is here."""
        self._paused = True
        self._since_s = self._lane.connections.now_s
        if not self._eof:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._paused = False
        if self.transport.is_closing():
            return
        if not self._eof:
            self.transport.resume_reading()
        if self._tail:
            self.data_received(b"")
        if self._eof and not self._paused and not self._handed_over:
            self._lane.settle()
            self.transport.close()

    def eof_received(self) -> bool:
        """The client sends no more; it still gets what it asked for. True keeps the connection for that."""
        self._lane.settle()
        self._eof = True
        return self._paused and bool(self._tail)

    def overdue(self, now_s: float) -> bool:
        """Whether an incomplete head, an idle client or one that does not read has had its time."""
        settings = self._lane.settings
        incomplete = self._tail and not self._paused
        return now_s - self._since_s > (settings.header_timeout_s if incomplete else settings.idle_timeout_s)

    def abort(self) -> None:
        """Cut the connection."""
        self.closing = True
        self.transport.abort()

    def stop(self) -> None:
        """Close if idle; otherwise the next answer is the last."""
        if not (self._tail or self.responses or self._paused):
            self.closing = True
            self.transport.close()

    def _keep(self, partial: bytes) -> None:
        plain = partial.startswith(b"GET "[: len(partial)]) and partial.count(b"\n") == partial.count(b"\r\n")
        if not plain or len(partial) > _MAX_PARTIAL_BYTES:
            self._hand_over(partial)
            return
        self._tail = partial
        self._since_s = self._lane.connections.now_s

    def _hand_over(self, rest: bytes) -> None:
        """Leave the connection to the ordinary lane, from the request on that starts `rest`."""
        lane = self._lane
        lane.settle()
        if self.transport.is_closing():
            return
        lane.parts.counts.handovers += 1
        lane.connections.open.discard(self)
        self._handed_over = True
        ordinary = lane.new_ordinary()
        self.transport.set_protocol(ordinary)
        ordinary.connection_made(self.transport)
        if self._paused:
            ordinary.pause_writing()
            self.transport.resume_reading()
        ordinary.data_received(rest)
        if self._eof and not ordinary.eof_received():
            self.transport.close()


def _is_ours(path: str) -> bool:
    """Whether a path that is no link's is one that the redirector answers itself, in the ordinary lane."""
    path = path.partition("?")[0]
    if is_pixel_path(path):
        return False
    return path[1:] in RESERVED_SLUGS or path.startswith(_RESERVED_PATHS)
