"""Nobody reads what another package keeps private: it changes without notice, and no type checker complains."""

import ast
from pathlib import Path

import pytest

from tests.unit.test_layout import PACKAGES, REPOSITORY, modules

ALLOWED = {
    (
        "stream/kafka.py",
        "_ensure_consumer",
    ): "Faust's thread has no other way to its consumer: test_stream_worker.py",
    ("stream/kafka.py", "_thread"): "Faust commits through its consumer's thread alone: test_stream_worker.py",
}
"""(module, name) with the reason and the test that watches it."""


def foreign_bases(tree: ast.Module) -> list[ast.ClassDef]:
    """The classes that derive from what was imported from outside of this repository."""
    foreign: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] not in PACKAGES:
            foreign.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            foreign.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(root_of(base) in foreign for base in node.bases)
    ]


def root_of(base: ast.expr) -> str:
    while isinstance(base, ast.Attribute | ast.Subscript):
        base = base.value
    return base.id if isinstance(base, ast.Name) else ""


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def borrowed(node: ast.ClassDef) -> set[str]:
    """Private names that a class reads of itself and neither defines nor sets: its base's."""
    own: set[str] = set()
    read: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            own.add(inner.name)
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            own.add(inner.id)
        elif isinstance(inner, ast.Attribute) and is_self(inner.value):
            (read if isinstance(inner.ctx, ast.Load) else own).add(inner.attr)
    return {name for name in read - own if private(name)}


def is_self(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "super"
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def imported_privately(tree: ast.Module) -> set[str]:
    """Private modules and names that are imported from outside."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] not in PACKAGES:
            names.update(part for part in node.module.split(".") if private(part))
            names.update(alias.name for alias in node.names if private(alias.name))
        elif isinstance(node, ast.Import):
            names.update(part for alias in node.names for part in alias.name.split(".") if private(part))
    return names


def private_names_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    names = imported_privately(tree)
    for node in foreign_bases(tree):
        names |= borrowed(node)
    return names


def test_no_private_name_of_another_package_is_used_without_a_reason() -> None:
    used = {
        (str(path.relative_to(REPOSITORY)), name) for path in modules(*PACKAGES) for name in private_names_of(path)
    }
    assert used == set(ALLOWED)
    assert all(ALLOWED.values())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from a import B\nclass C(B):\n def f(self):\n  return self._x", {"_x"}),
        ("import a\nclass C(a.B[int]):\n def f(self):\n  return super()._x()", {"_x"}),
        ("from a import B\nclass C(B):\n def __init__(self):\n  self._x = 1\n  print(self._x, self.y)", set()),
        ("from a import B\nclass C(B):\n def _x(self):\n  self._x()", set()),
        ("class B: ...\nclass C(B):\n def f(self):\n  return self._x", set()),
        ("from schemas.a import B\nclass C(B):\n def f(self):\n  return self._x", set()),
        ("from a._b import c\nfrom d import _e\nimport f._g", {"_b", "_e", "_g"}),
        ("from __future__ import annotations", set()),
    ],
)
def test_the_rule_finds_what_is_borrowed_and_nothing_else(tmp_path: Path, source: str, names: set[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert private_names_of(path) == names
