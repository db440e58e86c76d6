"""`clicktally migrate`: the tables in ClickHouse and the topics in Kafka, once both answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiokafka.errors import KafkaError

from console.settings import ConsoleSettings
from schemas.clickhouse.migrate import Migration, migrate
from schemas.clickhouse.move import Progress
from schemas.errors import TransientError
from schemas.topics import ensure_topics, topics

_RETRY_S: Final = 0.5

Result = TypeVar("Result")


async def migrate_tables(settings: ConsoleSettings, *, dry_run: bool, progress: Progress) -> list[Migration]:
    """Apply the missing migrations, or only list them. Raises MigrationError, ClickHouseError, TransientError."""
    return await until_up(
        lambda: migrate(settings.clickhouse, dry_run=dry_run, progress=progress), settings.deadline_s
    )


async def create_topics(settings: ConsoleSettings) -> list[str]:
    """Create the missing topics; returns their names. Raises TransientError."""
    wanted = topics(partitions=settings.partitions, retention_days=settings.retention_days)

    async def create() -> list[str]:
        try:
            return await ensure_topics(
                settings.kafka,
                wanted,
                replication_factor=settings.replication_factor,
                deadline_s=settings.deadline_s,
            )
        except KafkaError as error:
            raise TransientError(f"Kafka at {settings.bootstrap_servers} does not answer: {error}") from error

    return await until_up(create, settings.deadline_s)


async def until_up(attempt: Callable[[], Awaitable[Result]], deadline_s: float) -> Result:
    """What `attempt` returns once it works; its last TransientError when the deadline passes first."""
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            return await attempt()
        except TransientError:
            if time.monotonic() + _RETRY_S > deadline:
                raise
        await asyncio.sleep(_RETRY_S)
