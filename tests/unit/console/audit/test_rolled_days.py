from datetime import UTC, date, datetime, timedelta

from console.audit.rolled_days import BEHIND_AFTER, BREAKDOWNS, LINK_DAYS, Day, check_rolled

DAY = date(2026, 11, 20)
CLOSED_S = (datetime(2026, 11, 21, tzinfo=UTC) + BEHIND_AFTER).timestamp()


def found(days: dict[date, Day], now_s: float = CLOSED_S) -> list[tuple[str, str, str]]:
    return [(one.severity, one.name, one.where) for one in check_rolled(BREAKDOWNS, days, now_s=now_s)]


def test_days_that_sum_to_what_was_counted_are_well() -> None:
    assert found({DAY: Day(3, 3, 3)}) == [("ok", "equal", "breakdowns")]


def test_rows_that_are_not_what_their_roll_up_says_are_broken() -> None:
    assert found({DAY: Day(2, 3, 3)}) == [("broken", "differ", str(DAY))]


def test_a_day_is_behind_three_hours_after_its_end_and_not_before() -> None:
    days = {DAY - timedelta(days=1): Day(1, 1, 1), DAY: Day(0, 0, 3)}
    assert found(days, CLOSED_S - 1) == [("ok", "equal", "breakdowns")]
    assert found(days) == [("warning", "behind", str(DAY))]


def test_where_nothing_was_rolled_up_nothing_is_behind() -> None:
    assert found({DAY: Day(0, 0, 3)}) == [("ok", "equal", "breakdowns")]


def test_of_sums_of_links_fingerprints_are_compared() -> None:
    (wrong,) = check_rolled(LINK_DAYS, {DAY: Day(-2, 3, 3)}, now_s=CLOSED_S)
    assert (wrong.severity, wrong.check, wrong.where) == ("broken", "link_days", str(DAY))
    assert wrong.what == "its rows in link_sums have the fingerprint -2, link_sum_days says the fingerprint 3"
