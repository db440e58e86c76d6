"""A Kafka that these tests stop and whose topics they make anew."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.processes import Kafka
from schemas.topics import ensure_topics, topics
from tests.integration.relay.world import PARTITIONS, World


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A Kafka of our own: these tests stop it and make topics anew."""
    part = Kafka(tmp_path_factory.mktemp("relay-kafka"))
    part.start()
    asyncio.run(ensure_topics(part.bootstrap, topics(partitions=PARTITIONS)))
    yield part
    part.stop()


@pytest.fixture
def world(tmp_path: Path, broker: Kafka) -> World:
    """A spool directory of its own."""
    return World(tmp_path, broker)
