"""Rows that travel with a statement: into a table, or into a temporary one that the statement reads."""

from dataclasses import dataclass
from typing import Any, Final

from deploy.local.clickhouse import errors, guard
from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.errors import raised
from deploy.local.clickhouse.statement import parse

_MOST_JUDGED: Final = 1000


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """Rows to be read from a temporary table; ``structure`` as between the brackets of CREATE TABLE."""

    name: str
    structure: str
    rows_format: str
    rows: memoryview | bytes


class Bringer:
    """Makes temporary tables and fills them; ``version`` is for the text of errors."""

    def __init__(self, version: str) -> None:
        self._version = version
        # Judging a definition costs a millisecond, and the stream sends the same one with every flush.
        self._judged: set[bytes] = set()

    def bring(self, connection: Any, table: ExternalTable, role: Role) -> None:
        """Make the table and fill it; whoever may read may do this much, and no more.

        Raises:
            StatementError: a name that is none, a structure that would reach out of the database.
            RuntimeError: the structure or the rows are wrong.
        """
        for name in (table.name, table.rows_format):
            if not name.isidentifier():
                message = f"{name!r} can name no table and no format"
                raise raised(errors.BAD_ARGUMENTS, message, "BAD_ARGUMENTS", self._version)
        definition = f"CREATE TEMPORARY TABLE `{table.name}` ({table.structure}) ENGINE = Memory".encode()
        connection.query(f"SET ROLE {Role.BRINGER}", "TSV")
        try:
            self._judge(connection, definition)
            connection.query(definition, "TSV")
            insert(connection, f"INSERT INTO `{table.name}`".encode(), table.rows_format, table.rows)
        finally:
            connection.query(f"SET ROLE {role}", "TSV")

    def _judge(self, connection: Any, definition: bytes) -> None:
        if definition in self._judged:
            return
        made = parse(definition)
        verdict = guard.examine(connection, made, self._version)
        guard.check(verdict, made, b"", {}, Role.WRITER, must_read=False, version=self._version)
        if len(self._judged) < _MOST_JUDGED:
            self._judged.add(definition)


def insert(connection: Any, statement: bytes, rows_format: str, rows: memoryview | bytes) -> Any:
    """Insert rows in a format; gives what chDB says of it.

    Raises:
        RuntimeError: the engine refused the statement or the rows.
    """
    with connection.send_insert(statement.decode(), rows_format) as inserter:
        if rows:
            inserter.append(bytes(rows))
        return inserter.finish()
