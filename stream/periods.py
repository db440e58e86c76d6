"""The readings of a post's periods, in little memory, and which of them count."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple


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
