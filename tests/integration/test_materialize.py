"""A projection for a filled table on the real engine: with a word, again, two at once, after one was killed."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Final

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect, select
from schemas.clickhouse.materialize import Materialize, MaterializeError, materialize, read_materialize
from schemas.clickhouse.migrate import migrate

PARTS: Final = 5
BY_N: Final = Materialize(table="amounts", projection="by_n")
WITHOUT: Final = (
    "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'amounts' AND active"
    " AND NOT has(projections, 'by_n')"
)
ASKED: Final = "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = 'amounts'"


@pytest.fixture
async def client(clickhouse: ClickHouse) -> AsyncIterator[AsyncClient]:
    """A client of a database with a table of five parts whose projection none of them has."""
    database = f"materialized_{uuid.uuid4().hex}"
    await migrate(f"{clickhouse.url}/{database}")
    made = await connect(f"{clickhouse.url}/{database}")
    await made.command("CREATE TABLE amounts (n UInt8, amount Int64) ENGINE = MergeTree ORDER BY n")
    await made.command("SYSTEM STOP MERGES amounts")
    for part in range(PARTS):
        await made.command(f"INSERT INTO amounts SELECT number % 7, {part} FROM numbers(1000)")
    await made.command("ALTER TABLE amounts ADD PROJECTION by_n (SELECT n, sum(amount) GROUP BY n)")
    yield made
    await made.command(f"DROP DATABASE {database}")
    await made.close()


async def number(client: AsyncClient, query: str) -> int:
    return int((await select(client, query))[0][0])


async def test_every_part_gets_it_with_a_word_and_once_more_does_no_harm(client: AsyncClient) -> None:
    assert await number(client, WITHOUT) == PARTS
    said: asyncio.Queue[str] = asyncio.Queue()
    waiting = asyncio.ensure_future(materialize(client, BY_N, said.put_nowait))
    assert await said.get() == f"amounts: {PARTS} parts are left to get the projection by_n"
    await client.command("SYSTEM START MERGES amounts")
    await waiting
    assert await number(client, WITHOUT) == 0
    before = await select(client, "SELECT n, sum(amount) FROM amounts GROUP BY n ORDER BY n")
    await materialize(client, BY_N, said.put_nowait)
    assert await number(client, WITHOUT) == 0
    assert await select(client, "SELECT n, sum(amount) FROM amounts GROUP BY n ORDER BY n") == before


async def test_who_comes_again_waits_for_what_was_asked_before(client: AsyncClient) -> None:
    """The one before was killed while it waited; two more come."""
    said: asyncio.Queue[str] = asyncio.Queue()
    killed = asyncio.ensure_future(materialize(client, BY_N, said.put_nowait))
    await said.get()
    killed.cancel()
    again = [asyncio.ensure_future(materialize(client, BY_N, said.put_nowait)) for _ in range(2)]
    for _ in again:
        await said.get()
    assert await number(client, ASKED) == 1
    await client.command("SYSTEM START MERGES amounts")
    await asyncio.gather(*again)
    assert await number(client, WITHOUT) == 0


async def test_what_is_asked_for_one_partition_is_not_all_of_it(client: AsyncClient) -> None:
    """As `clicktally roll-up` asks, for a partition at a time."""
    await client.command(
        "ALTER TABLE amounts MATERIALIZE PROJECTION by_n IN PARTITION ID 'all'", settings={"mutations_sync": 0}
    )
    said: asyncio.Queue[str] = asyncio.Queue()
    waiting = asyncio.ensure_future(materialize(client, BY_N, said.put_nowait))
    await said.get()
    assert await number(client, ASKED) == 2
    await client.command("SYSTEM START MERGES amounts")
    await waiting
    assert await number(client, WITHOUT) == 0


async def test_what_the_engine_cannot_do_is_said_in_its_words(client: AsyncClient) -> None:
    await client.command("SYSTEM START MERGES amounts")
    await client.command("ALTER TABLE amounts DROP PROJECTION by_n")
    await client.command(
        "ALTER TABLE amounts ADD PROJECTION by_n"
        " (SELECT n, sum(throwIf(amount = 3, 'three is too many')) GROUP BY n)"
    )
    with pytest.raises(MaterializeError, match=r"amounts, projection by_n: .*three is too many"):
        await materialize(client, BY_N, lambda _line: None)


def test_only_the_whole_statement_is_one() -> None:
    assert read_materialize("ALTER TABLE amounts MATERIALIZE PROJECTION by_n") == BY_N
    assert read_materialize("ALTER TABLE amounts MATERIALIZE PROJECTION by_n IN PARTITION 1") is None
    assert read_materialize("ALTER TABLE amounts ADD PROJECTION by_n (SELECT n GROUP BY n)") is None
