"""Databases as `migrate` leaves them, copied from one that was migrated: in a third of the time."""

import asyncio
import json
import re
from functools import cache
from graphlib import TopologicalSorter
from typing import Final, NamedTuple

from schemas.clickhouse.migrate import migrate
from tests.integration.clickhouse_http import Http

_TEMPLATE: Final = "template_of_tests"
_OBJECTS: Final = (
    "SELECT name, engine, create_table_query, total_rows > 0 FROM system.tables"
    " WHERE database = currentDatabase() FORMAT JSONCompactEachRow"
)
_NAMED: Final = re.compile(rf"\b{_TEMPLATE}\.`?(\w+)")


class _Template(NamedTuple):
    """What a migrated database consists of."""

    statements: tuple[str, ...]
    """What makes its tables, dictionaries and views; whatever reads another comes after it."""
    filled: tuple[str, ...]
    """Tables that migrations put rows into."""
    dictionaries: tuple[str, ...]


def make_migrated(url: str, database: str) -> Http:
    """A new migrated database of an engine that asks for no password. Not for event loops: it blocks."""
    template = _template(url)
    http = Http(url, database)
    _run(Http(url, "default"), f"CREATE DATABASE {database}")
    for statement in template.statements:
        _run(http, statement.replace(_TEMPLATE, database))
    for table in template.filled:
        _run(http, f"INSERT INTO {table} SELECT * FROM {_TEMPLATE}.{table}")
    for dictionary in template.dictionaries:
        _run(http, f"SYSTEM RELOAD DICTIONARY {dictionary}")
    return http


@cache
def _template(url: str) -> _Template:
    asyncio.run(migrate(f"{url}/{_TEMPLATE}"))
    answer = Http(url, _TEMPLATE)(_OBJECTS)
    assert answer.status == 200, answer.body
    objects = [json.loads(line) for line in answer.body.splitlines()]
    statements = {name: statement for name, _, statement, _ in objects}
    read = {name: set(_NAMED.findall(statement)) - {name} for name, statement in statements.items()}
    order = TopologicalSorter(read).static_order()
    return _Template(
        statements=tuple(statements[name] for name in order),
        filled=tuple(name for name, *_, filled in objects if filled),
        dictionaries=tuple(name for name, engine, *_ in objects if engine == "Dictionary"),
    )


def _run(http: Http, statement: str) -> None:
    answer = http("", statement.encode())
    assert answer.status == 200, (statement, answer.body)
