"""Rows that travel with a statement: into a table, or into a temporary one that the statement reads."""

from dataclasses import dataclass
from typing import Any

from deploy.local.clickhouse import errors, guard
from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.errors import raised
from deploy.local.clickhouse.statement import parse


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """Rows to be read from a temporary table; ``structure`` as between the brackets of CREATE TABLE."""

    name: str
    structure: str
    rows_format: str
    rows: memoryview | bytes


def bring(connection: Any, table: ExternalTable, role: Role, version: str) -> None:
    """Make the temporary table and fill it; whoever may read may do this much, and no more.

    Raises:
        StatementError: a name that is none, a structure that would reach out of the database.
        RuntimeError: the structure or the rows are wrong.
    """
    for name in (table.name, table.rows_format):
        if not name.isidentifier():
            said = f"{name!r} can name no table and no format"
            raise raised(errors.BAD_ARGUMENTS, said, "BAD_ARGUMENTS", version)
    connection.query(f"SET ROLE {Role.BRINGER}", "TSV")
    try:
        made = parse(f"CREATE TEMPORARY TABLE `{table.name}` ({table.structure}) ENGINE = Memory".encode())
        verdict = guard.examine(connection, made, version)
        guard.check(verdict, made, b"", {}, Role.WRITER, must_read=False, version=version)
        connection.query(made.sql, "TSV")
        insert(connection, f"INSERT INTO `{table.name}`".encode(), table.rows_format, table.rows)
    finally:
        connection.query(f"SET ROLE {role}", "TSV")


def insert(connection: Any, statement: bytes, rows_format: str, rows: memoryview | bytes) -> Any:
    """Insert rows in a format; gives what chDB says of it.

    Raises:
        RuntimeError: the engine refused the statement or the rows.
    """
    with connection.send_insert(statement.decode(), rows_format) as inserter:
        if rows:
            inserter.append(bytes(rows))
        return inserter.finish()
