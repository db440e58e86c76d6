"""The guard of the hot paths fails when it should, and only then."""

from collections.abc import Iterator

import pytest

from bench.guard import Slower, find_slower, ratio_of
from bench.hot_paths import Call, fold_all, hot_paths
from bench.hot_paths import _records as make_records
from stream.classify import Classifier, Verdict

FOLD = "stream: decode and fold"


class SlowClassifier(Classifier):
    """What somebody could do to the fold without a test noticing."""

    def verdict(self, ua: str, purpose: str) -> Verdict:
        for _ in range(30):
            super().verdict(ua, purpose)
        return super().verdict(ua, purpose)


@pytest.fixture
def paths() -> Iterator[dict[str, Call]]:
    with hot_paths() as found:
        yield found


def test_an_injected_slowdown_is_noticed(paths: dict[str, Call]) -> None:
    records = make_records()
    slow = SlowClassifier()
    baseline = {FOLD: ratio_of(paths[FOLD], repeats=7)}
    (slower,) = find_slower(baseline, {FOLD: lambda: fold_all(records, slow)}, repeats=7)
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
