"""The redirector's door: malformed bytes on connections, whole, in pieces and broken off, through both lanes."""

import asyncio
import random
from ipaddress import ip_network
from typing import Any, Final

from redirector.serve.access import Access
from redirector.serve.addresses import Addresses
from redirector.serve.clients import Proxies
from redirector.serve.connections import Connections
from redirector.serve.counts import Counts
from redirector.serve.failed_tries import FailedTries
from redirector.serve.fast import FastLane
from redirector.serve.handler import Handler
from redirector.serve.lookup import Lookup
from redirector.serve.ordinary import OrdinaryLane
from redirector.serve.parts import ServeParts
from redirector.serve.recorder import Recorder
from redirector.serve.request_facts import Observer
from redirector.serve.settings import ServeSettings
from redirector.serve.visitors import Visitors
from redirector.visitor_key.day_key import DayKey
from schemas.links import Link, Rules
from schemas.rules import LinkRules, Rule, Variant, compiled_form
from tests.builders import NOW_MS
from tests.fuzz.mutations import Mutator
from tests.tokens import AS_WRITER, WRITER
from tests.unit.redirector.serve.fakes import FakeKeys, FakeLinks, FakeSpool, FakeTokens

AT_ONCE: Final = 50
PEER: Final = "203.0.113.9"
TURNS: Final = 12
"""Of the event loop: what the ordinary lane needs from the bytes to its answer."""

_ITEM: Final = b'{"link":"go.example/a","kind":"rendered","count":2}'
_ROW: Final = b'{"platform":"bluesky","post":"1","total":5}'
_AGENT: Final = b"Host: go.example\r\nUser-Agent: Mozilla/5.0 (X11) Firefox/145.0\r\n"
REQUESTS: Final = [
    b"GET /a HTTP/1.1\r\n" + _AGENT + b"\r\n",
    b"GET /r?x=1 HTTP/1.1\r\n" + _AGENT + b"Referer: https://example.com/?q#f\r\nDNT: 1\r\n\r\n",
    b"GET /nowhere HTTP/1.0\r\n" + _AGENT + b"Sec-Purpose: prefetch\r\n\r\n",
    b"GET /i/a.gif HTTP/1.1\r\n" + _AGENT + b"X-Forwarded-For: 203.0.113.1, 10.0.0.1\r\nCookie: a=b\r\n\r\n",
    b"GET /a HTTP/1.1\r\nX-Real-IP: 203.0.113.1\r\nX-Forwarded-For: 203.0.113.1\r\n"
    + _AGENT
    + b"Cookie: a=b\r\n\r\n",
    b"GET /a HTTP/1.1\r\n" + _AGENT + b"x-forwarded-for: 2001:db8::1, 203.0.113.9\r\nx-request-id: 4f1c\r\n\r\n",
    b"HEAD /a HTTP/1.1\r\n" + _AGENT + b"Connection: close\r\n\r\n",
    b"OPTIONS /v1/impressions HTTP/1.1\r\nOrigin: https://page.example\r\n" + _AGENT + b"\r\n",
    b"POST /v1/impressions HTTP/1.1\r\n"
    + _AGENT
    + b"%b\r\nOrigin: null\r\nContent-Length: %d\r\n\r\n" % (AS_WRITER.encode(), len(_ITEM))
    + _ITEM,
    b"POST /v1/impressions HTTP/1.1\r\n" + _AGENT + b"Content-Length: %d\r\n\r\n" % len(_ITEM) + _ITEM,
    b"POST /v1/impressions?source=be\xffacon HTTP/1.1\r\n" + _AGENT + b"Content-Length: 2\r\n\r\n[]",
    b"POST /v1/impressions HTTP/1.1\r\n"
    + _AGENT
    + b"Idempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(_ITEM), _ITEM),
    b"POST /v1/snapshots/rows?link=go.example/a HTTP/1.1\r\n"
    + _AGENT
    + b"%b\r\nContent-Length: %d\r\n\r\n" % (AS_WRITER.encode(), len(_ROW))
    + _ROW,
    b"POST /v1/webhooks/sendgrid HTTP/1.1\r\n" + _AGENT + b"Content-Length: 2\r\n\r\n[]",
    b"GET /a HTTP/1.1\r\n" + _AGENT + b"Expect: 100-continue\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
]


class FakeTransport(asyncio.Transport):
    """A client that reads everything. `protocol` is whoever has the connection now."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": (PEER, 4242)})
        self.protocol = protocol
        self.sent = b""
        self.closed = False
        self.ended = False

    def write_eof(self) -> None:
        self.ended = True

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def pause_reading(self) -> None:
        """Nothing more comes than was asked for."""

    def resume_reading(self) -> None:
        """The same."""


def requests(seed: int, count: int) -> None:
    """`count` connections with malformed bytes: no failure of ours, and every event kept is in the books."""
    asyncio.run(_requests(seed, count))


class Redirector:
    """Both lanes in this process, with a spool in memory. Needs a running event loop."""

    def __init__(self) -> None:
        settings = ServeSettings.load({})
        rules = LinkRules(
            variants=(Variant(number=1, name="b", destination="https://example.com/b?a=1#c"),),
            rules=(Rule(number=2, name="c", destination="app://c", languages=("de",), devices=("other",)),),
            pass_query=True,
            utm_source="news",
        )
        links = FakeLinks(
            Link(domain="go.example", slug="a", destination="https://example.com/"),
            Link(
                domain="go.example",
                slug="r",
                destination="https://example.com/",
                cache_s=60,
                rules=Rules(v=1, compiled=compiled_form(rules)),
                v=2,
            ),
        )
        self.counts, self.spool = Counts(), FakeSpool(room=10**9)
        parts = ServeParts(
            access=Access(FakeTokens(WRITER), FailedTries(allowed=10, kept=100)),
            lookup=Lookup(links, pixel_format="gif", keep=100, refresh_ms=100, now_ms=NOW_MS),
            recorder=Recorder(self.spool, self.counts),
            observer=Observer(
                Visitors(DayKey(day=0, key=bytes(32))),
                Addresses(),
                country_header="CF-IPCountry",
                scan_parameter="qr",
            ),
            proxies=Proxies([ip_network(PEER)]),
            counts=self.counts,
            clock=lambda: NOW_MS,
        )
        self.connections = Connections(self.counts, 0.0)
        ordinary = OrdinaryLane(
            Handler(parts, settings, lambda: "", FakeKeys()), self.connections, self.counts, settings
        )
        self.ordinary = ordinary.connection
        self.fast = FastLane(
            parts, self.connections, settings, loop=asyncio.get_running_loop(), new_ordinary=ordinary.connection
        ).connection

    def client(self, *, fast: bool) -> FakeTransport:
        """A new connection."""
        transport = FakeTransport(self.fast() if fast else self.ordinary())
        transport.protocol.connection_made(transport)
        return transport


async def _requests(seed: int, count: int) -> None:
    rng = random.Random(seed)
    mutator = Mutator(seed, REQUESTS)
    redirector = Redirector()
    counts, spool = redirector.counts, redirector.spool
    for done in range(0, count, AT_ONCE):
        transports = []
        for _ in range(min(AT_ONCE, count - done)):
            transport = redirector.client(fast=rng.random() < 0.8)
            transports.append((transport, _pieces(rng, b"".join(mutator.lines(rng.randint(1, 2))))))
        for transport, pieces in transports:
            for piece in pieces:
                if not transport.closed:
                    transport.protocol.data_received(piece)
        await turns()
        for transport, _ in transports:
            if not transport.closed:
                transport.protocol.eof_received()
        await turns()
        for transport, _ in transports:
            transport.protocol.connection_lost(None)
            assert transport.sent[:5] in (b"", b"HTTP/"), (seed, transport.sent[:80])
        await turns()
    assert counts.outcomes["failed"] == 0, seed
    assert counts.received == counts.appended == len(spool.lines), seed
    assert not redirector.connections.open, seed


async def turns() -> None:
    """Until everything that was sent has its answer."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def _pieces(rng: random.Random, raw: bytes) -> list[bytes]:
    if rng.random() < 0.6 or not raw:
        return [raw]
    cut = rng.randrange(len(raw))
    return [raw[:cut], raw[cut:]]
