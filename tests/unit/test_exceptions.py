"""Whoever tells a checker to look away says why, on the same line."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_layout import PACKAGES, REPOSITORY, modules

ASKED = re.compile(r"#\s*(?:noqa|type:\s*ignore|mypy:|ruff:|pragma:|pylint:)")
EXCUSED = re.compile(
    r"# (?:noqa: [A-Z]+\d+(?:, [A-Z]+\d+)* - \S.*"
    r"|type: ignore\[[a-z-]+(?:, [a-z-]+)*\]\s+# \S.*)"
)


def unexcused(source: str) -> Iterator[int]:
    """The lines of a module that ask a checker to look away without saying which rule, and why."""
    if not ASKED.search(source):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and ASKED.match(token.string) and not EXCUSED.fullmatch(token.string):
            yield token.start[0]


def test_every_exception_names_its_rule_and_its_reason() -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line}"
        for path in [*modules(*PACKAGES, "bench", "tests"), *Path(REPOSITORY).glob("*.py")]
        for line in unexcused(path.read_text("utf-8"))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("x = 1  # noqa: S608 - constants", []),
        ("x = 1  # noqa: ASYNC110, ASYNC240 - a file says nothing", []),
        ("x = 1  # type: ignore[misc] # aiokafka ships no types", []),
        ("x = 1  # why it is 1", []),
        ("x = '# noqa'", []),
        ("x = 1  # noqa", [1]),
        ("x = 1  # noqa: S608", [1]),
        ("x = 1  # noqa: S608 -", [1]),
        ("x = 1  # type: ignore", [1]),
        ("x = 1  # type: ignore[misc]", [1]),
        ("x = 1  # type: ignore # because", [1]),
        ("x = 1\n# ruff: noqa", [2]),
    ],
)
def test_the_rule_finds_what_is_not_excused_and_nothing_else(line: str, lines: list[int]) -> None:
    assert list(unexcused(line)) == lines
