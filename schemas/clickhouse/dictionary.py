"""Dictionaries over our own tables: defined anew in each run, and proven to load.

A server loads a dictionary by a query of its own, as some user. Where its user `default` may read, no password is
written down; elsewhere it is the user that migrates. A changed password is taken over by the next run.
"""

import re
from collections.abc import Iterable
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import Server, clickhouse_errors
from schemas.errors import ClickHouseError

_DEFINES: Final = re.compile(r"CREATE OR REPLACE DICTIONARY (\w+)\s")
_NOT_FOUND: Final = 36
"""What loading says when another run replaces the dictionary at that moment, among other things."""
_RUNS_AT_ONCE: Final = 20
_SOURCE: Final = re.compile(r"SOURCE\(CLICKHOUSE\(\s*")


class DictionaryError(Exception):
    """The server cannot load a dictionary; the message says which, why, and what to do."""


def name_of(statement: str) -> str:
    """Which dictionary a statement defines; empty for any other statement."""
    match = _DEFINES.match(statement)
    return match[1] if match else ""


def latest_dictionaries(statements: Iterable[Iterable[str]]) -> list[str]:
    """Of each dictionary the statement that defines it last, given the statements of all migrations in order."""
    latest = {name: statement for of_one in statements for statement in of_one if (name := name_of(statement))}
    return list(latest.values())


def with_credentials(statement: str, server: Server) -> str:
    """The statement with a source that reads as the server's user."""
    user, password = (value.replace("\\", "\\\\").replace("'", "\\'") for value in (server.user, server.password))
    return _SOURCE.sub(lambda source: f"{source[0]}USER '{user}' PASSWORD '{password}' ", statement, count=1)


async def define(client: AsyncClient, statement: str, server: Server) -> None:
    """Define the dictionary and load it; `{database}` stands for the server's.

    Raises DictionaryError, TransientClickHouseError.
    """
    statement = statement.replace("{database}", server.database)
    try:
        await _define(client, statement)
    except ClickHouseError:
        try:
            await _define(client, with_credentials(statement, server))
        except ClickHouseError as error:
            raise DictionaryError(
                f"the dictionary {name_of(statement)} cannot be loaded: {error}; reports need it. Let the user"
                f" {server.user!r} read the tables of this database from the server itself (127.0.0.1), then"
                " migrate again"
            ) from None


async def _define(client: AsyncClient, statement: str) -> None:
    """Another run may put the same dictionary in its place before it is loaded: then that one is."""
    with clickhouse_errors():
        await client.command(statement)
    for runs_left in reversed(range(_RUNS_AT_ONCE)):
        try:
            with clickhouse_errors():
                await client.command(f"SYSTEM RELOAD DICTIONARY {name_of(statement)}")
        except ClickHouseError as error:
            if error.code != _NOT_FOUND or not runs_left:
                raise
        else:
            return
