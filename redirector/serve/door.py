"""What both lanes share: one visit to a link or its pixel, from request to event and answer."""

from collections.abc import Callable
from typing import Final

from multidict import CIMultiDictProxy

from redirector.serve.access import Access
from redirector.serve.click_ids import ClickIds
from redirector.serve.clients import Proxies
from redirector.serve.counts import Counts
from redirector.serve.latency import Latency
from redirector.serve.lookup import Choice, Lookup, Prepared
from redirector.serve.observed import Observed, Observer
from redirector.serve.recorder import Recorder
from schemas.events import Click, Event, Impression

Clock = Callable[[], int]
"""Milliseconds since 1970 UTC."""


class Door:
    """The parts that a request meets, and what they make of it together."""

    __slots__ = ("_click_id", "access", "clock", "counts", "latency", "lookup", "observer", "proxies", "recorder")

    def __init__(
        self,
        *,
        access: Access,
        lookup: Lookup,
        recorder: Recorder,
        observer: Observer,
        proxies: Proxies,
        counts: Counts,
        clock: Clock,
    ) -> None:
        self.access: Final = access
        self.lookup: Final = lookup
        self.recorder: Final = recorder
        self.observer: Final = observer
        self.proxies: Final = proxies
        self.counts: Final = counts
        self.clock: Final = clock
        self.latency: Final = Latency()
        self._click_id: Final = ClickIds().next

    def address(self, headers: CIMultiDictProxy[str], peer: str) -> str:
        """Whose request this is, proxies of ours looked through."""
        return self.proxies.client(peer, headers.getall("X-Forwarded-For", ()))

    def observe(self, headers: CIMultiDictProxy[str], peer: str, query: str, now_ms: int) -> Observed:
        """What an event keeps of a request from `peer`."""
        observer = self.observer
        facts = observer.facts({name: headers[name] for name in observer.headers if name in headers})
        trusted = self.proxies.trusts(peer)
        return observer.observe(facts, self.address(headers, peer), query, now_ms, trusted_peer=trusted)

    def visit(self, prepared: Prepared, observed: Observed, now_ms: int) -> tuple[Choice, Event | None]:
        """The answer that somebody gets who asks for `prepared`, and the event to keep of it, if it makes one.

        The event gets its number where it is recorded.
        """
        choice = prepared.choose(observed, now_ms)
        if not choice.counted:
            return choice, None
        if prepared.kind == "pixel":
            return choice, Impression(time_ms=now_ms, link=prepared.key, source="pixel", kind="served", **observed)
        return choice, Click(
            time_ms=now_ms,
            link=prepared.key,
            destination=choice.destination,
            click_id=self._click_id(),
            **observed,
        )
