"""Which minutes are rolled up."""

import pytest

from console.roll_up import end_of_minutes_s

DAY: int = 86_400


@pytest.mark.parametrize(
    ("now_s", "before_s"),
    [
        (100 * DAY, 10 * DAY),
        (100 * DAY + 1, 10 * DAY),
        (101 * DAY - 0.5, 10 * DAY),
        (101 * DAY, 11 * DAY),
    ],
)
def test_whole_days_stay_as_minutes_and_the_day_that_runs_is_not_one_of_them(now_s: float, before_s: int) -> None:
    assert end_of_minutes_s(now_s, minutes_days=90) == before_s
