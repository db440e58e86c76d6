"""When a flush is due: at the boundaries of time, number and room."""

import pytest

from stream.schedule import Schedule, Waiting

SCHEDULE = Schedule(interval_s=2, many_events=100, catch_up_patience=5)


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


@pytest.mark.parametrize(("share", "due_in_s"), [(0, 2), (0.25, 1.5), (1, 0), (3, 0)])
def test_the_next_look_is_when_the_longest_wait_ends(share: float, due_in_s: float) -> None:
    assert SCHEDULE.due_in_s(share) == due_in_s
