"""The table's side of copying: what it holds, and writing to it. Everything may be repeated."""

from collections.abc import Sequence
from typing import Final, Protocol

import pyarrow as pa
from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors
from stream.tables.copied import Copied, Row
from stream.tables.versions import before_epoch

_KEYS_AT_ONCE: Final = 1000
_QUERY_BYTES: Final = 4 * 1024 * 1024


def deleted_first(rows: Sequence[Row], key: str) -> list[object]:
    """The keys of which a deletion is the first of these rows: their names are in the table, if anywhere."""
    firsts: dict[object, Row] = {}
    for row in rows:
        firsts.setdefault(row[key], row)
    return [name for name, row in firsts.items() if row["deleted"]]


def with_names_kept(rows: Sequence[Row], key: str, held: Sequence[Row]) -> list[Row]:
    """A deletion has nothing but its key: its row keeps what the row before it said, so that reports of old clicks
    still find the names. `held` are the rows of the table.
    """
    before = {row[key]: row for row in held}
    kept = []
    for row in rows:
        last = before.get(row[key])
        if row["deleted"] and last is not None and int(str(last["version"])) <= int(str(row["version"])):
            kept.append(last | {name: row[name] for name in ("deleted", "version", "updated_at") if name in row})
        else:
            kept.append(row)
        before[row[key]] = kept[-1]
    return kept


class TableStore(Protocol):
    """One table. Every method may raise TransientError: try again."""

    async def highest_version(self) -> int | None:
        """The highest version of all rows, None where there is none."""

    async def write(self, rows: Sequence[Row]) -> None:
        """Add rows, the columns of the schema by name."""

    async def delete_older(self, epoch: int) -> None:
        """Mark as deleted what no record of this epoch, or of a later one, has written."""


class ClickHouseTable:
    """A copied topic's table in ClickHouse, a ReplacingMergeTree(version)."""

    def __init__(self, client: AsyncClient, copied: Copied) -> None:
        self._client = client
        self._copied = copied

    async def highest_version(self) -> int | None:
        """Raises TransientClickHouseError."""
        with clickhouse_errors():
            result = await self._client.query(
                f"SELECT max(version) FROM {self._copied.topic} HAVING count() > 0"  # noqa: S608 - a constant
            )
        return int(result.result_rows[0][0]) if result.result_rows else None

    async def write(self, rows: Sequence[Row]) -> None:
        """One insert. Raises TransientClickHouseError."""
        kept = with_names_kept(rows, self._copied.key, await self._held(deleted_first(rows, self._copied.key)))
        with clickhouse_errors():
            await self._client.insert_arrow(
                self._copied.topic, pa.Table.from_pylist(kept, schema=self._copied.schema)
            )

    async def _held(self, keys: Sequence[object]) -> list[Row]:
        """What the table holds of these keys."""
        names = self._copied.schema.names
        held: list[Row] = []
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            with clickhouse_errors():
                result = await self._client.query(
                    f"SELECT {', '.join(names)} FROM {self._copied.topic} FINAL"  # noqa: S608 - constants
                    f" WHERE {self._copied.key} IN %(keys)s",
                    parameters={"keys": tuple(keys[start : start + _KEYS_AT_ONCE])},
                    settings={"max_query_size": _QUERY_BYTES},
                )
            held += (dict(zip(names, row, strict=True)) for row in result.result_rows)
        return held

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
