"""aiokafka's consumer, closed so that whoever closes it goes on."""

import asyncio

from aiokafka import AIOKafkaConsumer

from schemas.cancelling import is_cancelled


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close it, also while Kafka is away.

    aiokafka's own `stop` cancels its fetches and waits for them. One that waits to try again ends whoever called
    as if they had been cancelled, and leaves the connections open.
    """
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        await consumer._client.close()  # noqa: SLF001 - what `stop` would have done last; aiokafka has no other way
