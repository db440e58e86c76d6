"""The real Kafka and the real ClickHouse engine, one of each for all tests."""

from collections.abc import Iterator

import pytest

from deploy.local.processes import ClickHouse, Kafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A running broker; use topics and groups of your own, and restart it if you kill it."""
    part = Kafka(tmp_path_factory.mktemp("kafka"))
    part.start()
    yield part
    part.stop()


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A running ClickHouse; use a database of your own, and restart it if you kill it."""
    part = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    part.start()
    yield part
    part.stop()
