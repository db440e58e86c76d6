"""The real Kafka and the real ClickHouse engine, one of each for all tests."""

import uuid
from collections.abc import AsyncIterator, Iterator

import clickhouse_connect
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse, Kafka
from tests.integration.clickhouse_http import Http
from tests.integration.migrated import make_migrated
from tests.integration.shared_topics import ensure_shared_topics


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A running broker; use topics and groups of your own, and restart it if you kill it."""
    part = Kafka(tmp_path_factory.mktemp("kafka"))
    part.start()
    yield part
    part.stop()


@pytest.fixture
async def broker(kafka: Kafka) -> Kafka:
    """The running broker, with the pipeline's topics."""
    await ensure_shared_topics(kafka)
    return kafka


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A running ClickHouse; use a database of your own, and restart it if you kill it."""
    part = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    part.start()
    yield part
    part.stop()


@pytest.fixture
def http(clickhouse: ClickHouse) -> Iterator[Http]:
    """Plain HTTP to an empty database of the test's own."""
    database = f"contract_{uuid.uuid4().hex}"
    Http(clickhouse.url, "default")(f"CREATE DATABASE {database}")
    yield Http(clickhouse.url, database)
    Http(clickhouse.url, "default")(f"DROP DATABASE {database}")


@pytest.fixture
def migrated(clickhouse: ClickHouse) -> Iterator[Http]:
    """Plain HTTP to a migrated database of the test's own."""
    database = f"migrated_{uuid.uuid4().hex}"
    yield make_migrated(clickhouse.url, database)
    Http(clickhouse.url, "default")(f"DROP DATABASE {database}")


@pytest.fixture
def heads(http: Http) -> Http:
    """A table ``heads`` that remembers tokens."""
    created = http(
        "CREATE TABLE heads (part UInt32, last UInt64, note String) ENGINE = MergeTree ORDER BY (part, last) "
        "SETTINGS non_replicated_deduplication_window = 1000"
    )
    assert created.status == 200, created.body
    return http


@pytest.fixture
async def async_client(clickhouse: ClickHouse, http: Http) -> AsyncIterator[AsyncClient]:
    """clickhouse-connect's async client on the test's database."""
    made = await clickhouse_connect.get_async_client(
        host=clickhouse.host, port=clickhouse.port, database=http.database
    )
    yield made
    await made.close()


@pytest.fixture
def reader(http: Http) -> Http:
    """The second user, on the test's database."""
    return Http(http.url, http.database, "reader")
