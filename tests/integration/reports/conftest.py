"""One console and one database of counts for all tests of reports by HTTP."""

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from deploy.local.processes import ClickHouse, Kafka
from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.migrated import make_migrated
from tests.integration.reports.world import READERS, fill
from tests.integration.test_api import prepare


@pytest.fixture(scope="package")
def counted(clickhouse: ClickHouse) -> Iterator[Http]:
    """A database with counts; what a test adds to it stays."""
    database = f"reports_{uuid.uuid4().hex}"
    http = make_migrated(clickhouse.url, database)
    fill(http)
    yield http
    http(f"DROP DATABASE {database}")


@pytest.fixture(scope="package")
def console(
    kafka: Kafka, clickhouse: ClickHouse, counted: Http, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConsoleProcess]:
    """A console that reports them."""
    asyncio.run(prepare(kafka, READERS))
    url, group = f"{clickhouse.url}/{counted.database}", f"reports-{uuid.uuid4().hex}"
    with ConsoleProcess(tmp_path_factory.mktemp("reports"), kafka, group, clickhouse_url=url) as one:
        yield one
