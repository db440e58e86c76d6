from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.visitors import Visitors
from redirector.visitor_key.day_key import DAY_MS, DayKey

KEY = DayKey(day=5, key=bytes(range(32)))
OTHER = DayKey(day=5, key=bytes(32))


@given(st.text(alphabet=st.characters(codec="utf-8")), st.integers(0, 2**38))
def test_a_visitor_is_a_positive_number_that_a_double_holds(ua: str, now_ms: int) -> None:
    number = Visitors(KEY).number("203.0.113.9", ua, now_ms)
    assert 0 < number < 2**53
    assert int(float(number)) == number


def test_the_same_visitor_is_the_same_number_all_day_and_in_every_process() -> None:
    one, other = Visitors(KEY), Visitors(KEY)
    assert one.number("a", "ua", 5 * DAY_MS) == other.number("a", "ua", 6 * DAY_MS - 1)


def test_processes_that_never_meet_agree_on_the_number_of_every_later_day() -> None:
    one, other = Visitors(KEY), Visitors(KEY)
    for day in range(5, 9):
        one.number("a", "ua", day * DAY_MS)
    assert one.number("a", "ua", 9 * DAY_MS) == other.number("a", "ua", 9 * DAY_MS)


def test_tomorrow_the_number_is_another_and_yesterdays_cannot_be_computed_again() -> None:
    visitors = Visitors(KEY)
    yesterdays = visitors.number("a", "ua", 6 * DAY_MS - 1)
    todays = visitors.number("a", "ua", 6 * DAY_MS)
    assert todays != yesterdays
    for time_ms in (0, 5 * DAY_MS, 6 * DAY_MS - 1):
        assert visitors.number("a", "ua", time_ms) == todays


def test_address_user_agent_and_key_each_matter() -> None:
    visitors = Visitors(KEY)
    numbers = {
        visitors.number("a", "b", 0),
        visitors.number("ab", "", 0),
        visitors.number("", "ab", 0),
        visitors.number("a", "c", 0),
        Visitors(OTHER).number("a", "b", 0),
    }
    assert len(numbers) == 5


def test_addresses_of_one_subscriber_are_one_visitor() -> None:
    visitors = Visitors(KEY)
    assert visitors.number("2001:db8::1", "ua", 0) == visitors.number("2001:db8::ffff:1:2", "ua", 0)
    assert visitors.number("2001:db8::1", "ua", 0) != visitors.number("2001:db8:0:1::1", "ua", 0)
    assert visitors.number("::ffff:203.0.113.9", "ua", 0) == visitors.number("203.0.113.9", "ua", 0)


def test_another_hosts_key_is_used_at_once() -> None:
    visitors = Visitors(KEY)
    visitors.number("a", "ua", 5 * DAY_MS)
    visitors.use(OTHER, 5 * DAY_MS)
    assert visitors.number("a", "ua", 5 * DAY_MS) == Visitors(OTHER).number("a", "ua", 5 * DAY_MS)


def test_a_file_that_lags_behind_midnight_changes_nothing() -> None:
    visitors = Visitors(KEY)
    number = visitors.number("a", "ua", 6 * DAY_MS)
    visitors.use(KEY, 6 * DAY_MS)
    assert visitors.number("a", "ua", 6 * DAY_MS) == number == Visitors(KEY).number("a", "ua", 6 * DAY_MS)


def test_a_clock_that_ran_years_ahead_and_was_set_right_is_forgotten_with_the_next_key() -> None:
    visitors = Visitors(KEY)
    visitors.number("a", "ua", 4000 * DAY_MS)
    visitors.use(KEY, 5 * DAY_MS)
    assert visitors.number("a", "ua", 5 * DAY_MS) == Visitors(KEY).number("a", "ua", 5 * DAY_MS)
