"""Tests run in an order by which nobody is waited for at the end."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.order import UNKNOWN_S, Stopwatch, longest_first, read_durations, seconds_of, unit_of


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/unit/test_order.py::test_one[a::b/c]", "tests/unit/test_order.py"),
        ("tests/unit/stream/test_fold.py::test_one", "tests/unit/stream/test_fold.py"),
        ("tests/integration/test_audit.py::test_one", "tests/integration/test_audit.py"),
        ("tests/integration/page/test_links.py::TestLinks::test_one", "tests/integration/page"),
        ("tests/e2e/test_rules.py::test_one", "tests/e2e/test_rules.py"),
    ],
)
def test_a_module_is_a_unit_and_so_is_a_folder_whose_modules_share_what_runs(test: str, unit: str) -> None:
    assert unit_of(test) == unit


def test_the_longest_come_first_those_that_nobody_measured_in_between_and_unit_tests_last() -> None:
    tests = [
        "tests/unit/test_order.py::test_one",
        "tests/integration/test_new.py::test_one",
        "tests/integration/test_short.py::test_one",
        "tests/integration/page/test_links.py::test_one",
        "tests/integration/test_long.py::test_two",
        "tests/integration/test_long.py::test_one",
        "tests/integration/page/test_build.py::test_one",
    ]
    measured = {
        "tests/integration/test_short.py": UNKNOWN_S - 1,
        "tests/integration/test_long.py": UNKNOWN_S + 2,
        "tests/integration/page": UNKNOWN_S + 1,
    }
    items: list[Any] = [_Item(test) for test in tests]
    longest_first(items, measured)
    assert [item.nodeid for item in items] == [tests[place] for place in (4, 5, 3, 6, 1, 2, 0)]


def test_what_was_measured_is_written_by_unit_without_what_took_no_time(tmp_path: Path) -> None:
    watch = Stopwatch(tmp_path / "durations.json")
    for test, seconds in (
        ("tests/unit/test_order.py::test_one", 0.2),
        ("tests/integration/test_audit.py::test_one", 20.0),
        ("tests/integration/page/test_links.py::test_one", 30.3),
        ("tests/integration/page/test_build.py::test_one", 4.4),
    ):
        report: Any = SimpleNamespace(nodeid=test, duration=seconds)
        watch.pytest_runtest_logreport(report)
    watch.pytest_sessionfinish()
    assert list(read_durations(tmp_path / "durations.json").items()) == [
        ("tests/integration/page", 35),
        ("tests/integration/test_audit.py", 20),
    ]


def test_every_listed_unit_takes_some_time() -> None:
    measured = read_durations()
    assert measured
    assert min(measured.values()) >= 1
    assert all(seconds_of(unit, measured) == seconds for unit, seconds in measured.items())


class _Item:
    """As much of a test as has an order."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid
