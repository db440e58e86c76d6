"""The guard of the hot paths fails when it should, and only then."""

from collections.abc import Iterator

import pytest

from bench.guard import Slower, find_slower, ratio_of
from bench.hot_paths import Call, hot_paths
from stream.columns import EventColumns
from stream.decode import Decoded, decode

FOLD = "stream: decode and fold"


@pytest.fixture
def paths() -> Iterator[dict[str, Call]]:
    with hot_paths() as calls:
        yield calls


def test_an_injected_slowdown_is_noticed(paths: dict[str, Call], monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = {FOLD: ratio_of(paths[FOLD], repeats=7)}

    def decode_thrice(topic: str, value: bytes | None, columns: EventColumns) -> Decoded:
        for _ in range(2):
            decode(topic, value, EventColumns())
        return decode(topic, value, columns)

    monkeypatch.setattr("stream.fold.decode", decode_thrice)
    (slower,) = find_slower(baseline, {FOLD: paths[FOLD]}, repeats=7)
    assert slower.path == FOLD
    assert slower.measured > 1.25 * slower.baseline


def test_what_stayed_as_it_was_passes(paths: dict[str, Call]) -> None:
    generous = {FOLD: 1.5 * ratio_of(paths[FOLD], repeats=7)}
    assert find_slower(generous, {FOLD: paths[FOLD]}, repeats=7) == []


def test_a_path_without_a_baseline_fails_until_one_is_written(paths: dict[str, Call]) -> None:
    assert [one.path for one in find_slower({}, {FOLD: paths[FOLD]}, repeats=1)] == [FOLD]


def test_every_path_does_its_work(paths: dict[str, Call]) -> None:
    for path in paths.values():
        path()
        path()


def test_the_message_says_what_to_do() -> None:
    assert "python -m bench.guard --write" in str(Slower(FOLD, 1.0, 2.0))
