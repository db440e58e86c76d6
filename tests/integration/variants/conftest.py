"""A database for what tests compare."""

from collections.abc import Iterator

import pytest

from deploy.local.processes import ClickHouse
from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql
from tests.integration.migrated import make_migrated


@pytest.fixture(scope="package")
def database(clickhouse: ClickHouse) -> Iterator[Http]:
    """One for all of these tests: they differ in links and counters alone."""
    http = make_migrated(clickhouse.url, "variants")
    run_sql(http, "SYSTEM STOP TTL MERGES events")  # the tests' rows become older than what is kept
    yield http
    http("DROP DATABASE variants")


@pytest.fixture
def migrated(database: Http) -> Http:
    for table in ("links", "counters"):
        run_sql(database, f"TRUNCATE TABLE {table}")
    return database
