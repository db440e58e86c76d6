"""Who imports whom, read from the source."""

import ast
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("redirector", "stream", "schemas", "console", "deploy", "bench", "tests")


def module_name(path: Path) -> str:
    """`redirector/serve/fast.py` is `redirector.serve.fast`; a package's `__init__` bears the package's name."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.Module) -> set[str]:
    """Everything that a module imports, wherever in it, but not for the type checker alone."""
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@cache
def import_graph() -> dict[str, set[str]]:
    """The modules of this repository, and which of them each imports."""
    paths = {module_name(path): path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")}
    return {
        name: (imported_names(ast.parse(path.read_text("utf-8"))) & paths.keys()) - {name}
        for name, path in paths.items()
    }
