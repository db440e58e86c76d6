"""When a post is asked for again, and what that costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.poll.plan import YEAR_MS, cost_of, cost_of_new
from console.poll.schedule import DAY_MS, DEFAULT, GONE_AGAIN_MS, HOUR_MS, Schedule
from console.poll.state import Post
from tests.unit.console.poll.polling import START_MS

SCHEDULE = Schedule.of(DEFAULT)


@pytest.mark.parametrize(
    ("age_ms", "every_ms"),
    [
        (-DAY_MS, HOUR_MS),
        (0, HOUR_MS),
        (DAY_MS - 1, HOUR_MS),
        (DAY_MS, 6 * HOUR_MS),
        (7 * DAY_MS - 1, 6 * HOUR_MS),
        (7 * DAY_MS, DAY_MS),
        (30 * DAY_MS - 1, DAY_MS),
        (30 * DAY_MS, 7 * DAY_MS),
        (180 * DAY_MS - 1, 7 * DAY_MS),
        (180 * DAY_MS, 30 * DAY_MS),
        (730 * DAY_MS - 1, 30 * DAY_MS),
        (730 * DAY_MS, None),
    ],
)
def test_the_pause_grows_with_the_age_of_a_post_and_ends(age_ms: int, every_ms: int | None) -> None:
    assert SCHEDULE.every_ms(age_ms) == every_ms


def test_a_post_is_due_when_its_pause_is_over_and_not_a_millisecond_before() -> None:
    published_ms = START_MS - 2 * DAY_MS
    assert SCHEDULE.is_due(published_ms, START_MS, START_MS + 6 * HOUR_MS)
    assert not SCHEDULE.is_due(published_ms, START_MS, START_MS + 6 * HOUR_MS - 1)


def test_a_post_that_was_never_asked_for_is_due_however_old_it_is() -> None:
    assert SCHEDULE.is_due(START_MS - 5000 * DAY_MS, 0, START_MS)
    assert not SCHEDULE.is_due(START_MS - 5000 * DAY_MS, START_MS - 100 * DAY_MS, START_MS)


def test_a_post_that_is_gone_is_asked_for_again_a_month_later() -> None:
    published_ms = START_MS - HOUR_MS
    assert not SCHEDULE.is_due(published_ms, START_MS, START_MS + GONE_AGAIN_MS - 1, gone=True)
    assert SCHEDULE.is_due(published_ms, START_MS, START_MS + GONE_AGAIN_MS, gone=True)
    assert SCHEDULE.due_ms(START_MS - 705 * DAY_MS, START_MS, gone=True) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "should be AGE:PAUSE"),
        ("7d", "should be AGE:PAUSE"),
        ("7d:0h", "no span of time"),
        ("7w:1d", "no span of time"),
        ("7d:1h,7d:2h", "ages should grow"),
        ("7d:1h,1d:2h", "ages should grow"),
    ],
)
def test_a_schedule_that_is_none_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Schedule.of(text)


def test_the_year_of_a_new_post_reads_it_a_hundred_times_of_which_x_bills_days() -> None:
    cost = cost_of([Post(id="1", published_ms=START_MS)], SCHEDULE, START_MS)
    # 24 in its first day, 24 in its first week, 23 in its month, then 22 weeks and 7 months.
    assert cost.readings == 24 + 24 + 23 + 22 + 7
    # From 18:00 on the first week has 8 days of UTC.
    assert cost.billed == 8 + 23 + 22 + 7 - 1
    assert cost.dollars(owned=False) == pytest.approx(cost.billed * 0.005)
    assert cost.dollars(owned=True) == pytest.approx(cost.billed * 0.001)


def test_a_post_that_is_too_old_costs_one_reading_if_it_was_never_read_and_none_if_it_was() -> None:
    old = Post(id="1", published_ms=START_MS - 800 * DAY_MS)
    assert cost_of([old], SCHEDULE, START_MS).readings == 1
    assert (
        cost_of([Post(id="1", published_ms=old.published_ms, asked_ms=START_MS)], SCHEDULE, START_MS).readings == 0
    )


def test_posts_to_come_cost_less_than_a_whole_year_each() -> None:
    cost = cost_of_new(3, SCHEDULE, START_MS)
    whole = cost_of([Post(id="1", published_ms=START_MS)], SCHEDULE, START_MS)
    assert cost.posts == 156
    assert cost.posts < cost.billed < 156 * whole.billed


@given(age_ms=st.integers(0, 800 * DAY_MS), asked_before_ms=st.integers(0, 800 * DAY_MS))
def test_readings_are_in_order_within_the_year_and_each_is_due_when_it_is_made(
    age_ms: int, asked_before_ms: int
) -> None:
    published_ms, asked_ms = START_MS - age_ms, START_MS - asked_before_ms
    times = list(SCHEDULE.readings(published_ms, asked_ms, START_MS, START_MS + YEAR_MS))
    assert times == sorted(set(times))
    for time in times:
        assert START_MS <= time < START_MS + YEAR_MS
        assert SCHEDULE.is_due(published_ms, asked_ms, time)
        asked_ms = time
