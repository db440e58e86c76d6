"""What differences of totals must add up to, in whatever order the totals come."""

from collections import Counter
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.counters import GROWTH, OPENING, REVISION
from stream.periods import LIFE, Period, Periods, Ranks, Reading
from stream.totals import FELL, FIRST, GREW, OUTRANKED, REDEFINED, Difference, PostTotals, reading_of, scope_of
from tests.builders import DAY_MS, snapshot

DAY = Period(DAY_MS, 2 * DAY_MS)
NEXT_DAY = Period(2 * DAY_MS, 3 * DAY_MS)
WEEK = Period(0, 7 * DAY_MS)
MINUTE = 60_000

scopes = st.one_of(
    st.just(LIFE),
    st.builds(
        lambda start, days: Period(start * DAY_MS, (start + days) * DAY_MS), st.integers(1, 9), st.integers(1, 4)
    ),
)
readings = st.builds(
    Reading, st.integers(-2, 1), st.sampled_from(["impressions", "views"]), st.integers(0, 5), st.integers(0, 20)
)
feeds = st.lists(st.tuples(scopes, readings), max_size=30)


def take_all(
    feed: Iterable[tuple[Period, Reading]], post: PostTotals | None = None, ranks: Ranks | None = None
) -> tuple[PostTotals, list[Difference]]:
    post, ranks = post or PostTotals(), ranks or Ranks()
    differences: list[Difference] = []
    for scope, reading in feed:
        differences += post.take(scope, reading, ranks, is_old=True) or []
    return post, differences


def newest_total(feed: list[tuple[Period, Reading]]) -> int:
    """What counts, by a rule that knows nothing of differences."""
    newest: dict[Period, Reading] = {}
    for scope, reading in feed:
        newest[scope] = max(newest.get(scope, reading), reading)
    if LIFE in newest:
        return newest[LIFE].total
    counted: list[Period] = []
    for period in sorted(newest, key=lambda one: (one.start_ms - one.end_ms, one)):
        if all(period.end_ms <= one.start_ms or one.end_ms <= period.start_ms for one in counted):
            counted.append(period)
    return sum(newest[period].total for period in counted)


@settings(deadline=None, max_examples=300)
@given(feeds, st.randoms(use_true_random=False))
def test_the_sum_of_the_differences_is_the_newest_total_in_any_order_and_however_often(
    feed: list[tuple[Period, Reading]], random: Random
) -> None:
    shuffled = [*feed, *feed]
    random.shuffle(shuffled)
    for one in (feed, shuffled):
        post, differences = take_all(one)
        assert sum(difference.impressions for difference in differences) == post.total() == newest_total(feed)


@settings(deadline=None, max_examples=200)
@given(feeds, feeds, st.booleans())
def test_a_state_that_was_written_and_read_back_goes_on_as_if_nothing_had_been(
    before: list[tuple[Period, Reading]], after: list[tuple[Period, Reading]], reverse: bool
) -> None:
    post, ranks, rows = PostTotals(), Ranks(), dict[Period, Reading]()
    for scope, reading in before:
        if post.take(scope, reading, ranks, is_old=True) is not None:
            rows[scope] = reading
    restored, fresh = PostTotals(), Ranks()
    for scope, reading in sorted(rows.items(), reverse=reverse):
        restored.restore(scope, reading, fresh)
    assert restored.total() == post.total()
    assert take_all(after, restored, fresh)[1] == take_all(after, post, ranks)[1]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 50)), max_size=30))
def test_a_day_is_corrected_in_its_own_window_whenever_that_is(feed: list[tuple[int, int]]) -> None:
    newest: dict[Period, int] = {}
    differences: list[Difference] = []
    post, ranks = PostTotals(), Ranks()
    for at, (day, total) in enumerate(feed):
        period = Period(day * DAY_MS, (day + 1) * DAY_MS)
        newest[period] = total
        differences += post.take(period, Reading(0, "impressions/day", at, total), ranks, is_old=True) or []
    windows: Counter[int] = Counter()
    for one in differences:
        windows[one.window_s] += one.impressions
    assert +windows == Counter({period.start_ms // 1000: total for period, total in newest.items() if total})
    assert all(window >= 0 for window in windows.values())


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_a_life_that_is_read_in_order_grows_and_falls_in_the_minute_in_which_it_was_read(totals: list[int]) -> None:
    feed = [(LIFE, Reading(0, "views", at * MINUTE, total)) for at, total in enumerate(totals)]
    expected = [
        (at * 60, now - was) for at, (was, now) in enumerate(zip([0, *totals], totals, strict=False)) if now != was
    ]
    assert [(one.window_s, one.impressions) for one in take_all(feed)[1]] == expected


def test_the_first_total_of_an_old_post_is_an_opening_of_a_new_one_growth() -> None:
    reading = Reading(0, "views", 5 * MINUTE, 70)
    for is_old, source in ((True, OPENING), (False, GROWTH)):
        assert PostTotals().take(LIFE, reading, Ranks(), is_old=is_old) == [Difference(300, source, FIRST, 70)]
    assert PostTotals().take(DAY, reading, Ranks(), is_old=True) == [Difference(86_400, GROWTH, FIRST, 70)]


def test_later_totals_grow_fall_or_are_of_another_metric() -> None:
    feed = [
        (LIFE, Reading(0, "impressions", 0, 100)),
        (LIFE, Reading(0, "impressions", MINUTE, 130)),
        (LIFE, Reading(0, "impressions", 2 * MINUTE, 130)),
        (LIFE, Reading(0, "impressions", 3 * MINUTE, 125)),
        (LIFE, Reading(0, "impressions", MINUTE, 500)),
        (LIFE, Reading(1, "views", 0, 400)),
        (LIFE, Reading(0, "impressions", 9 * MINUTE, 140)),
    ]
    assert take_all(feed)[1] == [
        Difference(0, OPENING, FIRST, 100),
        Difference(60, GROWTH, GREW, 30),
        Difference(180, REVISION, FELL, -5),
        Difference(0, REVISION, REDEFINED, 275),
    ]


def test_two_totals_of_one_reading_are_settled_by_the_higher() -> None:
    low, high = Reading(0, "views", 0, 7), Reading(0, "views", 0, 9)
    for feed in ([low, high], [high, low]):
        assert sum(one.impressions for one in take_all((LIFE, one) for one in feed)[1]) == 9


def test_a_metric_that_changed_is_marked_even_where_the_total_did_not() -> None:
    feed = [(LIFE, Reading(0, "impressions", 0, 5)), (LIFE, Reading(1, "views", MINUTE, 5))]
    assert take_all(feed)[1][1:] == [Difference(60, REVISION, REDEFINED, 0)]


def test_a_life_takes_the_place_of_its_periods_where_they_were_counted() -> None:
    feed = [
        (DAY, Reading(0, "d", 0, 10)),
        (NEXT_DAY, Reading(0, "d", 0, 20)),
        (LIFE, Reading(0, "l", 9 * DAY_MS, 50)),
        (NEXT_DAY, Reading(0, "d", 9, 25)),
    ]
    assert take_all(feed)[1][2:] == [
        Difference(86_400, REVISION, OUTRANKED, -10),
        Difference(2 * 86_400, REVISION, OUTRANKED, -20),
        Difference(9 * 86_400, OPENING, FIRST, 50),
    ]


def test_of_periods_that_overlap_the_longest_counts() -> None:
    day, next_day, week = (Reading(0, "d", 0, total) for total in (10, 20, 100))
    assert take_all([(DAY, day), (NEXT_DAY, next_day), (WEEK, week)])[1][2:] == [
        Difference(86_400, REVISION, OUTRANKED, -10),
        Difference(2 * 86_400, REVISION, OUTRANKED, -20),
        Difference(0, GROWTH, FIRST, 100),
    ]
    assert take_all([(WEEK, week), (DAY, day)])[1] == [Difference(0, GROWTH, FIRST, 100)]


def test_a_period_that_a_longer_one_hid_counts_again_where_that_one_is_hidden() -> None:
    first, middle, last = Period(1, 4), Period(3, 7), Period(6, 16)
    feed = [(first, Reading(0, "d", 0, 1)), (middle, Reading(0, "d", 0, 2)), (last, Reading(0, "d", 0, 4))]
    post, differences = take_all(feed)
    assert post.total() == sum(one.impressions for one in differences) == 5
    assert {one.why for one in differences[2:]} == {FIRST, OUTRANKED}
    assert Difference(0, REVISION, OUTRANKED, 1) in differences


@pytest.mark.parametrize(
    ("added", "overlaps"),
    [(Period(10, 20), False), (Period(20, 21), False), (Period(9, 11), True), (Period(19, 22), True)],
)
def test_periods_that_only_touch_do_not_overlap(added: Period, overlaps: bool) -> None:
    for feed in ([Period(0, 10), Period(21, 30), added], [added, Period(21, 30), Period(0, 10)]):
        periods = Periods(Ranks())
        for period in feed:
            periods.put(period, Reading(0, "d", 0, 1))
        assert periods.overlap is overlaps


def test_a_snapshot_s_series_and_scope_are_compared_by_what_they_are() -> None:
    assert scope_of(snapshot()) == LIFE
    assert scope_of(snapshot(start_ms=5000, end_ms=6000)) == Period(5000, 6000)
    retired = snapshot(platform="facebook", series="post_impressions@v21", observed_ms=9)
    current = snapshot(platform="facebook", series="post_media_view@v25", observed_ms=1)
    assert reading_of(retired) < reading_of(current)
    assert reading_of(current)[:2] == reading_of(snapshot(platform="facebook", series="post_media_view@v26"))[:2]
    strange, gone = snapshot(series="strange"), snapshot(series="strange_old", is_retired=True)
    assert reading_of(gone) < reading_of(strange) < reading_of(snapshot())
