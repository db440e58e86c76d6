"""The Kafka topics, with the settings the pipeline relies on; creating them is safe to repeat."""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from schemas.errors import TransientError
from schemas.kafka import KafkaAccess

CLICKS: Final = "clicks"
IMPRESSIONS: Final = "impressions"
LINKS: Final = "links"
TOKENS: Final = "tokens"
RECORDS: Final = "records"
VISITOR_KEYS: Final = "visitor-keys"
MISSES: Final = "misses"
DEAD_LETTERS: Final = "dead-letters"

EVENT_TOPICS: Final = (CLICKS, IMPRESSIONS)

REPLICAS_FOR_TWO_DISKS: Final = 3

_TOPIC_ALREADY_EXISTS: Final = 36
_DAY_MS: Final = 24 * 3600 * 1000
VISITOR_KEYS_RETENTION_MS: Final = 2 * 3600 * 1000
"""How long the topic keeps a key, and with it what a day's numbers could be computed from: hosts send it again."""


@dataclass(frozen=True)
class Topic:
    """A topic as `ensure_topics` creates it; one that exists already is left as it is."""

    name: str
    partitions: int
    config: dict[str, str]


def topics(*, partitions: int, retention_days: int = 7) -> tuple[Topic, ...]:
    """Every topic of the pipeline. `partitions` holds for clicks and impressions each.

    LogAppendTime makes a record's timestamp the broker's: a producer's wrong clock cannot move a flush into
    another table partition. `links`, `tokens` and `records` have one partition each, so that offsets
    order all changes.
    """
    events = {
        "retention.ms": str(retention_days * _DAY_MS),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(2 * 1024 * 1024),
    }
    soon_gone = {
        "retention.ms": str(VISITOR_KEYS_RETENTION_MS),
        "segment.ms": str(VISITOR_KEYS_RETENTION_MS // 4),
        "message.timestamp.type": "LogAppendTime",
    }
    latest = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
    return (
        Topic(CLICKS, partitions, events),
        Topic(IMPRESSIONS, partitions, events),
        Topic(LINKS, 1, latest),
        Topic(TOKENS, 1, latest),
        Topic(RECORDS, 1, latest),
        Topic(VISITOR_KEYS, 1, soon_gone),
        Topic(MISSES, 1, {"retention.ms": str(retention_days * _DAY_MS)}),
        Topic(DEAD_LETTERS, 1, {"retention.ms": str(30 * _DAY_MS), "max.message.bytes": str(4 * 1024 * 1024)}),
    )


async def ensure_topics(
    kafka: KafkaAccess | str,
    wanted: tuple[Topic, ...],
    *,
    replication_factor: int = 1,
    deadline_s: float = 60.0,
) -> list[str]:
    """Create the topics that are missing and wait until each has its leaders; returns the names created.

    Raises TransientError when the brokers cannot be reached or do not finish before the deadline.
    """
    admin = AIOKafkaAdminClient(**KafkaAccess.of(kafka).arguments("topics"))
    try:
        async with asyncio.timeout(deadline_s):
            await admin.start()
            existing = set(await admin.list_topics())
            missing = [topic for topic in wanted if topic.name not in existing]
            if missing:
                await _create(admin, missing, replication_factor)
            while not await _have_leaders(admin, [topic.name for topic in wanted]):  # noqa: ASYNC110 - asks a server
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise TransientError(f"Kafka at {kafka} had no usable topics within {deadline_s} s") from error
    except KafkaError as error:
        raise TransientError(f"Kafka at {kafka} cannot be asked for its topics: {error!r}") from error
    finally:
        await admin.close()
    return [topic.name for topic in missing]


def replicated_config(replication_factor: int) -> dict[str, str]:
    """With three replicas an acknowledged record lies on two disks: Kafka's default would be content with one."""
    return {"min.insync.replicas": "2"} if replication_factor >= REPLICAS_FOR_TWO_DISKS else {}


async def _create(admin: AIOKafkaAdminClient, missing: list[Topic], replication_factor: int) -> None:
    new = [
        NewTopic(
            topic.name,
            topic.partitions,
            replication_factor,
            topic_configs=topic.config | replicated_config(replication_factor),
        )
        for topic in missing
    ]
    response = await admin.create_topics(new)
    for name, code, message in response.topic_errors:
        if code not in (0, _TOPIC_ALREADY_EXISTS):
            raise TransientError(f"Kafka would not create topic {name}: {message}") from for_code(code)()


async def _have_leaders(admin: AIOKafkaAdminClient, names: list[str]) -> bool:
    described = await admin.describe_topics(names)
    return all(
        topic["error_code"] == 0 and all(partition["leader"] >= 0 for partition in topic["partitions"])
        for topic in described
    )
