"""Who is stuck, and who only had nothing to read."""

import pytest

from stream.watchdog import Watchdog


def looks(dog: Watchdog, *, next_offset: int = 5, end: int = 9, now: float) -> bool:
    return dog.is_stalled("a", next_offset=next_offset, end=end, now=now)


def test_a_partition_is_stalled_when_lag_was_seen_for_longer_than_it_may() -> None:
    dog = Watchdog(60)
    assert [looks(dog, now=now) for now in (1000, 1060, 1060.1)] == [False, False, True]


def test_progress_and_having_read_all_begin_anew() -> None:
    dog = Watchdog(60)
    looks(dog, now=0)
    assert not looks(dog, next_offset=6, now=61)
    assert not looks(dog, next_offset=6, now=121)
    assert not looks(dog, next_offset=9, now=122)
    assert not looks(dog, next_offset=9, end=10, now=1000)
    assert looks(dog, next_offset=9, end=10, now=1061)


@pytest.mark.parametrize("excuse", ["the partition", "everybody", "those that went elsewhere"])
def test_time_in_which_nobody_could_read_does_not_count(excuse: str) -> None:
    dog = Watchdog(60)
    looks(dog, now=0)
    if excuse == "the partition":
        dog.excuse("a")
    elif excuse == "everybody":
        dog.excuse_all()
    else:
        dog.keep(["b"])
    assert not looks(dog, now=61)
    assert looks(dog, now=122)


def test_a_partition_that_stays_is_not_excused() -> None:
    dog = Watchdog(60)
    looks(dog, now=0)
    dog.keep(["a"])
    assert looks(dog, now=61)
