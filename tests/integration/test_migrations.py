"""The migrations on the real engine: from nothing, twice, two at once, half-way."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse
from schemas.clickhouse import migrate as migrating
from schemas.clickhouse.client import Server, connect
from schemas.clickhouse.migrate import MigrationError, migrate, read_migrations
from schemas.clickhouse.retention import Retention, keep
from schemas.errors import ClickHouseError
from stream.event_rows import EVENT_COLUMNS
from tests.integration.clickhouse_http import Http

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "tables.md"
README = REPOSITORY / "README.md"
REPORTS_PAGE = REPOSITORY / "docs" / "reports.md"
BI_PAGE = REPOSITORY / "docs" / "bi.md"
REPORTS = ("post_performance", "campaign_performance", "channel_performance", "profile_performance")
TABLES = {
    *REPORTS,
    *(f"{report}_between" for report in REPORTS),
    *("data_quality", "data_quality_between"),
    "link_performance_between",
    "channels",
    "counters",
    "ctr_1d",
    "ctr_1d_tz",
    "ctr_1h",
    "ctr_1h_tz",
    "ctr_1m",
    "ctr_kinds",
    *(f"totals_{unit}" for unit in ("1m", "1h", "1d", "1h_tz", "1d_tz")),
    "link_names",
    *("link_performance", "links_counted_between"),
    "links_named",
    "events",
    "links",
    "links_now",
    "schema_migrations",
    "variant_comparison",
    "variant_comparison_between",
    *("misses", "unknown_slugs"),
    *("visitors_1h", "visitors_of_events", "link_uniques_between", "uniques_between"),
}
PARAMETERS = {
    "dimension": "country",
    "most": "10",
    "by": "post",
    "since": "2026-11-01 00:00:00",
    "until": "2026-12-01 00:00:00",
    "zone": "UTC",
}


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
    """A client of a migrated database of the test's own."""
    await migrate(url)
    made = await connect(url)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def shared_url(clickhouse: ClickHouse) -> Iterator[str]:
    """A migrated database for tests that leave its tables and views as they are: migrating one takes seconds."""
    database = f"migrated_{uuid.uuid4().hex}"
    asyncio.run(migrate(f"{clickhouse.url}/{database}"))
    yield f"{clickhouse.url}/{database}"
    Http(clickhouse.url, "default")(f"DROP DATABASE {database}")


@pytest.fixture
async def reader(shared_url: str) -> AsyncIterator[AsyncClient]:
    """A client of the migrated database that tests share."""
    made = await connect(shared_url)
    yield made
    await made.close()


async def tables(client: AsyncClient) -> set[str]:
    result = await client.query("SHOW TABLES")
    return {str(row[0]) for row in result.result_rows}


async def test_an_empty_server_gets_every_table_and_view(client: AsyncClient) -> None:
    assert await tables(client) >= TABLES
    for view in ("ctr_1m", "ctr_1h", "ctr_1d"):
        assert (await client.query(f"SELECT * FROM {view}")).result_rows == []


async def test_running_again_does_nothing(reader: AsyncClient, shared_url: str) -> None:
    assert await migrate(shared_url) == []
    assert await reader.command("SELECT count() FROM schema_migrations") == len(read_migrations())


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


async def test_a_runner_goes_on_where_another_one_took_away_what_it_was_about_to_use(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "CREATE TABLE IF NOT EXISTS {} (n Int8) ENGINE = Memory;\n"
    (tmp_path / "0001_a.sql").write_text(table.format("a") + "CREATE OR REPLACE VIEW v AS SELECT n FROM a;\n")
    (tmp_path / "0002_b.sql").write_text("DROP VIEW IF EXISTS v;\nDROP TABLE IF EXISTS a;\n" + table.format("b"))
    execute = migrating._execute
    others: list[str] = []  # between two statements of one runner, all of another's

    async def execute_late(client: AsyncClient, statement: str) -> None:
        if "VIEW v" in statement and not others:
            others.append(statement)
            assert len(await migrate(url, directory=tmp_path)) == 2
        await execute(client, statement)

    monkeypatch.setattr(migrating, "_execute", execute_late)
    assert len(await migrate(url, directory=tmp_path)) == 2
    client = await connect(url)
    assert await tables(client) == {"b", "schema_migrations"}
    await client.close()
    (tmp_path / "0003_c.sql").write_text("CREATE OR REPLACE VIEW w AS SELECT n FROM missing;\n")
    with pytest.raises(ClickHouseError) as caught:
        await migrate(url, directory=tmp_path)
    assert caught.value.code == 60


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


async def test_times_come_back_with_their_zone_and_inserts_are_synchronous(reader: AsyncClient) -> None:
    at = (await reader.query("SELECT max(applied_at) FROM schema_migrations")).result_rows[0][0]
    assert at.utcoffset().total_seconds() == 0
    assert (await reader.query("SELECT getSetting('async_insert')")).result_rows == [(False,)]


def queries_of(page: Path) -> list[str]:
    """The statements of its blocks of SQL."""
    blocks = re.findall(r"```sql\n(.*?)```", page.read_text(), re.DOTALL)
    return [query for block in blocks for query in block.split(";") if query.strip()]


async def columns_of_views_with_parameters(client: AsyncClient) -> dict[str, list[str]]:
    """The engine lists no columns of these before they are asked with values."""
    result = await client.query(
        "SELECT name, parameterized_view_parameters.name FROM system.tables"
        " WHERE database = currentDatabase() AND notEmpty(parameterized_view_parameters)"
    )
    columns = {}
    for view, names in result.result_rows:
        values = ", ".join(f"{name} = '{PARAMETERS[name]}'" for name in names)
        columns[str(view)] = [*(await client.query(f"SELECT * FROM {view}({values}) LIMIT 0")).column_names]
    return columns


async def test_every_table_and_column_is_documented(reader: AsyncClient) -> None:
    result = await reader.query(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() ORDER BY table, position"
    )
    columns: dict[str, list[str]] = {}
    for table, name in result.result_rows:
        columns.setdefault(str(table), []).append(str(name))
    columns |= await columns_of_views_with_parameters(reader)
    sections = {section.partition("\n")[0]: section for section in PAGE.read_text().split("\n## ")[1:]}
    documented = {name: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) for name, section in sections.items()}
    assert documented == columns, "bring docs/tables.md up to date"


async def test_the_table_of_events_has_a_column_for_every_field_that_it_stores(reader: AsyncClient) -> None:
    result = await reader.query(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'events'"
    )
    assert {str(name): str(kind) for name, kind in result.result_rows} == EVENT_COLUMNS, "write a migration"


@pytest.mark.parametrize(
    "view",
    [
        "links_now",
        "links_named",
        "data_quality",
        "variant_comparison",
        *(f"{name}_{unit}" for name in ("ctr", "totals") for unit in ("1m", "1h", "1d")),
        *REPORTS,
    ],
)
async def test_each_column_of_a_report_says_in_the_database_what_it_means_and_is_of_the_type_it_says(
    reader: AsyncClient, view: str
) -> None:
    result = await reader.query(
        "SELECT name, type, comment FROM system.columns"
        f" WHERE database = currentDatabase() AND table = '{view}' ORDER BY position"
    )
    assert [name for name, _type, comment in result.result_rows if not comment] == []
    assert [name for name, type_, _comment in result.result_rows if "UInt64" in type_] == []
    await reader.command("INSERT INTO links (link, experiment) VALUES ('go.example/a', 'e')")
    await reader.command("INSERT INTO counters (kind, link, clicks) VALUES (0, 'go.example/a', 1)")
    types = ", ".join(f"toTypeName({row[0]})" for row in result.result_rows)
    delivered = await reader.query(f"SELECT {types} FROM {view}")
    assert [*delivered.result_rows[0]] == [row[1] for row in result.result_rows]


async def test_each_column_says_in_the_database_what_it_means(reader: AsyncClient) -> None:
    """Of all that keeps comments: views with parameters, dictionaries and materialized views do not."""
    result = await reader.query(
        "SELECT table, columns.name, comment FROM system.columns INNER JOIN system.tables AS of ON of.name = table"
        " AND of.database = columns.database WHERE database = currentDatabase()"
        " AND engine NOT IN ('Dictionary', 'MaterializedView') AND empty(parameterized_view_parameters)"
    )
    assert len({table for table, _name, _comment in result.result_rows}) > 30
    assert [(table, name) for table, name, comment in result.result_rows if not comment] == []


async def test_no_view_to_begin_with_has_numbers_that_a_bi_tool_cannot_take(reader: AsyncClient) -> None:
    result = await reader.query(
        "SELECT DISTINCT table FROM system.columns INNER JOIN system.tables AS of ON of.name = table"
        " AND of.database = columns.database WHERE database = currentDatabase() AND engine = 'View'"
        " AND match(type, 'UInt(64|128|256)') ORDER BY table"
    )
    assert result.result_rows == [("link_sum_days_now",), ("links_named",)]


async def test_every_view_can_be_read_from_another_database(client: AsyncClient, url: str) -> None:
    """As by a BI tool whose connection names none; a view of an earlier release too, after an upgrade."""
    database = client.database
    names = (await client.query("SELECT name FROM system.tables WHERE database = currentDatabase()")).result_rows
    parameters = (
        await client.query(
            "SELECT name, parameterized_view_parameters.name FROM system.tables"
            " WHERE database = currentDatabase() AND notEmpty(parameterized_view_parameters)"
        )
    ).result_rows
    calls = {
        str(view): ", ".join(f"{name} = '{PARAMETERS[name]}'" for name in wanted) for view, wanted in parameters
    }
    before = next(
        statement
        for migration in read_migrations()
        for statement in migration.statements
        if statement.startswith("CREATE OR REPLACE VIEW post_performance\n")
    )
    await client.command(before)
    await migrate(url)
    client.database = "default"
    for (name,) in names:
        call = f"{name}({calls[str(name)]})" if name in calls else name
        await client.query(f"SELECT * FROM {database}.{call} LIMIT 1")


@pytest.mark.parametrize(
    ("page", "at_least"),
    [(README, 5), (PAGE, 3), (REPORTS_PAGE, 5), (BI_PAGE, 1)],
    ids=["README.md", "docs/tables.md", "docs/reports.md", "docs/bi.md"],
)
async def test_the_queries_of_the_documents_run(reader: AsyncClient, page: Path, at_least: int) -> None:
    queries = queries_of(page)
    assert len(queries) >= at_least
    for query in queries:
        await reader.query(query)


async def test_how_long_rows_are_kept_is_a_setting_that_is_applied_once(client: AsyncClient, url: str) -> None:
    wanted = (Retention("events", "time", 30), Retention("snapshots", "received_at", 800))
    server = Server.of_url(url)
    assert await keep(server, wanted) == [wanted[0]]
    assert await keep(server, wanted) == []
    await client.command("INSERT INTO events (link, time) VALUES ('a/old', now() - 31 * 86400), ('a/new', now())")
    await client.command("OPTIMIZE TABLE events FINAL")
    assert (await client.query("SELECT link FROM events")).result_rows == [("a/new",)]
    back = Retention("events", "time", 90)
    assert await keep(server, (back,)) == [back]


async def test_markers_of_flushes_have_a_lifetime_of_their_own(client: AsyncClient, url: str) -> None:
    markers = Retention("counters", "touched_at", 35, where="kind = 2")
    assert await keep(Server.of_url(url), (markers,)) == [markers]
    assert await keep(Server.of_url(url), (markers,)) == []
    await client.command(
        "INSERT INTO counters (kind, topic, first_offset, touched_at) SELECT kind, 't', age, now() - age * 86400"
        " FROM (SELECT arrayJoin([2, 3, 5]) AS kind, arrayJoin([34, 36, 119, 121]) AS age)"
    )
    await client.command("OPTIMIZE TABLE counters FINAL")
    left = await client.query("SELECT kind, first_offset FROM counters WHERE topic = 't' ORDER BY ALL")
    assert left.result_rows == [(2, 34), (3, 34), (3, 36), (3, 119), (5, 34), (5, 36), (5, 119)]
