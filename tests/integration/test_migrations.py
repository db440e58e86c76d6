"""The migrations on the real engine: from nothing, twice, two at once, half-way."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.clickhouse.migrate import MigrationError, migrate, read_migrations
from schemas.errors import ClickHouseError
from stream.event_rows import EVENT_COLUMNS

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "tables.md"
README = REPOSITORY / "README.md"
TABLES = {"channels", "ctr_kinds", "counters", "events", "links", "ctr_1m", "ctr_1h", "ctr_1d", "schema_migrations"}


@pytest.fixture
async def url(clickhouse: ClickHouse) -> AsyncIterator[str]:
    """A database that does not exist yet."""
    database = f"migrated_{uuid.uuid4().hex}"
    yield f"{clickhouse.url}/{database}"
    client = await connect(clickhouse.url)
    await client.command(f"DROP DATABASE IF EXISTS {database}")
    await client.close()


@pytest.fixture
async def client(url: str) -> AsyncIterator[AsyncClient]:
    """A client of the migrated database."""
    await migrate(url)
    made = await connect(url)
    yield made
    await made.close()


async def tables(client: AsyncClient) -> set[str]:
    result = await client.query("SHOW TABLES")
    return {str(row[0]) for row in result.result_rows}


async def test_an_empty_server_gets_every_table_and_view(client: AsyncClient) -> None:
    assert await tables(client) >= TABLES
    for view in ("ctr_1m", "ctr_1h", "ctr_1d"):
        assert (await client.query(f"SELECT * FROM {view}")).result_rows == []


async def test_running_again_does_nothing(client: AsyncClient, url: str) -> None:
    assert await migrate(url) == []
    assert await client.command("SELECT count() FROM schema_migrations") == len(read_migrations())


async def test_a_dry_run_lists_and_leaves_everything_alone(url: str) -> None:
    assert await migrate(url, dry_run=True) == list(read_migrations())
    with pytest.raises(ClickHouseError) as caught:
        await connect(url)
    assert caught.value.code == 81
    await migrate(url)
    assert await migrate(url, dry_run=True) == []


async def test_runners_at_once_all_succeed_with_one_schema(url: str) -> None:
    await asyncio.gather(*(migrate(url) for _ in range(6)))
    assert await migrate(url) == []
    client = await connect(url)
    assert await tables(client) >= TABLES
    assert await client.command("SELECT uniqExact(version, checksum) FROM schema_migrations") == len(
        read_migrations()
    )
    await client.close()


async def test_a_run_that_died_half_way_is_run_again(url: str, tmp_path: Path) -> None:
    first = "CREATE TABLE IF NOT EXISTS a (n Int8) ENGINE = Memory;\n"
    (tmp_path / "0001_two_tables.sql").write_text(first + "CREATE TABLE broken;\n")
    with pytest.raises(ClickHouseError):
        await migrate(url, directory=tmp_path)
    (tmp_path / "0001_two_tables.sql").write_text(first + first.replace("EXISTS a", "EXISTS b"))
    assert len(await migrate(url, directory=tmp_path)) == 1
    client = await connect(url)
    assert await tables(client) == {"a", "b", "schema_migrations"}
    await client.close()


async def test_an_applied_file_that_was_changed_is_refused(url: str, tmp_path: Path) -> None:
    path = tmp_path / "0001_a.sql"
    path.write_text("CREATE TABLE IF NOT EXISTS a (n Int8) ENGINE = Memory;\n")
    await migrate(url, directory=tmp_path)
    path.write_text("CREATE TABLE IF NOT EXISTS a (n Int16) ENGINE = Memory;\n")
    with pytest.raises(MigrationError, match=r"0001_a\.sql was changed"):
        await migrate(url, directory=tmp_path)
    with pytest.raises(MigrationError, match=r"0001_a\.sql was changed"):
        await migrate(url, directory=tmp_path, dry_run=True)


async def test_times_come_back_with_their_zone_and_inserts_are_synchronous(client: AsyncClient) -> None:
    at = (await client.query("SELECT max(applied_at) FROM schema_migrations")).result_rows[0][0]
    assert at.utcoffset().total_seconds() == 0
    assert (await client.query("SELECT getSetting('async_insert')")).result_rows == [(False,)]


async def test_every_table_and_column_is_documented(client: AsyncClient) -> None:
    result = await client.query(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() ORDER BY table, position"
    )
    columns: dict[str, list[str]] = {}
    for table, name in result.result_rows:
        columns.setdefault(str(table), []).append(str(name))
    sections = {section.partition("\n")[0]: section for section in PAGE.read_text().split("\n## ")[1:]}
    documented = {name: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) for name, section in sections.items()}
    assert documented == columns, "bring docs/tables.md up to date"


async def test_the_table_of_events_has_a_column_for_every_field_that_it_stores(client: AsyncClient) -> None:
    result = await client.query(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'events'"
    )
    assert {str(name): str(kind) for name, kind in result.result_rows} == EVENT_COLUMNS, "write a migration"


async def test_the_queries_of_the_readme_run(client: AsyncClient) -> None:
    blocks = re.findall(r"```sql\n(.*?)```", README.read_text(), re.DOTALL)
    queries = [query for block in blocks for query in block.split(";") if query.strip()]
    assert len(queries) >= 4
    for query in queries:
        await client.query(query)
