"""Minutes of long ago become quarters of an hour: no total changes, whoever runs it, whenever it dies."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from console.audit.tables import Rolled, read_tables
from console.roll_up import _ONE_BLOCK, TRANSFER, roll_up
from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import Server, connect
from tests.integration.migrated import make_migrated

BEFORE: Final = int(datetime(2026, 8, 20, tzinfo=UTC).timestamp())
FLUSHES: Final = 3
TOTALS: Final = (
    "SELECT link, window_start, clicks, gross_clicks, bot_clicks, impressions_served FROM ctr_1h ORDER BY ALL",
    "SELECT link, window_start, clicks, gross_clicks, impressions FROM ctr_1d ORDER BY ALL",
    "SELECT * FROM ctr_1h_tz(zone = 'Asia/Kolkata') ORDER BY ALL",
    "SELECT * FROM ctr_1d_tz(zone = 'Asia/Kathmandu') ORDER BY ALL",
    "SELECT * FROM ctr_1h_tz(zone = 'Australia/Lord_Howe') ORDER BY ALL",
    "SELECT * FROM totals_1h ORDER BY ALL",
    "SELECT campaign, clicks, impressions, ctr FROM campaign_performance ORDER BY ALL",
)
MINUTES: Final = "SELECT count() FROM counters WHERE kind = 0 AND toMinute(window_start) % {} != 0 AND {}"


@pytest.fixture
async def client(clickhouse: ClickHouse) -> AsyncIterator[AsyncClient]:
    """A client of a migrated database with counters of July and August, of several flushes."""
    database = f"rolled_{uuid.uuid4().hex}"
    await asyncio.to_thread(make_migrated, clickhouse.url, database)
    made = await connect(f"{clickhouse.url}/{database}")
    for month in ("2026-07-01", "2026-08-01"):
        await add_flushes(made, month)
    yield made
    await made.command(f"DROP DATABASE {database}")
    await made.close()


async def add_flushes(client: AsyncClient, month: str, flushes: int = FLUSHES) -> None:
    for flush in range(flushes):
        await client.command(
            "INSERT INTO counters (kind, link, window_start, class, source, impression_kind, rules, flush_month,"
            " clicks, impressions)"
            f" SELECT 0, 'go.example/' || number % 7, toDateTime('{month}', 'UTC') + 60 * (number * 37 % 40000),"
            " ['human', 'bot'][1 + number % 2], ['', 'pixel'][1 + number % 3 % 2],"
            f" ['', 'served'][1 + number % 3 % 2], 3, '{month}', number % 3 != 1, 5 * (number % 3 = 1)"
            f" FROM numbers({flush * 100}, 1500)"
        )
    await client.command(
        "INSERT INTO counters (kind, topic, partition, first_offset, flush_month, last_offset, touched_at, batches)"
        f" SELECT 2, 'clicks@1', 0, number, '{month}', number, now(), 1 FROM numbers(50)"
    )


async def rows(client: AsyncClient, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in (await client.query(query)).result_rows]


async def totals(client: AsyncClient) -> list[list[tuple[object, ...]]]:
    return [await rows(client, query) for query in TOTALS]


async def number(client: AsyncClient, query: str) -> int:
    return int(str((await rows(client, query))[0][0]))


def server(clickhouse: ClickHouse, client: AsyncClient) -> Server:
    return Server.of_url(f"{clickhouse.url}/{client.database}")


async def run(clickhouse: ClickHouse, client: AsyncClient, *, grain: int = 15, rows_at_once: int = 700) -> int:
    return await roll_up(
        server(clickhouse, client),
        before_s=BEFORE,
        grain_minutes=grain,
        progress=lambda _line: None,
        rows_at_once=rows_at_once,
    )


async def test_no_total_of_any_view_and_zone_changes_and_only_months_that_ended_before_are_taken(
    clickhouse: ClickHouse, client: AsyncClient
) -> None:
    before = await totals(client)
    markers = await number(client, "SELECT count() FROM counters WHERE kind != 0")
    assert await run(clickhouse, client) > 500
    assert await totals(client) == before
    assert await number(client, MINUTES.format(15, "flush_month < '2026-08-01'")) == 0
    assert await number(client, MINUTES.format(15, "flush_month >= '2026-08-01'")) > 500
    assert (
        await number(client, "SELECT count() FROM counters WHERE kind = 0 AND clicks = 0 AND impressions = 0") == 0
    )
    assert await number(client, "SELECT count() FROM counters WHERE kind != 0") == markers
    assert await run(clickhouse, client) == 0


@pytest.mark.parametrize("grain", [30, 60])
async def test_longer_windows_keep_the_hours_of_utc(
    clickhouse: ClickHouse, client: AsyncClient, grain: int
) -> None:
    hours = [await rows(client, TOTALS[0]), await rows(client, TOTALS[1])]
    await run(clickhouse, client, grain=grain)
    assert [await rows(client, TOTALS[0]), await rows(client, TOTALS[1])] == hours
    assert await number(client, MINUTES.format(grain, "flush_month < '2026-08-01'")) == 0


async def transfer_one_share(client: AsyncClient, *, shares: int) -> None:
    given = {"before": BEFORE, "grain": 15, "month": 202607, "share": 0, "shares": shares}
    await client.command(TRANSFER, parameters=given, settings=_ONE_BLOCK)


async def test_one_that_died_half_way_left_every_total_and_the_next_one_ends_it(
    clickhouse: ClickHouse, client: AsyncClient
) -> None:
    before = await totals(client)
    await client.command("SYSTEM STOP MERGES counters")
    parts = "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'counters' AND active"
    there = await number(client, parts)
    await transfer_one_share(client, shares=3)
    assert await number(client, parts) == there + 1, "a transfer is one part, or a crash could leave half of it"
    assert await totals(client) == before
    await client.command("SYSTEM START MERGES counters")
    await run(clickhouse, client)
    assert await totals(client) == before


async def test_what_was_transferred_twice_is_taken_back_by_the_next_one(
    clickhouse: ClickHouse, client: AsyncClient
) -> None:
    before = await totals(client)
    await client.command("SYSTEM STOP MERGES counters")
    await asyncio.gather(*(transfer_one_share(client, shares=1) for _ in range(2)))
    assert await totals(client) == before
    await client.command("SYSTEM START MERGES counters")
    await run(clickhouse, client)
    assert await totals(client) == before
    assert await number(client, "SELECT count() FROM counters WHERE kind = 0 AND clicks < 0") == 0


async def test_what_is_flushed_into_a_month_meanwhile_is_neither_lost_nor_doubled(
    clickhouse: ClickHouse, client: AsyncClient
) -> None:
    gross = "SELECT sum(gross_clicks), sum(gross_impressions) FROM ctr_1d"
    ((clicks, shown),) = await rows(client, gross)
    (added, *_), _ = await asyncio.gather(
        asyncio.gather(*(add_flushes(client, "2026-07-01", flushes=1) for _ in range(6))), run(clickhouse, client)
    )
    assert added is None
    assert await rows(client, gross) == [(int(str(clicks)) + 6 * 1000, int(str(shown)) + 6 * 2500)]
    await run(clickhouse, client)
    assert await rows(client, gross) == [(int(str(clicks)) + 6 * 1000, int(str(shown)) + 6 * 2500)]
    assert await number(client, MINUTES.format(15, "flush_month < '2026-08-01'")) == 0


async def test_the_audit_compares_what_was_rolled_up_with_the_events(
    clickhouse: ClickHouse, client: AsyncClient
) -> None:
    await client.command("TRUNCATE TABLE counters")
    await client.command("ALTER TABLE events MODIFY TTL toDateTime(time) + INTERVAL 3650 DAY")
    await client.command(
        "INSERT INTO events (type, topic, partition, record_offset, event_index, link, time, received_at, class,"
        " count) SELECT 'click', 'clicks', 0, number, 0, 'go.example/' || number % 3,"
        " toDateTime64('2026-07-05 10:00:00', 3, 'UTC') + 41 * number, toDateTime('2026-07-05 12:00:00', 'UTC'),"
        " 'human', 1 FROM numbers(500)"
    )
    await client.command(
        "INSERT INTO counters (kind, link, window_start, class, flush_month, clicks)"
        " SELECT 0, link, toStartOfMinute(time), class, '2026-07-01', sum(count) FROM events GROUP BY ALL"
    )
    await client.command(
        "INSERT INTO counters (kind, topic, partition, flush_month, last_offset, touched_at)"
        " VALUES (1, 'clicks@1', 0, '2026-07-01', 499, now())"
    )
    since_s = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())

    async def differs() -> bool:
        tables = await read_tables(client, since_s=since_s, chains={}, rolled=Rolled(BEFORE, 15))
        assert sum(one.count for one in tables.events.values()) == 500
        return tables.counted != tables.events

    assert not await differs()
    assert await run(clickhouse, client) > 0
    assert not await differs()
    await client.command(
        "INSERT INTO counters (kind, link, window_start, class, flush_month, clicks)"
        " VALUES (0, 'go.example/0', '2026-07-05 10:00:00', 'human', '2026-07-01', -1),"
        " (0, 'go.example/0', '2026-07-05 10:15:00', 'human', '2026-07-01', 1)"
    )
    assert await differs(), "a click in another quarter is another number"
