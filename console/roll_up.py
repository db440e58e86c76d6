"""`clicktally roll-up`: minutes of long ago become quarters of an hour, and no total changes at any instant.

A roll-up is a transfer: each block takes minutes back and adds the same to the quarters that hold them, so its sum
is zero. A block is one part, hence all of it or nothing is there. So nothing has to stand still, nothing is lost by
a crash, and what is done twice (two roll-ups at once) is wrong among minutes only, by a difference that the next
roll-up takes back as it does any other minute. docs/adr/0025.

    1. of each month of flushes, links by their hash: minutes that do not come to zero are transferred
    2. the month's parts are merged, so that a minute and what took it back become one row of zeros
    3. rows of zeros are deleted; one row more or less of them changes no sum
"""

from collections.abc import Callable
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import Server, clickhouse_errors, connect, select
from schemas.counters import DELTA

ROWS_AT_ONCE: Final = 500_000
_QUERY_TIMEOUT_S: Final = 3600
_ONE_BLOCK: Final = {
    "async_insert": 0,
    "deduplicate_insert": "disable",
    "deduplicate_insert_select": "disable",
    "max_insert_threads": 1,
    "min_insert_block_size_rows": 100 * ROWS_AT_ONCE,
    "min_insert_block_size_bytes": 0,
}
"""What makes the rows of one INSERT SELECT one block, and so one part."""
_NO_LIMIT: Final = {"max_execution_time": 0}
_UNTIL_DONE: Final = {"mutations_sync": 2}

_KEY: Final = "link, class, source, impression_kind, rules, topic, partition, first_offset, spool"
_OLD_MINUTES: Final = (
    f"kind = {DELTA} AND window_start < toDateTime({{before:Int64}}, 'UTC')"
    " AND toMinute(window_start) % {grain:UInt8} != 0"
)
_MONTH: Final = "toYYYYMM(flush_month) = {month:UInt32}"

MONTHS: Final = f"""
SELECT toYYYYMM(flush_month) AS month, count()
FROM counters
WHERE {_OLD_MINUTES} AND month < toYYYYMM(toDateTime({{before:Int64}}, 'UTC'))
GROUP BY month
ORDER BY month
"""  # noqa: S608 - constants

TRANSFER: Final = f"""
INSERT INTO counters (kind, window_start, {_KEY}, flush_month, clicks, impressions)
SELECT {DELTA}, moved.1, {_KEY}, toDate(concat(toString({{month:UInt32}}), '01')), sum(moved.2), sum(moved.3)
FROM
(
    SELECT
        {_KEY}, window_start AS minute, sum(counters.clicks) AS all_clicks, sum(counters.impressions) AS all_shown
    FROM counters
    WHERE {_OLD_MINUTES} AND {_MONTH} AND cityHash64(link) % {{shares:UInt32}} = {{share:UInt32}}
    GROUP BY {_KEY}, minute
    HAVING all_clicks != 0 OR all_shown != 0
)
ARRAY JOIN
[
    (minute, -all_clicks, -all_shown),
    (minute - toIntervalMinute(toMinute(minute) % {{grain:UInt8}}), all_clicks, all_shown)
] AS moved
GROUP BY moved.1, {_KEY}
"""  # noqa: S608 - constants


Progress = Callable[[str], None]


async def roll_up(
    server: Server, *, before_s: int, grain_minutes: int, progress: Progress, rows_at_once: int = ROWS_AT_ONCE
) -> int:
    """Transfer the minutes that lie before `before_s` (since 1970), of months of flushes that ended before it, into
    windows of `grain_minutes`, which divide an hour.

    `progress` is told a line a month and step. Returns how many rows of minutes there were. Safe to repeat, to
    kill, and to run while the stream counts. Raises ClickHouseError, TransientClickHouseError.
    """
    client = await connect(server, send_receive_timeout_s=_QUERY_TIMEOUT_S, settings=_NO_LIMIT)
    try:
        minutes = 0
        wanted = {"before": before_s, "grain": grain_minutes}
        for month, rows in await select(client, MONTHS, wanted):
            progress(f"{month}: {rows:,} rows of minutes")
            shares = -(-int(rows) // rows_at_once)
            for share in range(shares):
                given = {"month": month, "share": share, "shares": shares}
                await _command(client, TRANSFER, wanted | given, _ONE_BLOCK)
                progress(f"{month}: {share + 1} of {shares} shares of its links are transferred")
            await _take_zeros_out(client, int(month), progress)
            minutes += int(rows)
        return minutes
    finally:
        await client.close()


def end_of_minutes_s(now_s: float, *, minutes_days: int) -> int:
    """Before which time minutes are rolled up: whole days before the day of `now_s`, UTC."""
    return (int(now_s) // 86_400 - minutes_days) * 86_400


async def _take_zeros_out(client: AsyncClient, month: int, progress: Progress) -> None:
    """Merge a month's parts and delete what came to zero.

    Parts with and without a projection do not merge with each other, and OPTIMIZE says nothing of it: those
    without one get it first.
    """
    projections = await select(
        client, "SELECT name FROM system.projections WHERE database = currentDatabase() AND table = 'counters'"
    )
    for (partition,) in await select(
        client,
        "SELECT DISTINCT partition_id FROM system.parts WHERE database = currentDatabase() AND table = 'counters'"
        " AND active AND startsWith(partition_id, concat(toString({month:UInt32}), '-'))",
        {"month": month},
    ):
        at = f"PARTITION ID '{partition}'"
        for (projection,) in projections:
            await _command(client, f"ALTER TABLE counters MATERIALIZE PROJECTION {projection} IN {at}")
        await _command(client, f"OPTIMIZE TABLE counters {at} FINAL")
        await _command(
            client,
            f"ALTER TABLE counters DELETE IN {at} WHERE kind = {DELTA} AND clicks = 0 AND impressions = 0",
        )
        progress(f"{month}: merged, and rows that came to zero are gone")


async def _command(
    client: AsyncClient,
    statement: str,
    parameters: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
) -> None:
    with clickhouse_errors():
        await client.command(statement, parameters=parameters, settings=settings or _UNTIL_DONE)
