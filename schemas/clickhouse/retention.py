"""How long ClickHouse keeps raw rows: what the settings say, applied in every run of `clicktally migrate`.

Counters are not among them: a difference can only be taken from what counted before.
"""

import re
from dataclasses import dataclass
from typing import Final

from schemas.clickhouse.client import Server, clickhouse_errors, connect

_DAYS: Final = re.compile(r"\bTTL (?:\w+\(\w+\)|\w+) \+ toIntervalDay\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of `table` go `days` days after the time in its column `counted_from`."""

    table: str
    counted_from: str
    days: int


async def keep(server: Server, wanted: tuple[Retention, ...]) -> list[Retention]:
    """Change how long tables keep rows, where it is another time; returns what was changed.

    A shorter time takes rows away at once, for good. Raises ClickHouseError, TransientClickHouseError.
    """
    client = await connect(server, send_receive_timeout_s=300)
    try:
        changed = []
        for one in wanted:
            with clickhouse_errors():
                engine = await client.command(
                    "SELECT engine_full FROM system.tables"
                    " WHERE database = currentDatabase() AND name = {table:String}",
                    parameters={"table": one.table},
                )
                if days_of(str(engine)) == one.days:
                    continue
                await client.command(
                    f"ALTER TABLE {one.table} MODIFY TTL toDateTime({one.counted_from}) + INTERVAL {one.days} DAY"
                )
            changed.append(one)
        return changed
    finally:
        await client.close()


def days_of(engine: str) -> int | None:
    """The days of a table's TTL as `system.tables.engine_full` has it; None where there is none of this form."""
    match = _DAYS.search(engine)
    return int(match[1]) if match else None
