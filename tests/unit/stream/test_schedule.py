"""When a flush is due or may be early: at the boundaries of time, number, room and what else is flushed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.schedule import Flushing, Schedule, Waiting

SCHEDULE = Schedule(interval_s=2, many_events=100, catch_up_patience=5, gather=0.125, worth_events=20)
IDLE = Flushing()


@pytest.mark.parametrize(
    ("waited_s", "events", "behind", "room", "due"),
    [
        (1.9, 1, False, True, False),
        (2.0, 1, False, True, True),
        (9.9, 1, True, True, False),
        (10.0, 1, True, True, True),
        (0.0, 99, False, True, False),
        (0.0, 100, False, True, True),
        (0.0, 100, True, True, True),
        (0.0, 1, False, False, True),
    ],
)
def test_a_flush_is_due_by_time_by_number_or_for_want_of_room(
    waited_s: float, events: int, *, behind: bool, room: bool, due: bool
) -> None:
    assert SCHEDULE.is_due(Waiting(waited_s, events, behind), room=room) is due


@pytest.mark.parametrize(
    ("waiting", "early"),
    [
        (Waiting(0.24, 1), False),
        (Waiting(0.25, 1), True),
        (Waiting(0.25, 1, since_flush_s=1.9), False),
        (Waiting(0.25, 1, since_flush_s=2.0), True),
        (Waiting(0.25, 19, since_flush_s=1.9), False),
        (Waiting(0.25, 20, since_flush_s=0.9), False),
        (Waiting(0.25, 20, since_flush_s=1.0), True),
        (Waiting(9.0, 99, behind=True), False),
    ],
)
def test_a_flush_is_early_once_an_interval_with_few_events_and_twice_with_many(
    waiting: Waiting, *, early: bool
) -> None:
    assert SCHEDULE.is_early(waiting, IDLE) is early


@pytest.mark.parametrize(
    ("took_s", "since_flush_s", "early"),
    [(0.5, 1.0, True), (0.5, 0.9, False), (0.75, 1.4, False), (0.75, 1.5, True), (5.0, 9.9, False)],
)
def test_a_partition_with_many_events_is_flushed_for_half_of_its_time_at_most(
    took_s: float, since_flush_s: float, *, early: bool
) -> None:
    assert SCHEDULE.is_early(Waiting(0.25, 20, since_flush_s=since_flush_s), Flushing(took_s=took_s)) is early


@pytest.mark.parametrize(("running", "more"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_as_many_may_be_early_as_may_run_beside_those_that_do(running: int, more: int) -> None:
    assert SCHEDULE.may_be_early(Flushing(running)) == more


@pytest.mark.parametrize(
    ("waiting", "flushing", "look_in_s"),
    [
        (Waiting(0.0, 1), IDLE, 0.25),
        (Waiting(0.125, 1), IDLE, 0.125),
        (Waiting(0.25, 1, since_flush_s=0.5), IDLE, 0.5),
        (Waiting(1.0, 1, since_flush_s=1.0), IDLE, 0.25),
        (Waiting(1.9375, 1, since_flush_s=1.9375), IDLE, 0.0625),
        (Waiting(1.5, 1), Flushing(running=2), 0.5),
        (Waiting(3.0, 1), Flushing(running=2), 0.0),
        (Waiting(4.0, 1, behind=True), IDLE, 6.0),
        (Waiting(0.25, 20, since_flush_s=1.0), Flushing(running=1, took_s=0.625), 0.25),
    ],
)
def test_the_next_look_is_when_it_may_be_early_or_is_due(
    waiting: Waiting, flushing: Flushing, look_in_s: float
) -> None:
    assert SCHEDULE.look_in_s(waiting, flushing) == look_in_s


SECONDS = st.floats(0, 20)
LONG_AGO = SECONDS | st.just(math.inf)


@given(
    waiting=st.builds(Waiting, SECONDS, st.integers(1, 99), st.booleans(), LONG_AGO),
    flushing=st.builds(Flushing, st.integers(0, 3), SECONDS),
)
def test_what_is_neither_due_nor_early_is_looked_at_again_before_its_time_is_up(
    waiting: Waiting, flushing: Flushing
) -> None:
    look_in_s = SCHEDULE.look_in_s(waiting, flushing)
    if SCHEDULE.is_due(waiting, room=True):
        assert look_in_s == 0
    elif not SCHEDULE.is_early(waiting, flushing):
        assert 0 < look_in_s <= 10 - waiting.waited_s
