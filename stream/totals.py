"""What platforms say a post was shown in all, and by how much that changed: readings in, differences out. Pure.

Of one scope's readings one counts: the highest by (series, observed at, total), see schemas.series. That is a
join: in any order, however often, and by however many readers, the same one is left. So the sum of the differences
is what counts now, whatever came before:

    a life                  the post's whole total; where it is known, no period counts
    periods                 of those that overlap the longest, of equally long ones the earlier
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from schemas.counters import GROWTH, OPENING, REVISION
from schemas.series import rank_of
from schemas.snapshots import Snapshot

MINUTE_S: Final = 60
FIRST, GREW, FELL, REDEFINED, OUTRANKED = "first", "grew", "fell", "redefined", "outranked"
"""Why there is a difference. `redefined`: another metric counts; `outranked`: the post's life or a longer period is
known by now, or is not any longer the longest."""


class Reading(NamedTuple):
    """A total, comparable with others of its scope: the highest counts."""

    place: int
    metric: str
    observed_ms: int
    total: int


class Period(NamedTuple):
    """[start_ms, end_ms), since 1970; LIFE is none."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.start_ms


LIFE: Final = Period(0, 0)


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


class Periods:
    """The newest reading of each period of a post, by begin and end: 40 bytes each, for there may be thousands.

    `ranks` holds the (place, metric) of all posts.
    """

    __slots__ = ("_counting", "_numbers", "_ranks", "overlap")

    _EACH: Final = 5

    def __init__(self, ranks: "Ranks") -> None:
        self._numbers = array("q")
        self._ranks = ranks
        self._counting: frozenset[Period] | None = None
        self.overlap = False
        """Whether any two do."""

    def __len__(self) -> int:
        return len(self._numbers) // self._EACH

    def __iter__(self) -> Iterator[tuple[Period, Reading]]:
        for at in range(0, len(self._numbers), self._EACH):
            start_ms, end_ms, rank, observed_ms, total = self._numbers[at : at + self._EACH]
            yield Period(start_ms, end_ms), Reading(*self._ranks.at(rank), observed_ms, total)

    def get(self, period: Period) -> Reading | None:
        """The newest reading of a period."""
        at, is_there = self._find(period)
        if not is_there:
            return None
        rank, observed_ms, total = self._numbers[at + 2 : at + self._EACH]
        return Reading(*self._ranks.at(rank), observed_ms, total)

    def put(self, period: Period, reading: Reading) -> None:
        """Take this one instead of the one before."""
        at, is_there = self._find(period)
        numbers = array("q", (*period, self._ranks.number(reading), reading.observed_ms, reading.total))
        self._numbers[at : at + self._EACH * is_there] = numbers
        if is_there:
            return
        self._counting = None
        if not self.overlap:
            self.overlap = self._touches(at // self._EACH, -1) or self._touches(at // self._EACH, 1)

    def _find(self, period: Period) -> tuple[int, bool]:
        place = bisect_left(range(len(self)), period, key=self._period)
        return place * self._EACH, place < len(self) and self._period(place) == period

    def _period(self, place: int) -> Period:
        return Period(*self._numbers[place * self._EACH : place * self._EACH + 2])

    def _touches(self, place: int, step: int) -> bool:
        """Whether it overlaps its neighbour; where none overlapped before, nobody else can."""
        if not 0 <= place + step < len(self):
            return False
        earlier, later = sorted((self._period(place), self._period(place + step)))
        return later.start_ms < earlier.end_ms

    def counting(self) -> dict[Period, Reading]:
        """Those that count: of any that overlap the longest, of equally long ones the earlier."""
        if not self.overlap:
            return dict(self)
        scopes = self._counting_scopes()
        return {period: reading for period, reading in self if period in scopes}

    def counts(self, period: Period) -> bool:
        """Whether a period that is known counts."""
        return not self.overlap or period in self._counting_scopes()

    def _counting_scopes(self) -> frozenset[Period]:
        """Made anew when a period came that was not known: 3 ms where a thousand overlap."""
        if self._counting is None:
            taken: list[Period] = []
            for period in sorted((one for one, _ in self), key=lambda one: (-one.length_ms, one)):
                at = bisect_left(taken, period)
                before = taken[at - 1].end_ms if at else period.start_ms
                after = taken[at].start_ms if at < len(taken) else period.end_ms
                if before <= period.start_ms and period.end_ms <= after:
                    taken.insert(at, period)
            self._counting = frozenset(taken)
        return self._counting


class Ranks:
    """The (place, metric) of readings by number: there are few."""

    def __init__(self) -> None:
        self._ranks: list[tuple[int, str]] = []
        self._numbers: dict[tuple[int, str], int] = {}

    def number(self, reading: Reading) -> int:
        """The number of a reading's rank."""
        rank = reading[:2]
        number = self._numbers.setdefault(rank, len(self._ranks))
        if number == len(self._ranks):
            self._ranks.append(rank)
        return number

    def at(self, number: int) -> tuple[int, str]:
        """The rank of a number."""
        return self._ranks[number]


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
