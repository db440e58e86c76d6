"""When dead letters are too many: at the boundaries of the ratio, the window and the least number."""

import pytest

from stream.burials import FLUSHES_KEPT, BurialLimit, Burials

LIMIT = BurialLimit(ratio=0.5, window_events=1000, least=100)


@pytest.mark.parametrize(
    ("events", "buried", "too_many"),
    [
        (200, 100, None),
        (199, 100, (100, 199)),
        (100, 99, None),
        (100, 100, (100, 100)),
        (10_000, 5001, (5001, 10_000)),
    ],
)
def test_too_many_are_more_than_the_ratio_of_enough(
    events: int, buried: int, too_many: tuple[int, int] | None
) -> None:
    assert Burials(LIMIT).are_too_many(events, buried) == too_many


def test_small_flushes_add_up() -> None:
    burials = Burials(LIMIT)
    for _ in range(99):
        assert burials.are_too_many(1, 1) is None
        burials.note(1, 1)
    assert burials.are_too_many(1, 1) == (100, 100)


def test_a_flush_without_a_dead_letter_gets_past_and_makes_the_ratio_better() -> None:
    burials = Burials(LIMIT, [(200, 200)])
    assert burials.ratio == 1
    assert burials.are_too_many(1, 1) == (201, 201)
    assert burials.are_too_many(300, 0) is None
    burials.note(300, 0)
    assert burials.ratio == 0.4
    assert burials.are_too_many(1, 1) is None


@pytest.mark.parametrize(("later", "remembered"), [(999, True), (1000, False)])
def test_what_lies_wholly_before_the_window_is_forgotten(later: int, *, remembered: bool) -> None:
    burials = Burials(LIMIT, [(500, 500), (later, 0)])
    assert (burials.ratio > 0) is remembered


def test_no_more_flushes_are_kept_than_can_be_read_back() -> None:
    limit = BurialLimit(ratio=0.5, window_events=10**9, least=1)
    assert Burials(limit, [(1, 1)] + [(1, 0)] * FLUSHES_KEPT).ratio == 0
    assert Burials(limit, [(1, 1)] + [(1, 0)] * (FLUSHES_KEPT - 1)).ratio > 0


def test_a_ratio_of_one_never_stops() -> None:
    assert Burials(BurialLimit(ratio=1, window_events=1000, least=1)).are_too_many(1000, 1000) is None


def test_whoever_reads_the_same_flushes_back_decides_the_same() -> None:
    flushes = [(100, 10), (300, 290), (50, 0), (400, 100)]
    noted = Burials(LIMIT)
    for events, buried in flushes:
        noted.note(events, buried)
    assert noted.ratio == Burials(LIMIT, flushes).ratio
    assert noted.are_too_many(700, 500) == Burials(LIMIT, flushes).are_too_many(700, 500) == (600, 1100)
