"""The newest records of a topic, partition by partition."""

import asyncio
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from console.check_events.verdicts import Origin
from schemas.consumer import close_consumer
from schemas.errors import TransientError
from schemas.kafka import KafkaAccess

_FETCH_WAIT_MS = 200
_MAX_RECORDS = 2_000


async def newest_records(
    kafka: KafkaAccess, topic: str, *, last: int, within_s: float
) -> AsyncIterator[tuple[bytes | None, Origin]]:
    """Up to `last` records of each partition, up to where it ends now. Raises TransientError when Kafka does not
    answer for `within_s`.
    """
    consumer = AIOKafkaConsumer(
        topic, **kafka.arguments(topic), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        async with asyncio.timeout(within_s):
            await consumer.start()
            partitions = sorted(consumer.assignment())
            begins = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, max(begins[partition], ends[partition] - last))
            while await consumer.position(partition) < ends[partition]:
                async with asyncio.timeout(within_s):
                    records_of = await consumer.getmany(
                        partition, timeout_ms=_FETCH_WAIT_MS, max_records=_MAX_RECORDS
                    )
                for record in records_of.get(partition, ()):
                    yield (
                        record.value,
                        Origin(
                            topic=topic,
                            partition=record.partition,
                            offset=record.offset,
                            timestamp_ms=record.timestamp,
                            key=record.key,
                            headers=list(record.headers),
                            partitions=len(partitions),
                        ),
                    )
    except (KafkaError, TimeoutError, OSError) as error:
        raise TransientError(f"topic {topic} cannot be read from Kafka at {kafka}: {error!r}") from error
    finally:
        await close_consumer(consumer)
