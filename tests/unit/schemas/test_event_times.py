import pytest

from schemas.event_times import AGE_MARGIN_MS, MAX_AGE_DAYS, MAX_SKEW_S, SKEW_MARGIN_MS, DoorTimes
from stream.settings import StreamSettings
from tests.builders import DAY_MS, NOW_MS, click, new_fold, record

TIMES = DoorTimes.within(max_skew_s=MAX_SKEW_S, max_age_days=MAX_AGE_DAYS)
OLDEST_MS = NOW_MS - 90 * DAY_MS + AGE_MARGIN_MS
LATEST_MS = NOW_MS + 300_000 - SKEW_MARGIN_MS


def test_the_first_and_the_last_moment_are_taken_and_one_beyond_is_not() -> None:
    for time_ms in (OLDEST_MS, NOW_MS - 1, NOW_MS, NOW_MS + 1, LATEST_MS):
        assert TIMES.why_not(time_ms, NOW_MS) == ""
    assert "days old, at most 89.0 days" in TIMES.why_not(OLDEST_MS - 1, NOW_MS)
    assert "s in the future, at most 240 s" in TIMES.why_not(LATEST_MS + 1, NOW_MS)


@pytest.mark.parametrize("time_ms", [OLDEST_MS, LATEST_MS])
@pytest.mark.parametrize("waited_ms", [0, AGE_MARGIN_MS])
@pytest.mark.parametrize("clock_off_ms", [0, SKEW_MARGIN_MS])
def test_what_the_door_takes_the_stream_counts_after_a_day_in_the_spool_and_with_clocks_a_minute_apart(
    time_ms: int, waited_ms: int, clock_off_ms: int
) -> None:
    for off_ms in (-clock_off_ms, clock_off_ms):
        at_ms = NOW_MS + waited_ms + (off_ms if time_ms == LATEST_MS else 0)
        fold = new_fold()
        assert fold.add(record([click(time_ms=time_ms)], at_ms=at_ms)).counted == 1


def test_the_stream_refuses_what_lies_beyond_the_margin() -> None:
    fold = new_fold()
    too_late = record([click(time_ms=OLDEST_MS)], at_ms=NOW_MS + AGE_MARGIN_MS + 1)
    too_early = record([click(time_ms=LATEST_MS)], at_ms=NOW_MS - SKEW_MARGIN_MS - 1)
    assert (fold.add(too_late).dead_letters, fold.add(too_early).dead_letters) == (1, 1)


def test_the_stream_and_the_door_have_the_same_bounds_unless_they_are_set() -> None:
    settings = StreamSettings.load({})
    assert (settings.max_skew_s, settings.max_age_days) == (MAX_SKEW_S, MAX_AGE_DAYS)


@pytest.mark.parametrize(
    ("time_ms", "reason"),
    [
        (NOW_MS // 1000, "looks like seconds: multiply by 1000"),
        (NOW_MS // 1000 - 3 * 365 * 86400, "looks like seconds"),
        (NOW_MS * 1000, "looks like microseconds: divide by 1000"),
        (NOW_MS * 1_000_000, "looks like nanoseconds: divide by 1000000"),
        (2**53 - 1, "s in the future"),
        (2**63 - 1, "s in the future"),
        (NOW_MS + 600_000, "600 s in the future"),
        (NOW_MS - 901 * DAY_MS // 10, "90.1 days old"),
        (0, "days old"),
        (-1, "days old"),
        (-(2**63), "days old"),
    ],
)
def test_a_time_out_of_bounds_is_told_what_it_looks_like(time_ms: int, reason: str) -> None:
    assert reason in TIMES.why_not(time_ms, NOW_MS)
    assert f"time_ms {time_ms} " in TIMES.why_not(time_ms, NOW_MS)


def test_bounds_that_are_set_small_keep_most_of_themselves() -> None:
    assert DoorTimes.within(max_skew_s=0, max_age_days=1) == (0, DAY_MS * 9 // 10)
    assert DoorTimes.within(max_skew_s=10, max_age_days=100) == (8_000, 99 * DAY_MS)
