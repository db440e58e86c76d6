"""Read a compacted topic to its end: the latest record of each key."""

import asyncio
from typing import Final, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import TransientError

_FETCH_WAIT_MS: Final = 200

Record = TypeVar("Record")


async def read_latest(
    bootstrap_servers: str, topic: str, kind: type[Record], *, within_s: float
) -> dict[str, Record]:
    """Every record of the topic's one partition that is neither deleted nor overwritten, by key.

    What is no `kind` is passed over, as on every host. Raises TransientError when Kafka does not answer in time.
    """
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="none"
    )
    decode = msgspec.json.Decoder(kind).decode
    found: dict[str, Record] = {}
    try:
        async with asyncio.timeout(within_s):
            await consumer.start()
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            end = (await consumer.end_offsets([partition]))[partition]
            while await consumer.position(partition) < end:
                fetched = await consumer.getmany(partition, timeout_ms=_FETCH_WAIT_MS)
                for record in fetched.get(partition, ()):
                    key = (record.key or b"").decode("utf-8", "replace")
                    found.pop(key, None)
                    if record.value is not None:
                        try:
                            found[key] = decode(record.value)
                        except (ValueError, msgspec.DecodeError, RecursionError):
                            continue
    except (KafkaError, TimeoutError) as error:
        raise TransientError(
            f"topic {topic} cannot be read from Kafka at {bootstrap_servers}: {error!r}"
        ) from error
    finally:
        await consumer.stop()
    return found
