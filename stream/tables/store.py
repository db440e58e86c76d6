"""The table's side of copying: what it holds, and writing to it. Everything may be repeated."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa
from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors
from stream.tables.copied import Copied, Row
from stream.tables.versions import before_epoch


class TableStore(Protocol):
    """One table. Every method may raise TransientError: try again."""

    async def highest_version(self) -> int | None:
        """Of all rows, None where there is none."""

    async def write(self, rows: Sequence[Row]) -> None:
        """Add rows, the columns of the schema by name."""

    async def delete_older(self, epoch: int) -> None:
        """Mark as deleted what no record of this epoch, or of a later one, has written."""


class ClickHouseTable:
    """A ReplacingMergeTree(version)."""

    def __init__(self, client: AsyncClient, copied: Copied) -> None:
        self._client = client
        self._copied = copied

    async def highest_version(self) -> int | None:
        """Raises TransientClickHouseError."""
        with clickhouse_errors():
            found = await self._client.query(
                f"SELECT max(version) FROM {self._copied.topic} HAVING count() > 0"  # noqa: S608 - a constant
            )
        return int(found.result_rows[0][0]) if found.result_rows else None

    async def write(self, rows: Sequence[Row]) -> None:
        """One insert. Raises TransientClickHouseError."""
        with clickhouse_errors():
            await self._client.insert_arrow(
                self._copied.topic, pa.Table.from_pylist(list(rows), schema=self._copied.schema)
            )

    async def delete_older(self, epoch: int) -> None:
        """The rows keep their other columns: a report of old clicks still finds their names.

        Raises TransientClickHouseError.
        """
        topic, key = self._copied.topic, self._copied.key
        names = self._copied.schema.names
        marked = {"deleted": "true", "version": f"{before_epoch(epoch)}"}
        with clickhouse_errors():
            await self._client.command(
                f"INSERT INTO {topic} ({', '.join(names)})"  # noqa: S608 - constants and a number
                f" SELECT {', '.join(marked.get(name, name) for name in names)} FROM {topic} FINAL"
                f" WHERE version < {before_epoch(epoch)} AND NOT deleted ORDER BY {key}"
            )
