"""How many of the last events became dead letters: a bad deploy must stop counting, not bury everything. Pure.

The window follows from the log, as flush by flush it stands in the chain's markers: whoever reads the same records
on top of the same head decides the same, so that a restart goes on refusing.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

FLUSHES_KEPT: Final = 2_000
"""The window holds no more flushes than this, however small they were."""


@dataclass(frozen=True, slots=True)
class BurialLimit:
    """More than `ratio` of the last `window_events` may not be dead letters, once those are `least` or more."""

    ratio: float
    window_events: int
    least: int


class Burials:
    """The last flushes of a topic-partition, with how many of their events were buried."""

    def __init__(self, limit: BurialLimit, flushes: Iterable[tuple[int, int]] = ()) -> None:
        """`flushes` are (events, of which dead letters), oldest first."""
        self._limit = limit
        self._flushes: deque[tuple[int, int]] = deque()
        self._events = self._buried = 0
        for events, buried in flushes:
            self.note(events, buried)

    @property
    def ratio(self) -> float:
        """Dead letters among the last events; 0 when there were none."""
        return self._buried / self._events if self._events else 0.0

    def note(self, events: int, buried: int) -> None:
        """Take note of a flush, and forget what lies wholly before the window."""
        self._flushes.append((events, buried))
        self._events += events
        self._buried += buried
        while self._flushes and (
            self._events - self._flushes[0][0] >= self._limit.window_events or len(self._flushes) > FLUSHES_KEPT
        ):
            gone, gone_buried = self._flushes.popleft()
            self._events -= gone
            self._buried -= gone_buried

    def are_too_many(self, events: int, buried: int) -> tuple[int, int] | None:
        """(dead letters, events) of the window that a flush would make, if those would be too many; else None.

        A flush without a dead letter never is: good events must get past, and make the ratio better.
        """
        after = Burials(self._limit, (*self._flushes, (events, buried)))
        limit = self._limit
        if not buried or after._buried < limit.least or after.ratio <= limit.ratio:
            return None
        return after._buried, after._events
