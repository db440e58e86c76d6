"""The contract of sinks on the real engine; tests/unit/stream/test_fake_sink.py has the fake pass it."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.counters import SPOOL_TTL_S
from schemas.errors import ClickHouseError
from schemas.idempotency import KEY_TTL_S
from stream.chain import NO_HEAD, Flushed
from stream.rows import Block
from stream.sink import ClickHouseSink, state_query
from tests.integration.migrated import make_migrated
from tests.sink_contract import CHAIN, NOW_S, SinkContract, Subject


@dataclass
class LookIntoClickHouse:
    client: AsyncClient

    async def clicks(self) -> int:
        return await self._number("SELECT sum(clicks) FROM counters WHERE kind = 0")

    async def parts(self) -> int:
        return await self._number(
            "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'counters'"
        )

    async def events(self) -> int:
        return await self._number("SELECT count() FROM events FINAL")

    async def snapshots(self) -> int:
        return await self._number("SELECT count() FROM snapshots FINAL")

    async def _number(self, query: str) -> int:
        (row,) = (await self.client.query(query)).result_rows
        return int(row[0])


@pytest.fixture
async def client(clickhouse: ClickHouse) -> AsyncIterator[AsyncClient]:
    database = f"sink_{uuid.uuid4().hex}"
    await asyncio.to_thread(make_migrated, clickhouse.url, database)
    made = await connect(f"{clickhouse.url}/{database}")
    await made.command("SYSTEM STOP TTL MERGES counters")  # the tests' rows are older than what is kept
    yield made
    await made.command(f"DROP DATABASE {database}")
    await made.close()


class TestClickHouseSink(SinkContract):
    @pytest.fixture
    def subject(self, client: AsyncClient) -> Subject:
        return Subject(ClickHouseSink(client), LookIntoClickHouse(client))


async def test_a_table_that_is_missing_is_no_reason_to_try_again(client: AsyncClient) -> None:
    await client.command("DROP TABLE counters")
    with pytest.raises(ClickHouseError):
        await ClickHouseSink(client).read_head(CHAIN)


async def test_a_block_that_is_broken_is_no_reason_to_try_again(client: AsyncClient) -> None:
    with pytest.raises(ClickHouseError):
        await ClickHouseSink(client).insert_counters(Flushed(CHAIN, NO_HEAD, 0, 0), Block(b"garbage", 1), "t")


async def test_what_is_read_on_assignment_is_the_keys_that_live_and_not_all_that_the_table_holds(
    client: AsyncClient,
) -> None:
    """The rows of 120 days were read; here 40 days of 5,000 keys each lie before the three days that live."""
    await client.command(
        "INSERT INTO counters (kind, topic, partition, first_offset, spool, last_seq, touched_at, flush_month)"
        f" SELECT 3, 'clicks', 0, {NOW_S} - number % 40 * 86400, concat('k', hex(cityHash64(number))), 1,"
        f" fromUnixTimestamp({NOW_S} - number % 40 * 86400), '2026-11-01' FROM numbers(200000)"
    )
    await client.command(
        "INSERT INTO counters (kind, topic, partition, last_offset, touched_at, flush_month)"
        f" SELECT 1, '{CHAIN.name}', 0, 7, fromUnixTimestamp({NOW_S}), '2026-11-01'"
    )
    state = await ClickHouseSink(client).read_state(CHAIN)
    assert (state.head, state.now_s, len(state.dedup)) == (7, NOW_S, 3 * 5000)
    plan = await client.query(
        "EXPLAIN indexes = 1 " + state_query(()),
        parameters={
            "head": 1,
            "dedup": 3,
            "chain": CHAIN.name,
            "topic": "clicks",
            "partition": 0,
            "key_ttl": KEY_TTL_S,
            "spool_ttl": SPOOL_TTL_S,
            "kinds": [],
            "ttls": [],
        },
    )
    text = "\n".join(str(row[0]) for row in plan.result_rows)
    granules = [(int(match[1]), int(match[2])) for match in re.finditer(r"Granules: (\d+)/(\d+)", text)]
    total = max(total for _, total in granules)
    assert total > 90, text
    assert min(read for read, of in granules if of == total) < total / 8, text


async def test_rows_of_keys_go_after_ten_days_and_those_of_spools_stay(client: AsyncClient) -> None:
    for days in (9, 11):
        await client.command(
            "INSERT INTO counters (kind, topic, partition, spool, last_seq, touched_at, flush_month)"
            f" SELECT 3, 'clicks', 0, arrayJoin(['k{days}', 'a{days}']), 1, now() - INTERVAL {days} DAY,"
            " '2026-11-01'"
        )
    await client.command("SYSTEM START TTL MERGES counters")
    await client.command("OPTIMIZE TABLE counters FINAL")
    rows = (await client.query("SELECT spool FROM counters WHERE kind = 3 ORDER BY spool")).result_rows
    assert [row[0] for row in rows] == ["a11", "a9", "k9"]
