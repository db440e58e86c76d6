"""The guard of the hot paths fails when it should, and only then."""

from collections.abc import Iterator

import pytest

from bench.guard import Known, Slower, find_slower, measure, ratio_of, unsteady
from bench.hot_paths import HotPath, hot_paths
from bench.yardsticks import Yardsticks, yardsticks
from stream.columns import EventColumns
from stream.decode import Decoded, decode

FOLD = "stream: decode and fold"


@pytest.fixture
def paths() -> Iterator[dict[str, HotPath]]:
    with hot_paths() as calls:
        yield calls


@pytest.fixture
def sticks() -> Iterator[Yardsticks]:
    with yardsticks() as made:
        yield made


def known(path: HotPath, sticks: Yardsticks, *, times: float = 1.0) -> Known:
    ratio = times * ratio_of(path.call, sticks[path.yardstick], repeats=7)
    return Known(path.yardstick, ratio, ratio, ratio)


def test_an_injected_slowdown_is_noticed(
    paths: dict[str, HotPath], sticks: Yardsticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = {FOLD: known(paths[FOLD], sticks)}

    def decode_thrice(topic: str, value: bytes | None, columns: EventColumns) -> Decoded:
        for _ in range(2):
            decode(topic, value, EventColumns())
        return decode(topic, value, columns)

    monkeypatch.setattr("stream.fold.decode", decode_thrice)
    (slower,) = find_slower(baseline, {FOLD: paths[FOLD]}, sticks, repeats=7)
    assert slower.path == FOLD
    assert slower.measured > 1.25 * baseline[FOLD].ratio


def test_what_stayed_as_it_was_passes(paths: dict[str, HotPath], sticks: Yardsticks) -> None:
    generous = {FOLD: known(paths[FOLD], sticks, times=1.5)}
    assert find_slower(generous, {FOLD: paths[FOLD]}, sticks, repeats=7) == []


def test_a_path_without_a_baseline_fails_until_one_is_written(
    paths: dict[str, HotPath], sticks: Yardsticks
) -> None:
    assert [one.path for one in find_slower({}, {FOLD: paths[FOLD]}, sticks, repeats=1)] == [FOLD]


def test_a_baseline_by_another_yardstick_is_none(paths: dict[str, HotPath], sticks: Yardsticks) -> None:
    other = {FOLD: Known("writes", 1e9, 1e9, 1e9)}
    (slower,) = find_slower(other, {FOLD: paths[FOLD]}, sticks, repeats=1)
    assert "make bench-guard-baseline" in str(slower)


def test_every_path_does_its_work_and_has_a_yardstick(paths: dict[str, HotPath], sticks: Yardsticks) -> None:
    for path in paths.values():
        path.call()
        path.call()
    measured = measure(paths, sticks, tries=1, repeats=1)
    assert measured.keys() == paths.keys()
    assert all(one.least <= one.ratio <= one.most for one in measured.values())


def test_tries_that_lie_far_apart_are_no_baseline() -> None:
    measured = {"steady": Known("bytes", 1.0, 1.0, 1.125), "shaky": Known("bytes", 1.0, 1.0, 1.25)}
    assert [line.partition(":")[0] for line in unsteady(measured)] == ["shaky"]


def test_the_message_says_what_to_do() -> None:
    assert "make bench-guard-baseline" in str(Slower(FOLD, 1.0, 2.0))
