"""`ALTER TABLE … MATERIALIZE PROJECTION …`: the parts that are there get a projection, in the background.

It takes minutes on a filled table, longer than anybody holds a connection. The engine does it a part at a time,
each part is whole before and after, and what has the projection already is linked, not made again. A mutation that
was asked for goes on without us and over restarts: who comes again waits for it and asks for no second one.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors, select

_STATEMENT: Final = re.compile(r"ALTER TABLE (?P<table>\w+) MATERIALIZE PROJECTION (?P<projection>\w+)")
_WAITING: Final = """
SELECT sum(parts_to_do), anyLast(latest_fail_reason) FROM system.mutations
WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done
    AND match(command, concat('MATERIALIZE PROJECTION ', {projection:String}, '[)]?$'))
HAVING count() > 0
"""
_POLL_S: Final = 1.0

Progress = Callable[[str], None]


class MaterializeError(Exception):
    """The engine cannot make the projection; the message has its words."""


@dataclass(frozen=True)
class Materialize:
    """Which projection of which table."""

    table: str
    projection: str


def read_materialize(statement: str) -> Materialize | None:
    """The statement's meaning, if it is one of these."""
    found = _STATEMENT.fullmatch(statement)
    return Materialize(table=found["table"], projection=found["projection"]) if found else None


async def materialize(client: AsyncClient, wanted: Materialize, progress: Progress) -> None:
    """Ask for it, unless that was done before, and wait until no part is left.

    `progress` is told whenever another part is done. Raises MaterializeError, ClickHouseError,
    TransientClickHouseError; run it again after the last.
    """
    names = {"table": wanted.table, "projection": wanted.projection}
    if not await select(client, _WAITING, names):
        with clickhouse_errors():
            await client.command(
                f"ALTER TABLE {wanted.table} MATERIALIZE PROJECTION {wanted.projection}",
                settings={"mutations_sync": 0},
            )
    before = None
    while waiting := await select(client, _WAITING, names):
        parts, failed = int(waiting[0][0]), str(waiting[0][1])
        if failed:
            raise MaterializeError(f"{wanted.table}, projection {wanted.projection}: {failed}")
        if parts != before:
            progress(f"{wanted.table}: {parts} parts are left to get the projection {wanted.projection}")
        before = parts
        await asyncio.sleep(_POLL_S)
