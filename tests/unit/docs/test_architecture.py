"""The way of a click as docs/architecture.md names it is the way that the files import each other."""

import re

import pytest

from tests.unit.imports import REPOSITORY, import_graph, module_name

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text()
SERVICES = ("serve", "relay", "stream", "console")
CALLERS, STEPS = "Callers", "Steps"


def files(service: str, kind: str) -> list[str]:
    """The modules of one list, in its order."""
    section = PAGE.partition(f"\n## {service}\n")[2].partition("\n## ")[0]
    listed = re.search(rf"^{kind}.*\n\n((?:\d+\. .*\n?)+)", section, re.MULTILINE)
    paths = re.findall(r"^\d+\. `([^`]+)`", listed[1], re.MULTILINE) if listed else []
    return [module_name(REPOSITORY / path) for path in paths]


@pytest.mark.parametrize("service", SERVICES)
def test_every_file_on_the_way_exists(service: str) -> None:
    named = files(service, CALLERS) + files(service, STEPS)
    assert len(named) >= 6
    assert [name for name in named if name not in import_graph()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_callers_import_what_they_call_and_never_who_calls_them(service: str) -> None:
    graph, callers = import_graph(), files(service, CALLERS)
    for place, name in enumerate(callers):
        above = set(callers[:place])
        assert not graph[name] & above, f"{name} imports its caller {graph[name] & above}"
        assert not place or any(name in graph[caller] for caller in above), f"nobody above {name} imports it"


@pytest.mark.parametrize("service", ["relay", "stream", "console"])
def test_steps_import_only_earlier_steps_and_somebody_takes_each(service: str) -> None:
    graph, callers, steps = import_graph(), files(service, CALLERS), files(service, STEPS)
    assert steps
    for place, name in enumerate(steps):
        later = set(steps[place + 1 :]) | set(callers)
        assert not graph[name] & later, f"{name} imports the later {graph[name] & later}"
        users = [other for other in (*callers, *steps) if name in graph[other]]
        assert users, f"no caller and no step imports {name}"
