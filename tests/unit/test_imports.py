"""No module needs, over whatever detours, itself."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.unit.imports import import_graph, imported_names


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one import circle, the first twice; none if there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        modules: list[str] = error.args[1]
        return modules
    return []


def test_there_is_no_import_circle() -> None:
    graph = import_graph()
    assert {"redirector.serve.service", "stream.worker", "schemas.events", "console.links"} <= graph.keys()
    assert circle(graph) == []


def test_a_circle_over_a_detour_is_found() -> None:
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b", {"a.b"}),
        ("from a import b", {"a", "a.b"}),
        ("def f():\n    import a", {"a"}),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", {"b"}),
        ("if typing.TYPE_CHECKING:\n    from a import b", set()),
    ],
)
def test_imports_count_wherever_they_stand_but_for_the_type_checkers(source: str, names: set[str]) -> None:
    assert imported_names(ast.parse(source)) == names
