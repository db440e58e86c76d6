"""When dead letters are too many: at the boundaries of the ratio, the window and the least number."""

import pytest

from stream.burials import FLUSHES_KEPT, BurialLimit, Burials, Buried

LIMIT = BurialLimit(ratio=0.5, window_events=1000, least=100)


@pytest.mark.parametrize(
    ("flush", "are_too_many"),
    [
        (Buried(200, 100), False),
        (Buried(199, 100), True),
        (Buried(100, 99), False),
        (Buried(100, 100), True),
        (Buried(10_000, 5001), True),
    ],
)
def test_too_many_are_more_than_the_ratio_of_enough(flush: Buried, *, are_too_many: bool) -> None:
    assert Burials(LIMIT).are_too_many(flush) == (flush if are_too_many else None)


def test_small_flushes_add_up() -> None:
    burials = Burials(LIMIT)
    for _ in range(99):
        assert burials.are_too_many(Buried(1, 1)) is None
        burials.note(Buried(1, 1))
    assert burials.are_too_many(Buried(1, 1)) == Buried(100, 100)


def test_a_flush_without_a_dead_letter_gets_past_and_makes_the_ratio_better() -> None:
    burials = Burials(LIMIT, [Buried(200, 200)])
    assert burials.ratio == 1
    assert burials.are_too_many(Buried(1, 1)) == Buried(201, 201)
    assert burials.are_too_many(Buried(300, 0)) is None
    burials.note(Buried(300, 0))
    assert burials.ratio == 0.4
    assert burials.are_too_many(Buried(1, 1)) is None


@pytest.mark.parametrize(("later", "remembered"), [(999, True), (1000, False)])
def test_what_lies_wholly_before_the_window_is_forgotten(later: int, *, remembered: bool) -> None:
    burials = Burials(LIMIT, [Buried(500, 500), Buried(later, 0)])
    assert (burials.ratio > 0) is remembered


def test_no_more_flushes_are_kept_than_can_be_read_back() -> None:
    limit = BurialLimit(ratio=0.5, window_events=10**9, least=1)
    assert Burials(limit, [Buried(1, 1)] + [Buried(1, 0)] * FLUSHES_KEPT).ratio == 0
    assert Burials(limit, [Buried(1, 1)] + [Buried(1, 0)] * (FLUSHES_KEPT - 1)).ratio > 0


def test_a_ratio_of_one_never_stops() -> None:
    assert Burials(BurialLimit(ratio=1, window_events=1000, least=1)).are_too_many(Buried(1000, 1000)) is None


def test_whoever_reads_the_same_flushes_back_decides_the_same() -> None:
    flushes = [Buried(100, 10), Buried(300, 290), Buried(50, 0), Buried(400, 100)]
    noted = Burials(LIMIT)
    for flush in flushes:
        noted.note(flush)
    assert noted.ratio == Burials(LIMIT, flushes).ratio
    next_one = Buried(700, 500)
    assert noted.are_too_many(next_one) == Burials(LIMIT, flushes).are_too_many(next_one) == Buried(1100, 600)
