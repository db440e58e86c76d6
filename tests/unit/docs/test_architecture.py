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


def test_every_file_that_the_page_names_exists() -> None:
    folders = [REPOSITORY / name for name in ("redirector", "stream", "schemas", "console/api", "console/audit")]
    there = [path.relative_to(REPOSITORY) for folder in folders for path in folder.rglob("*.*")]
    there += [path.relative_to(REPOSITORY) for path in (REPOSITORY / "console").glob("*.py")]
    named = set(re.findall(r"`([\w/]+\.(?:py|c|js))`", PAGE)) - {"tests/unit/docs/test_architecture.py"}
    assert len(named) > 60
    assert [name for name in sorted(named) if not any(f"/{path}".endswith(f"/{name}") for path in there)] == []


def test_every_part_of_a_service_is_named() -> None:
    services = ("redirector", "stream", "console")
    parts = [found.parent for service in services for found in (REPOSITORY / service).glob("*/__init__.py")]
    assert len(parts) > 10
    ways = {part: (f"`{part.relative_to(REPOSITORY)}", f"`{part.name}`") for part in parts}
    assert [part.name for part, names in ways.items() if not any(name in PAGE for name in names)] == []
