"""The pipeline's topics on the broker that modules share: all of them need the same number of partitions."""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deploy.local.processes import Kafka
from schemas.snapshots import Snapshot
from schemas.topics import IMPRESSIONS, ensure_topics, topics

PARTITIONS: Final = 4


class Sent(NamedTuple):
    """A snapshot in the topic."""

    partition: int
    key: bytes
    snapshot: Snapshot


async def ensure_shared_topics(kafka: Kafka) -> None:
    """All of them."""
    await ensure_topics(kafka.bootstrap, topics(partitions=PARTITIONS))


async def snapshots_sent(kafka: Kafka, wanted: Callable[[ConsumerRecord], bool]) -> list[Sent]:
    """The snapshots in wanted records of the topic of impressions."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, enable_auto_commit=False)
    snapshots: list[Sent] = []
    async with consumer:
        partitions = [TopicPartition(IMPRESSIONS, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                records = (await consumer.getmany(partition, timeout_ms=200)).get(partition, [])
                snapshots += (
                    Sent(partition.partition, record.key, msgspec.json.decode(record.value, type=Snapshot))
                    for record in records
                    if wanted(record)
                )
    return snapshots
