from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from schemas.errors import TransientError
from schemas.retry import RetryPolicy
from stream.tables.link_days import RESTS, LinkDayRoller, MadeDay, days_that_differ
from stream.tables.metrics import link_day_metrics
from stream.tables.rolling import CLOSED_AFTER, Pace, least_version

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


@dataclass
class Tables:
    """Fingerprints of days by the counters and of rows by version, in memory. `fails` counts down to an error."""

    counters: dict[date, int] = field(default_factory=dict)
    rows: dict[tuple[date, int], int] = field(default_factory=dict)
    days: dict[date, MadeDay] = field(default_factory=dict)
    fails: int = -1
    writes: int = 0
    unmakable: set[date] = field(default_factory=set)

    def step(self) -> None:
        if self.fails == 0:
            self.fails = -1
            raise TransientError("killed here")
        self.fails -= self.fails > 0

    async def counted(self) -> dict[date, int]:
        self.step()
        return dict(self.counters)

    async def made(self) -> dict[date, MadeDay]:
        self.step()
        return dict(self.days)

    async def write(self, day: date, version: int) -> None:
        assert (day, version) not in self.rows, "a version is used once"
        if day in self.unmakable:
            raise TransientError("not this day")
        self.rows[day, version] = self.counters.get(day, 0) // 2
        self.step()
        self.rows[day, version] = self.counters.get(day, 0)
        self.writes += 1

    async def written(self, day: date, version: int) -> int:
        self.step()
        return self.rows[day, version]

    async def publish(self, day: date, made: MadeDay) -> None:
        self.step()
        if day not in self.days or made.version > self.days[day].version:
            self.days[day] = made

    async def drop(self, versions: Sequence[int]) -> None:
        self.step()
        for day, version in [*self.rows]:
            if version in versions:
                del self.rows[day, version]

    async def drop_unnamed(self, before: int) -> None:
        self.step()
        for day, version in [*self.rows]:
            named = self.days[day].version if day in self.days else 0
            if version != named and max(version, named) < before:
                del self.rows[day, version]


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def roller(tables: Tables, now: Clock) -> LinkDayRoller:
    return LinkDayRoller(
        tables,
        link_day_metrics(CollectorRegistry()),
        Pace(every_s=1.0, retry=RetryPolicy(first_s=0.1, longest_s=0.1), now=now),
    )


def test_days_that_differ_are_made_from_an_hour_after_their_end_and_the_newest_first() -> None:
    counted = {DAY: 1, NEXT: 2}
    closed = end_of(NEXT) + CLOSED_AFTER
    assert days_that_differ(counted, {}, closed - timedelta(seconds=1)) == [DAY]
    assert days_that_differ(counted, {}, closed) == [NEXT, DAY]
    assert days_that_differ(counted, {DAY: MadeDay(1, 1), NEXT: MadeDay(1, 1)}, closed) == [NEXT]
    assert days_that_differ({}, {DAY: MadeDay(1, 1)}, closed) == [DAY], "it has no counters any more"
    assert days_that_differ({}, {DAY: MadeDay(1, 0)}, closed) == []


async def test_a_day_that_was_made_is_made_anew_once_it_has_stood_still() -> None:
    tables = Tables({DAY: 3})
    rolling = roller(tables, Clock(end_of(DAY) + CLOSED_AFTER))
    await rolling.round()
    assert (tables.writes, tables.days[DAY].fingerprint) == (1, 3), "the first time without waiting"
    for late in (4, 5):
        tables.counters[DAY] = late
        await rolling.round()
    assert tables.writes == 1
    await rolling.round()
    assert (tables.writes, tables.days[DAY].fingerprint) == (2, 5)
    await rolling.round()
    assert tables.writes == 2


async def test_rows_stay_for_an_hour_after_others_took_their_place() -> None:
    tables, now = Tables({DAY: 3}), Clock(end_of(DAY) + CLOSED_AFTER)
    rolling = roller(tables, now)
    await rolling.round()
    first = tables.days[DAY].version
    now.at += 5 * RESTS
    tables.counters[DAY] = 4
    for _ in range(2):
        await rolling.round()
    now.at += RESTS - timedelta(milliseconds=1)
    await rolling.round()
    assert (DAY, first) in tables.rows
    now.at += timedelta(milliseconds=1)
    await rolling.round()
    assert tables.rows == {(DAY, tables.days[DAY].version): 4}


async def test_rows_of_a_day_that_changes_all_the_time_go_as_others_do() -> None:
    tables, now = Tables({DAY: 0}), Clock(end_of(DAY) + CLOSED_AFTER)
    rolling = roller(tables, now)
    for late in range(60):
        tables.counters[DAY] = late
        for _ in range(2):
            now.at += timedelta(minutes=3)
            await rolling.round()
    assert tables.writes == 60
    assert len(tables.rows) <= 1 + RESTS / timedelta(minutes=6)


async def test_a_day_that_cannot_be_made_keeps_no_other_and_is_told() -> None:
    tables = Tables({DAY: 3, NEXT: 4}, unmakable={NEXT})
    rolling = roller(tables, Clock(end_of(NEXT) + CLOSED_AFTER))
    with pytest.raises(TransientError, match="not this day"):
        await rolling.round()
    assert set(tables.days) == {DAY}
    tables.unmakable.clear()
    await rolling.round()
    assert set(tables.days) == {DAY, NEXT}


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.integers(0, 3), st.integers(), max_size=3),
            st.integers(-1, 25),
            st.integers(-60, 200),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whenever_it_is_killed_named_rows_are_whole_and_in_the_end_they_are_what_was_counted(
    rounds: list[tuple[dict[int, int], int, int, bool]],
) -> None:
    """Counters change, clocks jump by minutes, and each round may be a new process's."""
    tables, now = Tables(), Clock(end_of(DAY + timedelta(days=9)))
    rolling = roller(tables, now)
    for changes, fails, minutes, restarted in rounds:
        tables.counters |= {DAY + timedelta(days=number): value for number, value in changes.items()}
        tables.fails = fails
        now.at += timedelta(minutes=minutes)
        if restarted:
            rolling = roller(tables, now)
        named = dict(tables.days)
        _run_once(rolling)
        for day, made in tables.days.items():
            assert tables.rows[day, made.version] == made.fingerprint
            assert day not in named or named[day].version <= made.version
    tables.fails = -1
    for _ in range(2):
        now.at += 2 * RESTS
        _run_once(rolling)
    assert {day: made.fingerprint for day, made in tables.days.items()} == tables.counters
    now.at += 2 * RESTS
    _run_once(rolling)
    unnamed = {one for one in tables.rows if tables.days[one[0]].version != one[1]}
    assert all(max(version, tables.days[day].version) >= least_version(now.at - RESTS) for day, version in unnamed)


def _run_once(rolling: LinkDayRoller) -> None:
    """Drive a round to its end, or to the step at which it is killed."""
    steps = rolling.round()
    try:
        steps.send(None)
    except (StopIteration, TransientError):
        return
    raise AssertionError("the tables in memory never wait")
