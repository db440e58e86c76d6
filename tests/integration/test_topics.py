"""Creating topics on the real Kafka, again and at the same time."""

import asyncio
import uuid

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.ports import free_port
from deploy.local.processes import Kafka
from schemas.errors import TransientError
from schemas.topics import (
    CLICKS,
    DEAD_LETTERS,
    IMPRESSIONS,
    LINKS,
    MISSES,
    RECORDS,
    TOKENS,
    VISITOR_KEYS,
    Topic,
    ensure_topics,
    topics,
)


def own_topics() -> tuple[Topic, ...]:
    """The pipeline's topics under names of this test's own."""
    prefix = uuid.uuid4().hex
    return tuple(Topic(f"{prefix}-{one.name}", one.partitions, one.config) for one in topics(partitions=3))


async def settings_of(bootstrap: str, name: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        ((_, _, _, _, entries),) = answer.resources
        return {entry[0]: entry[1] for entry in entries}
    finally:
        await admin.close()


async def partitions_of(bootstrap: str, name: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([name])
        return len(described["partitions"])
    finally:
        await admin.close()


def test_the_pipeline_has_eight_topics() -> None:
    names = [topic.name for topic in topics(partitions=6)]
    assert names == [CLICKS, IMPRESSIONS, LINKS, TOKENS, RECORDS, VISITOR_KEYS, MISSES, DEAD_LETTERS]
    assert [topic.partitions for topic in topics(partitions=6)] == [6, 6, 1, 1, 1, 1, 1, 1]


async def test_topics_are_created_once_and_left_as_they_are(kafka: Kafka) -> None:
    wanted = own_topics()
    assert await ensure_topics(kafka.bootstrap, wanted) == [topic.name for topic in wanted]
    more = tuple(Topic(topic.name, 9, {}) for topic in wanted)
    assert await ensure_topics(kafka.bootstrap, more) == []
    assert [await partitions_of(kafka.bootstrap, topic.name) for topic in wanted] == [3, 3, 1, 1, 1, 1, 1, 1]


async def test_two_who_create_the_same_topics_at_once_both_succeed(kafka: Kafka) -> None:
    wanted = own_topics()
    await asyncio.gather(*[ensure_topics(kafka.bootstrap, wanted) for _ in range(4)])
    assert await ensure_topics(kafka.bootstrap, wanted) == []


async def test_event_topics_have_the_broker_s_time_and_what_hosts_follow_is_compacted(kafka: Kafka) -> None:
    clicks, _, links, tokens, records, visitor_keys, _misses, dead_letters = wanted = own_topics()
    await ensure_topics(kafka.bootstrap, wanted)
    settings = await settings_of(kafka.bootstrap, clicks.name)
    assert settings["message.timestamp.type"] == "LogAppendTime"
    assert settings["retention.ms"] == str(7 * 24 * 3600 * 1000)
    for followed in (links, tokens, records):
        assert (await settings_of(kafka.bootstrap, followed.name))["cleanup.policy"] == "compact"
    soon_gone = await settings_of(kafka.bootstrap, visitor_keys.name)
    assert (soon_gone["cleanup.policy"], soon_gone["retention.ms"]) == ("delete", str(2 * 3600 * 1000))
    assert int(soon_gone["segment.ms"]) < int(soon_gone["retention.ms"])
    larger = await settings_of(kafka.bootstrap, dead_letters.name)
    assert int(larger["max.message.bytes"]) > int(settings["max.message.bytes"])


async def test_a_kafka_that_is_not_there_is_to_be_tried_again() -> None:
    with pytest.raises(TransientError, match="Kafka"):
        await ensure_topics(f"127.0.0.1:{free_port()}", own_topics(), deadline_s=2.0)
