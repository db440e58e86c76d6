"""A database for what tests compare."""

import asyncio
from collections.abc import Iterator

import pytest

from deploy.local.processes import ClickHouse
from schemas.clickhouse.migrate import migrate
from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql


@pytest.fixture(scope="package")
def database(clickhouse: ClickHouse) -> Iterator[Http]:
    """One for all of these tests: they differ in links and counters alone."""
    http = Http(clickhouse.url, "variants")
    asyncio.run(migrate(f"{http.url}/{http.database}"))
    yield http
    http("DROP DATABASE variants")


@pytest.fixture
def migrated(database: Http) -> Http:
    for table in ("links", "counters"):
        run_sql(database, f"TRUNCATE TABLE {table}")
    return database
