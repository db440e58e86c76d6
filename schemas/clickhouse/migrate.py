"""Bring a database to the newest schema: apply the SQL files of `migrations/` in order, each once.

Every statement may be repeated (a test sees to it), so a run that died half-way is simply run again, and two
runs at once do the same work twice. MOVE is a statement of ours: `schemas.clickhouse.move`; a projection for filled
tables is asked for and waited for: `schemas.clickhouse.materialize`. See docs/adr/0006.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import USERS_OWN_DATABASE, Server, clickhouse_errors, connect
from schemas.clickhouse.dictionary import DictionaryError, define, latest_dictionaries, name_of
from schemas.clickhouse.materialize import MaterializeError, materialize, read_materialize
from schemas.clickhouse.move import MoveError, Progress, move, read_move
from schemas.clickhouse.qualify import VIEWS, qualified, unqualified, views_with_parameters
from schemas.errors import UNKNOWN_TABLE, ClickHouseError

MIGRATIONS_DIR: Final = Path(__file__).with_name("migrations")

_FILE_NAME: Final = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
_END_OF_STATEMENT: Final = re.compile(r";[ \t]*$", re.MULTILINE)
_COMMENT_LINE: Final = re.compile(r"^[ \t]*--.*\n?", re.MULTILINE)
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""


class MigrationError(Exception):
    """The files and the database do not fit together; the message names the file and what to do."""


@dataclass(frozen=True)
class Migration:
    """One SQL file. Its checksum covers the statements, not the comments."""

    version: int
    name: str
    statements: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements, hexadecimal."""
        return hashlib.sha256("\n;\n".join(self.statements).encode()).hexdigest()


def split_statements(sql: str) -> tuple[str, ...]:
    """The statements of a file: each ends in a semicolon at the end of a line; comment lines are left out."""
    parts = (part.strip() for part in _END_OF_STATEMENT.split(_COMMENT_LINE.sub("", sql)))
    return tuple(part for part in parts if part)


def read_migrations(directory: Path = MIGRATIONS_DIR) -> tuple[Migration, ...]:
    """The migrations in order. Raises MigrationError when a name is wrong or a version missing or taken twice."""
    migrations = []
    for path in sorted(directory.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path}: name it like 0001_what_it_adds.sql")
        migrations.append(Migration(int(match[1]), path.name, split_statements(path.read_text("utf-8"))))
    versions = [migration.version for migration in migrations]
    if versions != list(range(1, len(migrations) + 1)):
        raise MigrationError(f"{directory}: versions must be 1, 2, 3, … without holes or twins, not {versions}")
    return tuple(migrations)


def pending(migrations: Sequence[Migration], applied: dict[int, tuple[str, str]]) -> list[Migration]:
    """The migrations that are not in `applied` (version → name, checksum).

    Raises MigrationError when an applied file was changed, or when the database knows more than these files.
    """
    known = {migration.version: migration for migration in migrations}
    for version, (name, checksum) in sorted(applied.items()):
        if version not in known:
            raise MigrationError(
                f"the database has {name}, which this release does not know: deploy the newer release again"
            )
        if known[version].checksum != checksum:
            raise MigrationError(
                f"{known[version].name} was changed after it had been applied: restore it as it was, and put the"
                f" change into a new file {len(migrations) + 1:04d}_….sql"
            )
    return [migration for migration in migrations if migration.version not in applied]


async def migrate(
    url: str | Server,
    *,
    dry_run: bool = False,
    directory: Path = MIGRATIONS_DIR,
    progress: Progress = lambda _line: None,
) -> list[Migration]:
    """Apply what is missing, creating the database if need be; returns it. `dry_run` only returns it.

    Dictionaries are defined anew in every run: they read as this user, whose password may be another one today.
    `progress` is told, a line at a time, how far a migration of many rows is. Raises MigrationError,
    TransientClickHouseError and ClickHouseError; run it again after either of the last.
    """
    migrations = read_migrations(directory)
    server = url if isinstance(url, Server) else Server.of_url(url)
    client = await connect(server.in_database(USERS_OWN_DATABASE), send_receive_timeout_s=300)
    try:
        if not dry_run:
            await _create_database(client, server.database)
            client.database = server.database
            await _execute(client, _TABLE)
        todo = pending(migrations, await _applied(client, server.database))
        if not dry_run:
            statements = [statement for one in migrations for statement in one.statements]
            views = views_with_parameters(statements)
            for statement in latest_dictionaries(one.statements for one in migrations if one not in todo):
                await _define(client, statement, server)
            for migration in todo:
                await _apply_beside_others(client, migration, server, progress, views)
            with clickhouse_errors():
                selects = [(str(name), str(select)) for name, select in (await client.query(VIEWS)).result_rows]
            for statement in unqualified(selects, statements):
                await _execute(client, qualified(statement, views, server.database))
        return todo
    finally:
        await client.close()


async def _create_database(client: AsyncClient, database: str) -> None:
    with clickhouse_errors():
        exists = await client.command(
            "SELECT count() FROM system.databases WHERE name = {database:String}", parameters={"database": database}
        )
    # A user who may not create databases can still migrate the one that was made for them.
    if not exists:
        await _execute(client, f"CREATE DATABASE IF NOT EXISTS {database}")


async def _applied(client: AsyncClient, database: str) -> dict[int, tuple[str, str]]:
    with clickhouse_errors():
        exists = await client.command(
            "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
            parameters={"database": database},
            use_database=False,
        )
        if not exists:
            return {}
        # Two runners at once both record a version; what the first one says is what was done.
        result = await client.query(
            "SELECT version, argMin(name, applied_at), argMin(checksum, applied_at)"  # noqa: S608 - an identifier
            f" FROM {database}.schema_migrations GROUP BY version"
        )
    return {int(version): (str(name), str(checksum)) for version, name, checksum in result.result_rows}


async def _apply_beside_others(
    client: AsyncClient, migration: Migration, server: Server, progress: Progress, views: frozenset[str]
) -> None:
    """Apply it. Of runners at once, each applies all: one that is further on may drop what this one still names.

    Then the other one has applied this migration; those that follow, which this one applies as well, make of
    everything what it is in the end.
    """
    try:
        await _apply(client, migration, server, progress, views)
    except ClickHouseError as error:
        if error.code != UNKNOWN_TABLE or migration.version not in await _applied(client, server.database):
            raise


async def _apply(
    client: AsyncClient, migration: Migration, server: Server, progress: Progress, views: frozenset[str]
) -> None:
    for statement in migration.statements:
        if name_of(statement):
            await _define(client, statement, server)
            continue
        try:
            if (projection := read_materialize(statement)) is not None:
                await materialize(client, projection, progress)
            elif (wanted := read_move(statement)) is not None:
                await move(client, wanted, progress)
            else:
                await _execute(client, qualified(statement, views, str(client.database)))
        except (MaterializeError, MoveError) as error:
            raise MigrationError(f"{migration.name}: {error}") from error
    with clickhouse_errors():
        await client.insert(
            "schema_migrations",
            [[migration.version, migration.name, migration.checksum]],
            column_names=["version", "name", "checksum"],
        )


async def _define(client: AsyncClient, statement: str, server: Server) -> None:
    try:
        await define(client, statement, server)
    except DictionaryError as error:
        raise MigrationError(str(error)) from error


async def _execute(client: AsyncClient, statement: str) -> None:
    with clickhouse_errors():
        await client.command(statement)
