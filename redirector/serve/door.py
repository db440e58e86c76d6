"""What both lanes share: one visit to a link or its pixel, from request to event and answer."""

from collections.abc import Callable
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from redirector.serve.access import Access
from redirector.serve.clients import Proxies
from redirector.serve.counts import Counts
from redirector.serve.latency import Latency
from redirector.serve.lookup import Choice, Lookup, Prepared
from redirector.serve.observed import Observed, observe
from redirector.serve.recorder import Recorder
from redirector.serve.visitors import Visitors
from schemas.events import Click, Event, Impression

Clock = Callable[[], int]
"""Milliseconds since 1970 UTC."""


class Door:
    """The parts that a request meets, and what they make of it together."""

    __slots__ = ("access", "clock", "counts", "latency", "lookup", "proxies", "recorder", "visitors")

    def __init__(
        self,
        *,
        access: Access,
        lookup: Lookup,
        recorder: Recorder,
        visitors: Visitors,
        proxies: Proxies,
        counts: Counts,
        clock: Clock,
    ) -> None:
        self.access: Final = access
        self.lookup: Final = lookup
        self.recorder: Final = recorder
        self.visitors: Final = visitors
        self.proxies: Final = proxies
        self.counts: Final = counts
        self.clock: Final = clock
        self.latency: Final = Latency()

    def observe(
        self, headers: CIMultiDict[str] | CIMultiDictProxy[str], peer: str, now_ms: int, *, trusted_peer: bool
    ) -> Observed:
        """What an event keeps of a request from `peer`; its X-Forwarded-For counts if the peer is trusted."""
        forwarded = headers.getall("X-Forwarded-For", ()) if trusted_peer else ()
        return observe(headers, self.proxies.client(peer, forwarded), now_ms, self.visitors)

    def visit(self, prepared: Prepared, observed: Observed, now_ms: int) -> tuple[Choice, Event | None]:
        """The answer that somebody gets who asks for `prepared`, and the event to keep of it, if it makes one."""
        choice = prepared.choose(observed, now_ms)
        return choice, event_of(prepared, observed, now_ms) if choice.counted else None

    def address(self, headers: CIMultiDict[str] | CIMultiDictProxy[str], peer: str) -> str:
        """Whose request this is, proxies of ours looked through."""
        return self.proxies.client(peer, headers.getall("X-Forwarded-For", ()))


def event_of(prepared: Prepared, observed: Observed, now_ms: int) -> Event:
    """The click or impression that answering makes; it gets its number where it is recorded."""
    visitor, ua, referrer, purpose = observed
    if prepared.kind == "click":
        return Click(time_ms=now_ms, link=prepared.key, visitor=visitor, ua=ua, referrer=referrer, purpose=purpose)
    return Impression(
        time_ms=now_ms,
        link=prepared.key,
        source="pixel",
        kind="served",
        visitor=visitor,
        ua=ua,
        referrer=referrer,
        purpose=purpose,
    )
