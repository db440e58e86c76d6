"""The list of robots of the IAB and ABC (International Spiders and Bots List), which an operator may have bought.

Its file (exclude_current.txt) is text, one entry a line, fields by "|"; lines that begin with "#" are comments:

    pattern|active|exceptions|one pass|impact|start|inactive since

A `pattern` is looked for without case, anywhere, or where the agent begins if `start` is 1. An entry whose `active`
is 0 is left out. `exceptions` are texts by ", ": an agent that holds one of them is not meant. The other fields
decide nothing here. The second file of the list, of valid browsers, is not needed: what is not like a browser is
known by its shape.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_ACTIVE: Final = 1
_EXCEPTIONS: Final = 2
_START: Final = 5
_FLAGS: Final = frozenset({"0", "1"})


class IabError(ValueError):
    """A line that is not of the format; the message says where, and what was expected."""


class Entry(NamedTuple):
    """A name of the list as a regular expression, and the texts whose holders are not meant, in lower case."""

    expression: str
    exceptions: tuple[str, ...]


def read_iab(path: Path) -> list[Entry]:
    """The active entries of a file. Raises IabError, OSError."""
    return list(_entries(path))


def _entries(path: Path) -> Iterator[Entry]:
    for number, line in enumerate(path.read_text("utf-8-sig", errors="replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) <= _START or not fields[0] or {fields[_ACTIVE], fields[_START]} - _FLAGS:
            raise IabError(
                f"{path}, line {number}: expected pattern|active|exceptions|one pass|impact|start, with 0 or 1 for"
                f" active and start, as the IAB's file of robots has it; found {line[:80]!r}"
            )
        if fields[_ACTIVE] == "1":
            exceptions = (text.strip().lower() for text in fields[_EXCEPTIONS].split(","))
            yield Entry(
                expression=("^" if fields[_START] == "1" else "") + re.escape(fields[0]),
                exceptions=tuple(text for text in exceptions if text),
            )
