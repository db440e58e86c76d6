"""Views that call views with parameters, or read dictionaries, name the database of these.

The engine writes the database of a table into a view's definition, but looks for a view with parameters in the
database that the reader happens to be in: from any other one, ``clicktally.campaign_performance`` was an error.
"""

import re
from collections.abc import Iterable
from typing import Final

# Of each view its name and what it selects.
VIEWS: Final = "SELECT name, as_select FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"

_VIEW: Final = re.compile(r"CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?(\w+)")
_OF_DICTIONARY: Final = re.compile(r"\b(dict\w+\(\s*')(\w+)'")
_PARAMETER: Final = re.compile(r"\{\w+:\w")


def views_with_parameters(statements: Iterable[str]) -> frozenset[str]:
    """Names of the views that some of the statements define with parameters."""
    return frozenset(
        view[1] for statement in statements if (view := _VIEW.match(statement)) and _PARAMETER.search(statement)
    )


def qualified(statement: str, views: Iterable[str], database: str) -> str:
    """The definition of a view with ``database`` before its calls of ``views`` and its dictionaries.

    Any other statement comes back as it is.
    """
    if _VIEW.match(statement) is None:
        return statement
    names = "|".join(sorted(views))
    if names:
        statement = re.sub(rf"(?<![\w.])({names})\(", rf"{database}.\1(", statement)
    return _OF_DICTIONARY.sub(rf"\1{database}.\2'", statement)


def unqualified(selects: Iterable[tuple[str, str]], statements: Iterable[str]) -> list[str]:
    """The latest definitions of those views that were made before their calls named a database.

    Takes the rows of ``VIEWS`` and the statements of all migrations in order.
    """
    ordered = tuple(statements)
    latest = {view[1]: statement for statement in ordered if (view := _VIEW.match(statement))}
    names = "|".join(sorted(views_with_parameters(ordered)))
    call = re.compile(rf"(?<![\w.])({names})\(")
    return [latest[name] for name, select in selects if name in latest and names and call.search(select)]
