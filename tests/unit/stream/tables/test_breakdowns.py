from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from schemas.breakdowns import ClassClicks
from schemas.errors import TransientError
from schemas.retry import RetryPolicy
from stream.tables.breakdowns import PATIENCE, RolledDay, Roller, days_to_roll
from stream.tables.metrics import breakdown_metrics
from stream.tables.rolling import CLOSED_AFTER, Pace

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
NO_CLICKS = ClassClicks()


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


@dataclass
class Tables:
    """Counters, events and roll-ups in memory; a click is (day, class). `fails` counts down to an error."""

    counters: Counter[tuple[date, str]] = field(default_factory=Counter)
    stored: Counter[tuple[date, str]] = field(default_factory=Counter)
    rows: dict[tuple[date, int], Counter[str]] = field(default_factory=dict)
    made_up: dict[tuple[date, int], Counter[str]] = field(default_factory=dict)
    days: dict[date, RolledDay] = field(default_factory=dict)
    fails: int = -1

    def step(self) -> None:
        if self.fails == 0:
            self.fails = -1
            raise TransientError("killed here")
        self.fails -= self.fails > 0

    async def counted(self) -> dict[date, ClassClicks]:
        self.step()
        days = {day for day, _ in self.counters}
        return {day: ClassClicks(*(self.counters[day, one] for one in ClassClicks._fields)) for day in days}

    async def rolled(self) -> dict[date, RolledDay]:
        self.step()
        return dict(self.days)

    async def events(self, day: date) -> int:
        self.step()
        return sum(count for (one, _), count in self.stored.items() if one == day)

    async def write_events(self, day: date, version: int) -> None:
        self.step()
        told = Counter({one: count for (of, one), count in self.stored.items() if of == day})
        self.rows.setdefault((day, version), Counter()).update(told)

    async def copy(self, day: date, before: int, version: int) -> None:
        self.step()
        self.rows.setdefault((day, version), Counter()).update(self.rows[day, before])

    async def make_up(self, day: date, version: int) -> None:
        self.step()
        rows = self.rows.setdefault((day, version), Counter())
        for one in ClassClicks._fields:
            missing = self.counters[day, one] - rows[one]
            rows[one] += missing
            self.made_up.setdefault((day, version), Counter())[one] += missing

    async def written(self, day: date, version: int) -> ClassClicks:
        self.step()
        rows = self.rows.get((day, version), Counter())
        return ClassClicks(*(rows[one] for one in ClassClicks._fields))

    async def publish(self, day: date, rolled: RolledDay) -> None:
        self.step()
        if day not in self.days or rolled.version > self.days[day].version:
            self.days[day] = rolled

    async def drop_earlier(self, day: date, version: int) -> None:
        self.step()
        for one in [(of, number) for of, number in self.rows if of == day and number < version]:
            del self.rows[one]

    def shown(self, day: date) -> dict[str, int]:
        """What the view says of a rolled day, by class."""
        return {one: count for one, count in self.rows[day, self.days[day].version].items() if count}


def roller(tables: Tables, now: datetime) -> Roller:
    return Roller(
        tables,
        breakdown_metrics(CollectorRegistry()),
        Pace(every_s=1.0, retry=RetryPolicy(first_s=0.1, longest_s=0.1), now=lambda: now),
    )


def test_a_day_is_rolled_up_an_hour_after_its_end_and_not_before() -> None:
    counted = {DAY: ClassClicks(human=1)}
    closed = end_of(DAY) + CLOSED_AFTER
    assert days_to_roll(counted, {}, closed - timedelta(seconds=1)) == []
    assert days_to_roll(counted, {}, closed) == [DAY]


def test_days_that_differ_are_made_anew_and_days_without_a_click_between_them_too() -> None:
    counted = {DAY: ClassClicks(human=2), DAY + timedelta(days=2): ClassClicks(bot=1)}
    now = end_of(DAY + timedelta(days=3)) + CLOSED_AFTER
    every = [DAY + timedelta(days=number) for number in range(4)]
    assert days_to_roll(counted, {}, now) == every
    rolled = {day: RolledDay(1, counted.get(day, NO_CLICKS), 0) for day in every}
    assert days_to_roll(counted, rolled, now) == []
    rolled[NEXT] = RolledDay(1, ClassClicks(human=1), 0)
    assert days_to_roll(counted, rolled, now) == [NEXT]


def test_nothing_is_rolled_up_where_nothing_was_counted() -> None:
    assert days_to_roll({}, {}, end_of(DAY)) == []


async def test_a_late_event_makes_its_day_anew_and_the_rows_before_are_dropped() -> None:
    tables = Tables(Counter({(DAY, "human"): 3}), Counter({(DAY, "human"): 3}))
    await roller(tables, end_of(DAY) + CLOSED_AFTER).round()
    first = tables.days[DAY]
    for held in (tables.counters, tables.stored):
        held[DAY, "bot"] += 2
    await roller(tables, end_of(DAY) + CLOSED_AFTER).round()
    assert tables.shown(DAY) == {"human": 3, "bot": 2}
    assert tables.days[DAY].version > first.version, "though the clock stood still"
    assert list(tables.rows) == [(DAY, tables.days[DAY].version)]


async def test_events_that_are_not_counted_yet_are_waited_for_and_no_later_day_is_rolled_meanwhile() -> None:
    tables = Tables(
        Counter({(DAY, "human"): 3, (NEXT, "human"): 1}), Counter({(DAY, "human"): 5, (NEXT, "human"): 1})
    )
    late = end_of(DAY) + PATIENCE
    await roller(tables, late - timedelta(seconds=1)).round()
    assert tables.days == {}
    tables.counters[DAY, "human"] = 5
    await roller(tables, late + CLOSED_AFTER).round()
    assert [tables.shown(day) for day in (DAY, NEXT)] == [{"human": 5}, {"human": 1}]


@pytest.mark.parametrize("stored", [0, 2, 5])
async def test_what_events_tell_wrongly_for_a_day_is_made_up_by_unknown_values(stored: int) -> None:
    tables = Tables(Counter({(DAY, "human"): 3}), Counter({(DAY, "human"): stored}))
    rounds = roller(tables, end_of(DAY) + PATIENCE)
    await rounds.round()
    assert tables.days == {}, "a flush may be on its way: it is looked at twice"
    await rounds.round()
    assert tables.shown(DAY) == {"human": 3}
    assert [made["human"] for made in tables.made_up.values()] == [3 - stored]
    assert tables.days[DAY].from_events == stored


async def test_a_day_whose_events_are_gone_keeps_what_they_told() -> None:
    tables = Tables(Counter({(DAY, "human"): 3}), Counter({(DAY, "human"): 3}))
    await roller(tables, end_of(DAY) + CLOSED_AFTER).round()
    tables.stored.clear()
    tables.counters[DAY, "human"] += 1
    rounds = roller(tables, end_of(DAY) + timedelta(days=90))
    for _ in range(2):
        await rounds.round()
    assert tables.shown(DAY) == {"human": 4}
    assert [made["human"] for made in tables.made_up.values()] == [1]
    assert tables.days[DAY].from_events == 3


CLICKS = st.tuples(st.integers(0, 3), st.sampled_from(ClassClicks._fields), st.booleans())


@given(st.lists(st.tuples(st.lists(CLICKS, max_size=6), st.integers(-1, 40)), min_size=1, max_size=8))
def test_whenever_it_is_killed_what_is_shown_of_a_rolled_day_is_what_was_counted_of_it(
    rounds: list[tuple[list[tuple[int, str, bool]], int]],
) -> None:
    """Clicks of four days come in any order, some are stored and not counted yet; a round may die at any step."""
    tables, now = Tables(), end_of(DAY + timedelta(days=3)) + PATIENCE
    rolling = roller(tables, now)
    uncounted: Counter[tuple[date, str]] = Counter()
    for clicks, fails in rounds:
        tables.counters.update(uncounted)
        uncounted.clear()
        for number, traffic_class, is_counted in clicks:
            click = (DAY + timedelta(days=number), traffic_class)
            tables.stored[click] += 1
            (tables.counters if is_counted else uncounted)[click] += 1
        tables.fails = fails
        before = {day: tables.shown(day) for day in tables.days}
        _run_once(rolling)
        for day, rolled in tables.days.items():
            assert tables.shown(day) == {one: n for one, n in rolled.clicks._asdict().items() if n}
            if rolled.clicks != ClassClicks(*(tables.counters[day, one] for one in ClassClicks._fields)):
                assert tables.shown(day) == before[day], "a day is behind or right, never anything else"
    tables.counters.update(uncounted)
    tables.fails = -1
    for _ in range(2):
        _run_once(rolling)
    counted = {day for day, _ in +tables.counters}
    assert counted <= tables.days.keys()
    for day in counted:
        assert tables.shown(day) == {one: n for (of, one), n in tables.counters.items() if of == day and n}
    for day, rolled in tables.days.items():
        assert not any(tables.made_up.get((day, rolled.version), Counter()).values())


def _run_once(rolling: Roller) -> None:
    """Drive a round to its end, or to the step at which it is killed."""
    steps = rolling.round()
    try:
        steps.send(None)
    except (StopIteration, TransientError):
        return
    raise AssertionError("the tables in memory never wait")
