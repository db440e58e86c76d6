"""How long ClickHouse keeps rows: what the settings say, applied in every run of `clicktally migrate`.

Of the counters only markers are among them: a difference can only be taken from what counted before.
"""

import re
from dataclasses import dataclass

from schemas.clickhouse.client import Server, clickhouse_errors, connect


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of `table` go `days` days after the time in its column `counted_from`; with `where`, those that fit it,
    which is a condition as ClickHouse writes it and one clause of the table's TTL.
    """

    table: str
    counted_from: str
    days: int
    where: str = ""

    @property
    def what(self) -> str:
        """Which rows, for people."""
        return f"rows with {self.where}" if self.where else "rows"

    def applied(self, ttl: str) -> str | None:
        """`ttl` with this clause's days changed; None where it has no such clause."""
        clause = re.compile(
            rf"({re.escape(self.counted_from)}\)? \+ toIntervalDay\()\d+"
            rf"(\){re.escape(f' WHERE {self.where}' if self.where else '')})(?=,|$)"
        )
        changed, times = clause.subn(rf"\g<1>{self.days}\g<2>", ttl)
        return changed if times == 1 else None


class RetentionError(Exception):
    """A table has no TTL of the kind that was to be changed."""


async def keep(server: Server, wanted: tuple[Retention, ...]) -> list[Retention]:
    """Change how long tables keep rows, where it is another time; returns what was changed.

    A shorter time takes raw rows away at once, for good; markers go as their parts are merged.
    Raises RetentionError, ClickHouseError, TransientClickHouseError.
    """
    client = await connect(server, send_receive_timeout_s=300)
    try:
        changed = []
        for one in wanted:
            with clickhouse_errors():
                engine = await client.query(
                    "SELECT engine_full FROM system.tables"
                    " WHERE database = currentDatabase() AND name = {table:String}",
                    parameters={"table": one.table},
                )
                ttl = ttl_of(str(engine.result_rows[0][0]))
                applied = one.applied(ttl)
                if applied is None:
                    raise RetentionError(
                        f"the TTL of {one.table} is {ttl or 'none'}: nothing in it says how long"
                        f" {one.what} are kept after {one.counted_from}"
                    )
                if applied == ttl:
                    continue
                await client.command(
                    f"ALTER TABLE {one.table} MODIFY TTL {applied}",
                    # A mutation of all counters would be dear, for rows that merges take out as well.
                    settings={"materialize_ttl_after_modify": int(not one.where)},
                )
            changed.append(one)
        return changed
    finally:
        await client.close()


def ttl_of(engine: str) -> str:
    """A table's TTL as `system.tables.engine_full` has it; empty where there is none."""
    match = re.search(r" TTL (.*?)(?: SETTINGS |$)", engine, re.DOTALL)
    return match[1] if match else ""
