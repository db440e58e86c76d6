import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.visitors import SECRET_NAME, Visitors, shared_secret

DAY_MS = 24 * 3600 * 1000


@given(st.text(alphabet=st.characters(codec="utf-8")), st.integers(0, 2**45))
def test_a_visitor_is_a_positive_number_that_a_double_holds(ua: str, now_ms: int) -> None:
    number = Visitors(b"secret").number("203.0.113.9", ua, now_ms)
    assert 0 < number < 2**53
    assert int(float(number)) == number


def test_the_same_visitor_is_the_same_number_all_day_and_in_every_process() -> None:
    one, other = Visitors(b"secret"), Visitors(b"secret")
    assert one.number("a", "ua", 5 * DAY_MS) == other.number("a", "ua", 6 * DAY_MS - 1)


def test_tomorrow_and_after_a_clock_jump_back_the_number_is_the_days() -> None:
    visitors = Visitors(b"secret")
    today = visitors.number("a", "ua", 5 * DAY_MS)
    assert visitors.number("a", "ua", 6 * DAY_MS) != today
    assert visitors.number("a", "ua", 5 * DAY_MS) == today


def test_address_user_agent_and_secret_each_matter() -> None:
    visitors = Visitors(b"secret")
    numbers = {
        visitors.number("a", "b", 0),
        visitors.number("ab", "", 0),
        visitors.number("", "ab", 0),
        visitors.number("a", "c", 0),
        Visitors(b"another").number("a", "b", 0),
    }
    assert len(numbers) == 5


def test_addresses_of_one_subscriber_are_one_visitor() -> None:
    visitors = Visitors(b"secret")
    assert visitors.number("2001:db8::1", "ua", 0) == visitors.number("2001:db8::ffff:1:2", "ua", 0)
    assert visitors.number("2001:db8::1", "ua", 0) != visitors.number("2001:db8:0:1::1", "ua", 0)
    assert visitors.number("::ffff:203.0.113.9", "ua", 0) == visitors.number("203.0.113.9", "ua", 0)


def test_no_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Visitors(b"")


def test_everybody_who_starts_at_once_gets_the_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: shared_secret(tmp_path / "spool"), range(32)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 64
    assert [path.name for path in (tmp_path / "spool").iterdir()] == [SECRET_NAME]
    assert stat.S_IMODE((tmp_path / "spool" / SECRET_NAME).stat().st_mode) == 0o600
