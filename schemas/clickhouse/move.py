"""`MOVE old INTO new`: a filled table into one of another layout, a part at a time, then under the old name.

What plain statements cannot repeat. This may be: what was copied is not copied again, what died half-way is begun
anew, and two runners at once do the same work twice.

    1. each month of the old table into a scratch table of this runner's, from there in one step into the new table
    2. both tables come to the same, asked in one query; if not, 1 again for the months that differ, a few times
    3. RENAME old TO old_before, new TO old

A stream that goes on writing meanwhile loses nothing: what it flushed to the old table after step 2 is a suffix of
its chain, the new table's head lies before it, and the worker rewinds to that head (docs/adr/0002). Step 3 is no
transaction: after a crash between its two halves there is no such table until the migration is run again.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors, select
from schemas.errors import UNKNOWN_TABLE, ClickHouseError

_MOVE: Final = re.compile(
    r"MOVE (?P<old>\w+) INTO (?P<new>\w+)\s+BY (?P<by>.+?)\s+COMPARING\s+(?P<comparing>.+)", re.DOTALL
)
_OF_TABLE: Final = "system.{} WHERE database = currentDatabase() AND {} = {{table:String}}"
# Beside it TABLE_ALREADY_EXISTS and CANNOT_GET_CREATE_TABLE_QUERY.
_ANOTHER_RUNNER_WAS_FASTER: Final = {57, UNKNOWN_TABLE, 390}
# Two runners whose REPLACE PARTITION overlap leave a month twice: neither removes what came after
# its own beginning.
_ROUNDS: Final = 5
_NO_LIMITS: Final = {
    "max_execution_time": 0,
    "deduplicate_insert": "disable",
    "deduplicate_insert_select": "disable",
}

Progress = Callable[[str], None]


class MoveError(Exception):
    """The two tables do not come to the same totals; nothing was renamed."""


@dataclass(frozen=True)
class Move:
    """`old` into `new`, a value of the expression `by` at a time; `comparing` must come to the same in both.

    What is compared must not change by merging, nor by a TTL that one of the tables applied already.
    """

    old: str
    new: str
    by: str
    comparing: str

    @property
    def before(self) -> str:
        """What the old table is called afterwards."""
        return f"{self.old}_before_{self.new.removeprefix(f'{self.old}_')}"


def read_move(statement: str) -> Move | None:
    """What a MOVE statement says; None for any other statement."""
    match = _MOVE.fullmatch(statement.strip())
    return Move(**match.groupdict()) if match else None


async def move(client: AsyncClient, tables: Move, progress: Progress) -> None:
    """Bring the old table's rows into the new one and give it the name; nothing is left to do where that was done.

    `progress` is told a line a month. Raises MoveError, TransientClickHouseError and ClickHouseError.
    """
    while not await _is_moved(client, tables):
        try:
            await _move(client, tables, progress)
        except ClickHouseError as error:
            if error.code not in _ANOTHER_RUNNER_WAS_FASTER:
                raise


async def _is_moved(client: AsyncClient, tables: Move) -> bool:
    """Finish what was only half done; whether the old name has the new layout now."""
    layouts = {name: await _layout(client, name) for name in (tables.old, tables.new)}
    if layouts[tables.old] is None:
        await _command(client, f"RENAME TABLE {tables.new} TO {tables.old}")
    elif layouts[tables.new] is not None and layouts[tables.new] != layouts[tables.old]:
        return False
    await _command(client, f"DROP TABLE IF EXISTS {tables.new} SYNC")
    return True


async def _move(client: AsyncClient, tables: Move, progress: Progress) -> None:
    values = await _values(client, tables)
    if not values:
        await _command(client, f"CREATE OR REPLACE TABLE {tables.old} AS {tables.new}")
        return
    for _round in range(_ROUNDS):
        for done, value in enumerate(values):
            progress(f"{tables.old}: {tables.by} = {value}, {done} of {len(values)} are moved")
            if not await _equal(client, tables, f"WHERE {tables.by} = {value}"):
                await _copy(client, tables, value)
        if await _equal(client, tables):
            break
    else:
        raise MoveError(
            f"{tables.old} changes faster than it is copied into {tables.new}: stop the stream (redirects and Kafka"
            " go on; it catches up afterwards) and run the migration again"
        )
    await _command(client, f"RENAME TABLE {tables.old} TO {tables.before}, {tables.new} TO {tables.old}")
    progress(f"{tables.old}: moved; DROP TABLE {tables.before} once nobody needs the old rows")


async def _copy(client: AsyncClient, tables: Move, value: int) -> None:
    scratch = f"{tables.new}_{uuid.uuid4().hex[:8]}"
    await _command(client, f"CREATE TABLE {scratch} AS {tables.new}")
    try:
        names = ", ".join(
            await _strings(client, f"SELECT name FROM {_OF_TABLE.format('columns', 'table')}", tables.old)
        )
        await _command(
            client,
            f"INSERT INTO {scratch} ({names}) SELECT {names} FROM {tables.old} WHERE {tables.by} = {value}",
        )
        for partition in await _strings(
            client, f"SELECT DISTINCT partition_id FROM {_OF_TABLE.format('parts', 'table')} AND active", scratch
        ):
            await _command(client, f"ALTER TABLE {tables.new} REPLACE PARTITION ID '{partition}' FROM {scratch}")
    finally:
        await _command(client, f"DROP TABLE IF EXISTS {scratch} SYNC")


async def _values(client: AsyncClient, tables: Move) -> list[int]:
    values = await _strings(
        client, f"SELECT toString(by) FROM (SELECT DISTINCT {tables.by} AS by FROM {tables.old}) ORDER BY by"
    )
    return [int(value) for value in values]


async def _equal(client: AsyncClient, tables: Move, where: str = "") -> bool:
    """Whether both tables come to the same, asked in one query: each is read at one instant."""
    sides = [f"(SELECT ({tables.comparing}) FROM {table} {where})" for table in (tables.old, tables.new)]
    return (await _strings(client, f"SELECT toString({sides[0]} = {sides[1]})")) == ["1"]


async def _layout(client: AsyncClient, table: str) -> str | None:
    """Sorting and partition key; None where there is no such table."""
    layouts = await _strings(
        client, f"SELECT sorting_key || ' by ' || partition_key FROM {_OF_TABLE.format('tables', 'name')}", table
    )
    return layouts[0] if layouts else None


async def _strings(client: AsyncClient, query: str, table: str = "") -> list[str]:
    rows = await select(client, query, {"table": table}, {"max_execution_time": 0})
    return [str(row[0]) for row in rows]


async def _command(client: AsyncClient, statement: str) -> None:
    with clickhouse_errors():
        await client.command(statement, settings=_NO_LIMITS)
