"""What a bench makes of its rounds."""

from typing import Literal

import pytest

from bench.results import Goal, Rounds, alternating, spread


def test_every_second_round_goes_backwards() -> None:
    assert list(alternating("abc", 2)) == [(0, "a"), (0, "b"), (0, "c"), (1, "c"), (1, "b"), (1, "a")]


def test_a_ratio_is_the_median_of_the_rounds_ratios_not_the_ratio_of_medians() -> None:
    measured = Rounds()
    for one, other in ((10.0, 5.0), (2.0, 4.0), (90.0, 30.0)):
        measured.add("one", per_s=one)
        measured.add("other", per_s=other)
    assert measured.ratio("one", "other", "per_s") == pytest.approx(2.0)


def test_a_spread_keeps_the_extremes() -> None:
    measured = spread([3.0, 1.0, 2.0])
    assert (measured.median, measured.least, measured.most, measured.rounds) == (2.0, 1.0, 3.0, 3)


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [("at least", 2.0, True), ("at least", 1.9, False), ("at most", 2.0, True), ("at most", 2.1, False)],
)
def test_a_goal_is_met_on_its_own_side(bound: Literal["at least", "at most"], value: float, met: bool) -> None:
    assert Goal("speed", value, bound, 2.0).met is met
