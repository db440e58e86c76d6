"""aiokafka's producer as the relay uses it: idempotent, waiting for all replicas, and expendable."""

import asyncio
import contextlib
from typing import Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from redirector.relay.settings import RelaySettings
from schemas.batches import Headers
from schemas.errors import TransientError

MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024
_ABANDON_S: Final = 2.0
_ERRORS: Final = (KafkaError, OSError, AssertionError)
"""aiokafka asserts that a partition is known: the topic may have been made anew with fewer."""


class Producer(Protocol):
    """One session with Kafka. Every method raises TransientError; after that it is only good for `abandon`."""

    async def start(self) -> None:
        """Connect."""

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None, headers: Headers
    ) -> None:
        """Return once all in-sync replicas have the record."""

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""

    async def abandon(self) -> None:
        """Close without waiting for what is in flight, which fails."""


class KafkaProducer:
    """A session that ends at its first error.

    aiokafka never gives up an idempotent batch while the error is retriable, and after one that is not it has
    a hole in its sequence numbers. So every wait here is limited and every failure final: a new producer sends
    the same batch again, and the stream trims what Kafka then holds twice.
    """

    def __init__(self, settings: RelaySettings) -> None:
        self._within_s = settings.request_timeout_ms / 1000 + 1.0
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap_servers,
            client_id="clicktally-relay",
            enable_idempotence=True,
            acks="all",
            compression_type=None if settings.compression == "none" else settings.compression,
            linger_ms=settings.linger_ms,
            max_batch_size=MAX_REQUEST_BYTES // 2,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=settings.request_timeout_ms,
        )

    async def start(self) -> None:
        """Connect, within the request timeout."""
        try:
            async with asyncio.timeout(self._within_s):
                await self._producer.start()
        except (*_ERRORS, TimeoutError) as error:
            raise TransientError(f"no connection to Kafka: {error!r}") from error

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None, headers: Headers
    ) -> None:
        """Return once acknowledged; raise TransientError when that takes longer than the request timeout."""
        try:
            async with asyncio.timeout(self._within_s):
                acknowledged = await self._producer.send(
                    topic, value, key=key, partition=partition, headers=headers
                )
                await asyncio.shield(acknowledged)
        except (*_ERRORS, TimeoutError) as error:
            raise TransientError(f"{topic} does not take a batch: {error!r}") from error

    async def partitions(self, topic: str) -> int:
        """As Kafka says now."""
        try:
            async with asyncio.timeout(self._within_s):
                return len(await self._producer.partitions_for(topic))
        except (*_ERRORS, TimeoutError) as error:
            raise TransientError(f"no partitions known of {topic}: {error!r}") from error

    async def abandon(self) -> None:
        """aiokafka's own `stop` waits until all is delivered, for ever if need be; this one does not."""
        producer = self._producer
        producer._closed = True  # noqa: SLF001
        task = producer._sender.sender_task  # noqa: SLF001
        if task is not None:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ABANDON_S):
                await producer.client.close()
        if task is not None:
            await asyncio.wait([task], timeout=_ABANDON_S)
        producer._message_accumulator.fail_all(KafkaError("producer abandoned"))  # noqa: SLF001
