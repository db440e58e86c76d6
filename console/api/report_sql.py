"""The SQL that gives a report's numbers, as text to paste: values in it as literals."""

import re
from typing import Any, Final

from console.api.reports import Statement

SQL: Final = "application/sql"
_PARAMETER: Final = re.compile(r"\{(\w+):(?:String|Array\(String\))\}")
_ESCAPES: Final = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def as_text(statement: Statement, title: str) -> str:
    """A statement without parameters, under a line that says what it is of; it gives the rows of the JSON."""
    values = dict(statement.parameters)
    text = _PARAMETER.sub(lambda found: literal(values[found[1]]), statement.text)
    since, until = (f"{time:%Y-%m-%d %H:%M}" for time in (statement.since, statement.until))
    return f"-- {title}: windows from {since} to {until} UTC\n{text}\n"


def literal(value: Any) -> str:
    """A string, or a list of strings, as ClickHouse reads it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return "'" + "".join(_ESCAPES.get(character, character) for character in str(value)) + "'"
