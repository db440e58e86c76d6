"""What both lanes share: one visit to a link or its pixel, from request to event and answer."""

from collections.abc import Callable
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from redirector.serve.access import Access
from redirector.serve.clients import Proxies
from redirector.serve.counts import Counts, Outcome
from redirector.serve.lookup import Lookup, Prepared
from redirector.serve.observed import Observed, observe
from redirector.serve.recorder import Recorder
from redirector.serve.visitors import Visitors
from schemas.events import Click, Event, Impression

Clock = Callable[[], int]
"""Milliseconds since 1970 UTC."""


class Door:
    """The parts that a request meets, and what they make of it together."""

    __slots__ = ("access", "clock", "counts", "lookup", "proxies", "recorder", "visitors")

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

    def observe(
        self, headers: CIMultiDict[str] | CIMultiDictProxy[str], peer: str, now_ms: int, *, trusted_peer: bool
    ) -> Observed:
        """What an event keeps of a request from `peer`; its X-Forwarded-For counts if the peer is trusted."""
        if trusted_peer:
            peer = self.proxies.client(peer, headers.getall("X-Forwarded-For", ()))
        return observe(headers, peer, now_ms, self.visitors)

    def address(self, headers: CIMultiDict[str] | CIMultiDictProxy[str], peer: str) -> str:
        """Whose request this is, proxies of ours looked through."""
        if self.proxies.trusts(peer):
            return self.proxies.client(peer, headers.getall("X-Forwarded-For", ()))
        return peer


def event_of(found: Prepared, observed: Observed, now_ms: int, seq: int) -> Event:
    """The click or impression that answering with `found` makes."""
    visitor, ua, referrer, purpose = observed
    if found.kind == "click":
        return Click(
            time_ms=now_ms,
            link=found.key,
            seq=seq,
            visitor=visitor,
            ua=ua,
            referrer=referrer,
            purpose=purpose,
        )
    return Impression(
        time_ms=now_ms,
        link=found.key,
        source="pixel",
        kind="served",
        seq=seq,
        visitor=visitor,
        ua=ua,
        referrer=referrer,
        purpose=purpose,
    )


OUTCOME_OF: Final[dict[str, Outcome]] = {"click": "redirected", "pixel": "pixel"}
