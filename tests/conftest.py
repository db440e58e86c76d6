"""What holds for all tests."""

from typing import Any

import pytest
from hypothesis import settings

from tests.order import ByUnit, Stopwatch, longest_first, read_durations

# How long an example takes says how busy the machine is.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--measure", action="store_true", help="write how long modules take to tests/durations.json at the end"
    )


def pytest_configure(config: pytest.Config) -> None:
    is_worker = hasattr(config, "workerinput")
    if config.getoption("--measure") and not is_worker:
        config.pluginmanager.register(Stopwatch())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items, read_durations())


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByUnit:
    return ByUnit(config, log)
