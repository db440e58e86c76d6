"""What offsets that did not come mean."""

import pytest

from stream.holes import SEEK_PATIENCE_S, Hole, Sought, judge_hole


@pytest.mark.parametrize(
    ("log_start", "first", "hole"),
    [
        (0, 5, Hole.EMPTY),
        (3, 5, Hole.EMPTY),
        (4, None, Hole.GONE),
        (5, 5, Hole.GONE),
        (0, 3, Hole.LOST),
        (0, 4, Hole.LOST),
        (0, None, Hole.LOST),
    ],
)
def test_a_hole_is_what_the_broker_says_of_it(log_start: int, first: int | None, hole: Hole) -> None:
    assert judge_hole(3, 5, log_start=log_start, first=first) is hole


def test_what_was_asked_for_again_is_waited_for_a_while() -> None:
    sought = Sought()
    assert not sought.is_on_its_way("a", 3, 0)
    sought.note("a", 3, now=100)
    assert sought.is_on_its_way("a", 3, 100 + SEEK_PATIENCE_S - 0.1)
    assert not sought.is_on_its_way("a", 3, 100 + SEEK_PATIENCE_S)
    assert not sought.is_on_its_way("a", 4, 101)
    assert not sought.is_on_its_way("b", 3, 101)
    sought.clear()
    assert not sought.is_on_its_way("a", 3, 101)
