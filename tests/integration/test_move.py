"""A filled table moves into another layout: nothing lost, whoever runs it, whenever it dies."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.clickhouse.migrate import MIGRATIONS_DIR, MigrationError, migrate
from schemas.clickhouse.move import Move, move, read_move
from schemas.errors import ClickHouseError

LAYOUT_2 = next(path for path in MIGRATIONS_DIR.glob("*_counters_layout_2.sql"))
TOTALS = (
    "SELECT kind, topic, partition, spool, link, window_start, class, sum(clicks), sum(impressions),"
    " max(last_offset), max(last_seq), sum(batches), sum(records), sum(events) FROM {} GROUP BY ALL ORDER BY ALL"
)
MOVE = Move(old="a", new="a_next", by="month", comparing="sum(n), count()")


@pytest.fixture
async def client(clickhouse: ClickHouse) -> AsyncIterator[AsyncClient]:
    """A client of an empty database."""
    database = f"moved_{uuid.uuid4().hex}"
    made = await connect(clickhouse.url)
    await made.command(f"CREATE DATABASE {database}")
    made.database = database
    yield made
    await made.command(f"DROP DATABASE {database}")
    await made.close()


@pytest.fixture
def before_layout_2(tmp_path: Path) -> Path:
    """The migrations as they stood before the counter table was moved."""
    for path in MIGRATIONS_DIR.glob("*.sql"):
        if path.name < LAYOUT_2.name:
            shutil.copy(path, tmp_path)
    return tmp_path


async def fill_counters(client: AsyncClient) -> None:
    """Deltas, heads, markers and dedup state of three months, in several parts."""
    for month in ("2026-09-01", "2026-10-01", "2026-11-01"):
        for flush in range(3):
            await client.command(
                "INSERT INTO counters (kind, topic, partition, first_offset, spool, link, window_start, class,"
                " flush_month, clicks, last_offset, last_seq, touched_at, batches, records, events)"
                " SELECT number % 4 AS k, if(k = 0, '', 'clicks@1'), number % 3, if(k = 2, number, 0),"
                " if(k = 3, toString(number % 7), ''), if(k = 0, 'go.example/' || number % 50, ''),"
                f" if(k = 0, toDateTime('{month} 00:00:00', 'UTC') + number * 60, toDateTime(0)), '', '{month}',"
                f" k = 0, {flush} * 1000 + number, number, now(), k = 2, 1, 1 FROM numbers(1000)"
            )


async def create(client: AsyncClient, table: str, order_by: str, rows: int = 0) -> None:
    await client.command(
        f"CREATE TABLE {table} (month UInt32, n UInt64) ENGINE = MergeTree PARTITION BY month ORDER BY {order_by}"
    )
    await client.command(f"INSERT INTO {table} SELECT 202600 + number % 3, number FROM numbers({rows})")


async def rows(client: AsyncClient, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in (await client.query(query)).result_rows]


async def tables(client: AsyncClient) -> set[str]:
    return {str(row[0]) for row in await rows(client, "SHOW TABLES")}


async def test_a_filled_counter_table_keeps_every_total_of_every_kind(
    clickhouse: ClickHouse, client: AsyncClient, before_layout_2: Path
) -> None:
    url = f"{clickhouse.url}/{client.database}"
    await migrate(url, directory=before_layout_2)
    await fill_counters(client)
    expected = await rows(client, TOTALS.format("counters"))
    by_day = await rows(client, "SELECT * FROM ctr_1d ORDER BY ALL")
    shutil.copy(LAYOUT_2, before_layout_2)
    messages: list[str] = []
    await migrate(url, directory=before_layout_2, progress=messages.append)
    assert await rows(client, TOTALS.format("counters")) == expected
    assert len(expected) > 500
    assert await rows(client, "SELECT * FROM ctr_1d ORDER BY ALL") == by_day
    keys = await rows(
        client, "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = 'counters'"
    )
    assert str(keys[0][0]).startswith("kind, link, window_start, ")
    assert [line.partition(",")[0] for line in messages[:3]] == [
        f"counters: toYYYYMM(flush_month) = {month}" for month in (202609, 202610, 202611)
    ]
    assert await rows(client, TOTALS.format("counters_before_layout_2")) == expected, (
        "the old rows are a person's to drop"
    )


async def test_an_empty_table_leaves_no_second_one_behind(client: AsyncClient) -> None:
    await create(client, "a", "n")
    await create(client, "a_next", "(month, n)")
    await move(client, MOVE, lambda _line: None)
    assert await tables(client) == {"a"}


async def test_runners_at_once_move_once(client: AsyncClient) -> None:
    await create(client, "a", "n", rows=1000)
    await create(client, "a_next", "(month, n)")
    await asyncio.gather(*(move(client, MOVE, lambda _line: None) for _ in range(5)))
    assert await rows(client, "SELECT count(), uniqExact(n) FROM a") == [(1000, 1000)]
    assert await tables(client) == {"a", "a_before_next"}


async def test_a_move_that_died_while_copying_begins_that_month_anew(client: AsyncClient) -> None:
    await create(client, "a", "n", rows=1000)
    await create(client, "a_next", "(month, n)")
    await client.command("INSERT INTO a_next SELECT month, n FROM a WHERE month = 202600")
    await client.command("INSERT INTO a_next SELECT month, n FROM a WHERE month = 202601 LIMIT 7")
    messages: list[str] = []
    await move(client, MOVE, messages.append)
    assert await rows(client, "SELECT count(), uniqExact(n) FROM a") == [(1000, 1000)]


async def test_a_move_that_died_between_the_two_renames_is_finished(client: AsyncClient) -> None:
    await create(client, "a_before_next", "n", rows=1000)
    await create(client, "a_next", "(month, n)", rows=1000)
    await move(client, MOVE, lambda _line: None)
    assert await tables(client) == {"a", "a_before_next"}
    assert await rows(client, "SELECT count() FROM a") == [(1000,)]


async def test_a_move_that_was_done_does_nothing(client: AsyncClient) -> None:
    await create(client, "a", "(month, n)", rows=10)
    await create(client, "a_next", "(month, n)")
    await move(client, MOVE, lambda _line: None)
    assert await tables(client) == {"a"}
    assert await rows(client, "SELECT count() FROM a") == [(10,)]


async def test_a_table_that_changes_while_it_is_copied_is_not_renamed(
    clickhouse: ClickHouse, client: AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "0001_a.sql").write_text(
        "CREATE TABLE IF NOT EXISTS a (month UInt32, n UInt64) ENGINE = MergeTree PARTITION BY month ORDER BY n;\n"
        "CREATE TABLE IF NOT EXISTS a_next (month UInt32, n UInt64)"
        " ENGINE = MergeTree PARTITION BY month ORDER BY month;\n"
        "MOVE a INTO a_next BY month COMPARING sum(n), count(), rand();\n"
    )
    await create(client, "a", "n", rows=10)
    with pytest.raises(MigrationError, match="stop the stream"):
        await migrate(f"{clickhouse.url}/{client.database}", directory=tmp_path)
    assert {"a", "a_next"} <= await tables(client)
    assert "a_before_next" not in await tables(client)


async def test_an_error_that_is_no_race_is_told(client: AsyncClient) -> None:
    await create(client, "a", "n", rows=10)
    await client.command("CREATE TABLE a_next (month UInt32) ENGINE = MergeTree ORDER BY month")
    with pytest.raises(ClickHouseError):
        await move(client, MOVE, lambda _line: None)


def test_only_a_move_is_read_as_one() -> None:
    assert read_move("MOVE a INTO a_next\nBY month\nCOMPARING sum(n),\n count()") == Move(
        old="a", new="a_next", by="month", comparing="sum(n),\n count()"
    )
    assert read_move("ALTER TABLE a ADD COLUMN b Int8") is None
