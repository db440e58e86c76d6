"""What a process has one of, for the requests of both lanes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from multidict import CIMultiDictProxy

from redirector.serve.access import Access
from redirector.serve.click_ids import ClickIds
from redirector.serve.clients import Proxies
from redirector.serve.counts import Counts
from redirector.serve.latency import Latency
from redirector.serve.lookup import Lookup
from redirector.serve.misses import Misses
from redirector.serve.recorder import Recorder
from redirector.serve.request_facts import Observer, RequestFacts

Clock = Callable[[], int]
"""Milliseconds since 1970 UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeParts:
    """Whom to ask who calls, where a link leads, what is known of a request; where events go; what is counted."""

    access: Access
    lookup: Lookup
    recorder: Recorder
    observer: Observer
    proxies: Proxies
    counts: Counts
    clock: Clock
    latency: Latency = field(default_factory=Latency)
    misses: Misses = field(default_factory=Misses)
    new_click_id: Callable[[], str] = field(default_factory=lambda: ClickIds().next)

    def address(self, headers: CIMultiDictProxy[str], peer: str) -> str:
        """The client's address: the peer's, or what proxies that we trust say of it."""
        return self.proxies.client(peer, headers.getall("X-Forwarded-For", ()))

    def observe(self, headers: CIMultiDictProxy[str], peer: str, query: str, now_ms: int) -> RequestFacts:
        """What an event keeps of a request from `peer`, its headers given as aiohttp has them."""
        trusted = self.proxies.trusts(peer)
        address = self.address(headers, peer) if trusted else self.proxies.client(peer, ())
        return self.observer.observe(self.observer.facts(headers), address, query, now_ms, trusted_peer=trusted)
