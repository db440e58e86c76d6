"""What platforms say a post was shown in all, and by how much that changed: readings in, differences out. Pure.

Of one scope's readings one counts: the highest by (series, observed at, total), see schemas.series. That is a
join: in any order, however often, and by however many readers, the same one is left. So the sum of the differences
is what counts now, whatever came before:

    a life                  the post's whole total; where it is known, no period counts
    periods                 of those that overlap the longest, of equally long ones the earlier
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.counters import GROWTH, OPENING, REVISION
from schemas.series import rank_of
from schemas.snapshots import Snapshot
from stream.periods import LIFE, Period, Periods, Ranks, Reading

MINUTE_S: Final = 60
FIRST, GREW, FELL, REDEFINED, OUTRANKED = "first", "grew", "fell", "redefined", "outranked"
"""Why there is a difference. `redefined`: another metric counts; `outranked`: the post's life or a longer period is
known by now, or is not any longer the longest."""


class Difference(NamedTuple):
    """Impressions to be added to a window, its begin in seconds; 0 of them where only the metric changed."""

    window_s: int
    source: str
    why: str
    impressions: int


def reading_of(snapshot: Snapshot) -> Reading:
    """A metric that is in no list comes after those that are, retired ones last."""
    place, metric = rank_of(snapshot.platform, snapshot.series)
    if place < 0 and snapshot.is_retired:
        place -= 1
    return Reading(place, metric, snapshot.observed_ms, snapshot.total)


def scope_of(snapshot: Snapshot) -> Period:
    """LIFE, or the period."""
    return LIFE if snapshot.is_lifetime else Period(snapshot.start_ms, snapshot.end_ms)


class PostTotals:
    """What is known of one post for one link: its life, or else its periods."""

    __slots__ = ("life", "periods")

    def __init__(self) -> None:
        self.life: Reading | None = None
        self.periods: Periods | None = None

    def restore(self, scope: Period, reading: Reading, ranks: Ranks) -> None:
        """A reading that counted before; in any order."""
        if scope == LIFE:
            self.life, self.periods = reading, None
        elif self.life is None:
            if self.periods is None:
                self.periods = Periods(ranks)
            self.periods.put(scope, reading)

    def newest(self, scope: Period) -> Reading | None:
        """The reading that is known of a scope; of a period none, once the life is."""
        if scope == LIFE:
            return self.life
        return self.periods.get(scope) if self.periods else None

    def total(self) -> int:
        """What counts of it now."""
        if self.life is not None:
            return self.life.total
        return sum(reading.total for reading in self.periods.counting().values()) if self.periods else 0

    def take(self, scope: Period, reading: Reading, ranks: Ranks, *, is_old: bool) -> list[Difference] | None:
        """The differences that a reading makes; None where it is no news, and changes nothing.

        `is_old`: the post was published long enough before, so that its first total is an opening.
        """
        if scope == LIFE:
            return self._take_life(reading, is_old=is_old)
        if self.life is not None:
            return None
        if self.periods is None:
            self.periods = Periods(ranks)
        return self._take_period(self.periods, scope, reading)

    def _take_life(self, reading: Reading, *, is_old: bool) -> list[Difference] | None:
        before = self.life
        if before is not None and reading <= before:
            return None
        window_s = _minute_s(reading.observed_ms)
        outranked: list[Difference] = []
        if before is None and self.periods is not None:
            outranked = _gone(self.periods.counting().items())
        self.life, self.periods = reading, None
        source = OPENING if is_old else GROWTH
        return [*outranked, *_changed(window_s, before, reading, first=source)]

    def _take_period(self, periods: Periods, period: Period, reading: Reading) -> list[Difference] | None:
        before = periods.get(period)
        if before is not None and reading <= before:
            return None
        window_s = _minute_s(period.start_ms)
        is_known = before is not None
        counted_before = periods.counting() if periods.overlap and not is_known else None
        periods.put(period, reading)
        if is_known or not periods.overlap:
            return _changed(window_s, before, reading, first=GROWTH) if periods.counts(period) else []
        if counted_before is None:  # it is the first that overlaps another, so all others counted
            counted_before = {one: other for one, other in periods if one != period}
        counting = periods.counting()
        differences = _gone((one, was) for one, was in counted_before.items() if one not in counting)
        for one, now in counting.items():
            window_s = _minute_s(one.start_ms)
            if one in counted_before or one == period:
                differences += _changed(window_s, counted_before.get(one), now, first=GROWTH)
            else:
                differences.append(Difference(window_s, REVISION, OUTRANKED, now.total))
        return differences


def _changed(window_s: int, before: Reading | None, now: Reading, *, first: str) -> list[Difference]:
    if before is None:
        return [Difference(window_s, first, FIRST, now.total)] if now.total else []
    change = now.total - before.total
    if before[:2] != now[:2]:
        return [Difference(window_s, REVISION, REDEFINED, change)]
    if not change:
        return []
    return [
        Difference(window_s, GROWTH, GREW, change) if change > 0 else Difference(window_s, REVISION, FELL, change)
    ]


def _gone(readings: Iterable[tuple[Period, Reading]]) -> list[Difference]:
    return [
        Difference(_minute_s(period.start_ms), REVISION, OUTRANKED, -reading.total)
        for period, reading in readings
        if reading.total
    ]


def _minute_s(time_ms: int) -> int:
    return time_ms // 1000 // MINUTE_S * MINUTE_S
