"""How many of the last events became dead letters: a bad deploy must stop counting, not bury everything. Pure.

The window follows from the log, as flush by flush it stands in the chain's markers: whoever reads the same records
on top of the same head decides the same, so that a restart goes on refusing.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

FLUSHES_KEPT: Final = 2_000
"""The window holds no more flushes than this, however small they were."""


class Buried(NamedTuple):
    """How many events, and how many of them became dead letters."""

    events: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class BurialLimit:
    """More than `ratio` of the last `window_events` may not be dead letters, once those are `least` or more."""

    ratio: float
    window_events: int
    least: int


class Burials:
    """The last flushes of a topic-partition, with how many of their events were buried."""

    def __init__(self, limit: BurialLimit, flushes: Iterable[Buried] = ()) -> None:
        """`flushes` come oldest first."""
        self._limit = limit
        self._flushes: deque[Buried] = deque()
        self._events = self._buried = 0
        for flush in flushes:
            self.note(flush)

    @property
    def ratio(self) -> float:
        """Dead letters among the last events; 0 when there were none."""
        return self._buried / self._events if self._events else 0.0

    def note(self, flush: Buried) -> None:
        """Take note of a flush, and forget what lies wholly before the window."""
        self._flushes.append(flush)
        self._events += flush.events
        self._buried += flush.dead_letters
        while self._flushes and (
            self._events - self._flushes[0].events >= self._limit.window_events or len(self._flushes) > FLUSHES_KEPT
        ):
            gone = self._flushes.popleft()
            self._events -= gone.events
            self._buried -= gone.dead_letters

    def are_too_many(self, flush: Buried) -> Buried | None:
        """The window that a flush would make, if its dead letters would be too many; else None.

        A flush without a dead letter never is: good events must get past, and make the ratio better.
        """
        after = Burials(self._limit, (*self._flushes, flush))
        limit = self._limit
        if not flush.dead_letters or after._buried < limit.least or after.ratio <= limit.ratio:
            return None
        return Buried(after._events, after._buried)
