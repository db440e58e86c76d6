"""In which order modules run, and which of them run together.

The longest first: whoever is ready early takes something short, and nobody is waited for at the end. The modules
of a folder of tests/integration go to one worker, one after the other: what their conftest starts is started once.
How long each takes is measured by `make test-durations`; one that was not measured counts as half a minute.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

DURATIONS: Final = Path(__file__).with_name("durations.json")
UNKNOWN_S: Final = 30.0
_FOLDERS: Final = "tests/integration/"
_UNIT_TESTS: Final = "tests/unit/"
_SHORT_S: Final = 1.0


def unit_of(test: str) -> str:
    """The unit that a test belongs to: its module, or its folder of tests/integration."""
    path = test.partition("::")[0]
    folder, slash, _ = path.removeprefix(_FOLDERS).partition("/")
    return f"{_FOLDERS}{folder}" if path.startswith(_FOLDERS) and slash else path


def seconds_of(unit: str, measured: Mapping[str, float]) -> float:
    """How long a unit takes, as far as is known. Unit tests that are not listed are short."""
    return measured.get(unit, _SHORT_S if unit.startswith(_UNIT_TESTS) else UNKNOWN_S)


def longest_first(items: list[pytest.Item], measured: Mapping[str, float]) -> None:
    """Sort tests by their units; within one they stay as they were."""
    units = {item: unit_of(item.nodeid) for item in items}
    items.sort(key=lambda item: (-seconds_of(units[item], measured), units[item]))


def read_durations(path: Path = DURATIONS) -> dict[str, float]:
    """Seconds by unit."""
    measured: dict[str, float] = json.loads(path.read_text())
    return measured


class ByUnit(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Gives each worker one unit after the other, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


class Stopwatch:
    """A plugin that measures units, and writes them down at the end."""

    def __init__(self, path: Path = DURATIONS) -> None:
        self._path: Final = path
        self._seconds: Final = defaultdict[str, float](float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what setting up, calling or tearing down took."""
        self._seconds[unit_of(report.nodeid)] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Units of a second and more, the longest first."""
        measured = sorted(self._seconds.items(), key=lambda one: -one[1])
        listed = {unit: round(seconds) for unit, seconds in measured if seconds >= _SHORT_S}
        self._path.write_text(json.dumps(listed, indent=2) + "\n")
