"""The contract of sinks on the real engine; tests/unit/stream/test_fake_sink.py has the fake pass it."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.clickhouse.migrate import migrate
from schemas.errors import ClickHouseError
from stream.chain import NO_HEAD, Flushed
from stream.rows import Block
from stream.sink import ClickHouseSink
from tests.sink_contract import CHAIN, SinkContract, Subject


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

    async def _number(self, query: str) -> int:
        (row,) = (await self.client.query(query)).result_rows
        return int(row[0])


@pytest.fixture
async def client(clickhouse: ClickHouse) -> AsyncIterator[AsyncClient]:
    database = f"sink_{uuid.uuid4().hex}"
    url = f"{clickhouse.url}/{database}"
    await migrate(url)
    made = await connect(url)
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
        await ClickHouseSink(client).read_head(CHAIN, 0)


async def test_a_block_that_is_broken_is_no_reason_to_try_again(client: AsyncClient) -> None:
    with pytest.raises(ClickHouseError):
        await ClickHouseSink(client).insert_counters(Flushed(CHAIN, 0, NO_HEAD, 0, 0), Block(b"garbage", 1), "t")
