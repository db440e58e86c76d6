"""Wrong tokens are counted by address and minute, in as much memory as was set."""

import pytest

from redirector.serve.failed_tries import WINDOW_MS, FailedTries, source_of


def test_the_first_and_the_last_allowed_pass_and_one_beyond_waits() -> None:
    tries = FailedTries(allowed=3, kept=10)
    assert [tries.note("192.0.2.1", now_ms) for now_ms in (0, 1, 2, 3, 30_000, 59_999)] == [0, 0, 0, 60, 30, 1]


def test_a_minute_after_the_first_failure_all_are_allowed_anew() -> None:
    tries = FailedTries(allowed=1, kept=10)
    assert [tries.note("192.0.2.1", at) for at in (0, WINDOW_MS - 1, WINDOW_MS, WINDOW_MS + 1)] == [0, 1, 0, 60]


def test_a_clock_set_back_begins_a_new_minute() -> None:
    tries = FailedTries(allowed=1, kept=10)
    assert [tries.note("192.0.2.1", at) for at in (100_000, 5, 6)] == [0, 0, 60]


def test_addresses_do_not_touch_and_one_ipv6_customer_is_one() -> None:
    tries = FailedTries(allowed=1, kept=10)
    assert tries.note("192.0.2.1", 0) == tries.note("192.0.2.2", 0) == tries.note("2001:db8::1", 0) == 0
    assert tries.note("2001:db8::ffff:1", 0) == tries.note("::ffff:192.0.2.1", 0) == 60
    assert tries.note("2001:db8:0:1::1", 0) == 0


def test_memory_is_bounded_whoever_tries() -> None:
    tries = FailedTries(allowed=1, kept=3)
    for number in range(100):
        tries.note(f"192.0.2.{number}", number)
    assert len(tries) == 3
    assert [tries.note(f"192.0.2.{number}", 100) for number in (97, 98, 99)] == [60, 60, 60]
    assert tries.note("192.0.2.96", 100) == 0


@pytest.mark.parametrize("text", ["", "unknown", "fe80::1%eth0", "1.2.3", "::1"])
def test_any_text_has_a_source(text: str) -> None:
    assert isinstance(source_of(text), bytes)
