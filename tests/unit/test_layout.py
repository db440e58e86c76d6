"""Who may import whom, and how long a module may become."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("redirector", "stream", "schemas", "console", "deploy")
SERVICES = ("redirector", "stream", "console")
MAX_LINES = 400
FORBIDDEN_NAMES = {"utils", "common", "helpers", "manager"}


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (REPOSITORY / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_the_schemas_and_no_other_service(service: str) -> None:
    others = {*PACKAGES, "tests", "bench"} - {service, "schemas"}
    wrong = {str(path.relative_to(REPOSITORY)): imported(path) & others for path in modules(service)}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_the_schemas_import_nobody() -> None:
    others = {*PACKAGES, "tests", "bench"} - {"schemas"}
    assert [path for path in modules("schemas") if imported(path) & others] == []


def test_the_fast_path_knows_no_network_behind_it() -> None:
    """`serve` never waits for Kafka or ClickHouse: it cannot even name them."""
    wrong = [path for path in modules("redirector/serve") if imported(path) & {"aiokafka", "clickhouse_connect"}]
    assert wrong == []


def test_no_module_exceeds_400_lines() -> None:
    lengths = {
        str(path.relative_to(REPOSITORY)): len(path.read_text("utf-8").splitlines())
        for path in modules(*PACKAGES, "bench")
    }
    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


def test_no_module_is_called_after_nothing() -> None:
    assert [path for path in modules(*PACKAGES, "tests", "bench") if path.stem in FORBIDDEN_NAMES] == []


PRIVATE = re.compile(r"^(?:(?:async )?def |class )?(_[A-Za-z]\w*)(?=[(:= ])", re.MULTILINE)


def unused(source: str) -> set[str]:
    """The private names of a module, of constants, functions and classes, that stand in it only once.

    What is decorated was handed to somebody.
    """
    own = {found[1] for found in PRIVATE.finditer(source) if not _is_decorated(source, found.start())}
    return {name for name in own if len(re.findall(rf"\b{name}\b", source)) == 1}


def _is_decorated(source: str, start: int) -> bool:
    line_before = source[:start].rstrip("\n").rpartition("\n")[2]
    return line_before.startswith(("@", ")"))


def test_no_module_has_a_private_name_that_it_does_not_use() -> None:
    left = {path: unused(path.read_text("utf-8")) for path in modules(*PACKAGES, "tests", "bench")}
    assert {str(path.relative_to(REPOSITORY)): names for path, names in left.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("_A = 1\n_B: int = 2\ndef _f(): ...\nclass _C: ...", {"_A", "_B", "_f", "_C"}),
        ("_A = 1\n_B: int = _A\ndef _f(): return _B\nclass C:\n x = _f()", set()),
        ("@register\ndef _f(): ...\nA = 1\n__all__ = ()", set()),
        ("@register(\n  1,\n)\ndef _f(): ...", set()),
    ],
)
def test_the_rule_finds_what_is_left_over_and_nothing_else(source: str, names: set[str]) -> None:
    assert unused(source) == names
