"""`clicktally migrate`: the tables in ClickHouse and the topics in Kafka, once both answer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

from aiokafka.errors import KafkaError

from console.roll_up import roll_up
from console.settings import ConsoleSettings
from schemas.clickhouse.migrate import Migration, migrate
from schemas.clickhouse.move import Progress
from schemas.clickhouse.retention import Retention, keep
from schemas.errors import TransientError
from schemas.retry import Retry, RetryPolicy
from schemas.topics import ensure_topics, topics

_RETRY: Final = RetryPolicy(first_s=0.5, longest_s=0.5, jitter=0.0)

Result = TypeVar("Result")


async def migrate_tables(settings: ConsoleSettings, *, dry_run: bool, progress: Progress) -> list[Migration]:
    """Apply the missing migrations, or only list them. Raises MigrationError, ClickHouseError, TransientError."""
    return await until_up(
        lambda: migrate(settings.clickhouse, dry_run=dry_run, progress=progress), settings.deadline_s
    )


async def keep_rows(settings: ConsoleSettings) -> list[Retention]:
    """Apply how long tables keep rows; returns what was changed.

    Raises RetentionError, ClickHouseError, TransientError.
    """
    wanted = (
        Retention("events", counted_from="time", days=settings.events_days),
        Retention("snapshots", counted_from="received_at", days=settings.snapshots_days),
        Retention("counters", counted_from="touched_at", days=settings.markers_days, where="kind = 2"),
    )
    return await until_up(lambda: keep(settings.clickhouse, wanted), settings.deadline_s)


async def roll_up_minutes(settings: ConsoleSettings, *, before_s: int, progress: Progress) -> int:
    """Roll up what the settings say; returns how many rows of minutes. Raises ClickHouseError, TransientError."""
    return await until_up(
        lambda: roll_up(
            settings.clickhouse, before_s=before_s, grain_minutes=settings.rolled_minutes, progress=progress
        ),
        settings.deadline_s,
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
    return await Retry(replace(_RETRY, within_s=deadline_s)).until_it_works(attempt, on=TransientError)
