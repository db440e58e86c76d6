"""aiokafka's producer as the services use it: idempotent, waiting for all replicas, limited in time, expendable."""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.batches import Headers
from schemas.cancelling import is_cancelled
from schemas.kafka import KafkaAccess
from schemas.kafka_errors import kafka_error

Result = TypeVar("Result")

_ABANDON_S: Final = 2.0
_ERRORS: Final = (KafkaError, OSError, AssertionError)
"""aiokafka asserts that a partition is known: the topic may have been made anew with fewer."""


class Producer(Protocol):
    """One session with Kafka. After any error it is only good for `abandon`."""

    async def start(self) -> None:
        """Connect. Raises TransientError."""

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None, headers: Headers
    ) -> None:
        """Return once all in-sync replicas have the record.

        Raises TransientError, TopicRefusesError and TooLargeError.
        """

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises TransientError, TopicRefusesError."""

    async def abandon(self) -> None:
        """Close without waiting for what is in flight, which fails."""


@dataclass(frozen=True, slots=True)
class ProducerSettings:
    """How to reach Kafka, and how long to wait for it. `compression` "none" is none."""

    kafka: KafkaAccess
    request_timeout_ms: int
    compression: str
    max_request_bytes: int
    linger_ms: int = 0


class KafkaProducer:
    """A session that ends at its first error.

    aiokafka never gives up an idempotent batch while the error is retriable, and after one that is not it has
    a hole in its sequence numbers. So every wait here is limited and every failure final: a new producer sends
    the same record again, and whoever reads must be content with what Kafka then holds twice.
    """

    def __init__(self, settings: ProducerSettings) -> None:
        self._within_s = settings.request_timeout_ms / 1000 + 1.0
        self._under_way: set[asyncio.Task[Any]] = set()
        self._abandoned = False
        self._producer = AIOKafkaProducer(
            **settings.kafka.arguments(),
            enable_idempotence=True,
            acks="all",
            compression_type=None if settings.compression == "none" else settings.compression,
            linger_ms=settings.linger_ms,
            max_batch_size=settings.max_request_bytes // 2,
            max_request_size=settings.max_request_bytes,
            request_timeout_ms=settings.request_timeout_ms,
        )

    async def start(self) -> None:
        """Connect, within the request timeout. Raises TransientError."""
        await self._limited("no connection to Kafka", self._producer.start())

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None, headers: Headers
    ) -> None:
        """Return once acknowledged. Raises TransientError when that takes longer than the request timeout, too."""
        await self._limited(
            f"topic {topic} takes no record of {len(value)} bytes",
            self._producer.send_and_wait(topic, value, key=key, partition=partition, headers=headers),
        )

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has now. Raises TransientError, TopicRefusesError."""
        return len(
            await self._limited(f"no partitions known of topic {topic}", self._producer.partitions_for(topic))
        )

    async def _limited(self, failure: str, request: Coroutine[Any, Any, Result]) -> Result:
        task = asyncio.create_task(request)
        self._under_way.add(task)
        try:
            async with asyncio.timeout(self._within_s):
                return await task
        except (*_ERRORS, TimeoutError) as error:
            raise kafka_error(failure, error) from error
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            why = "another record ended the connection" if self._abandoned else "aiokafka cancelled it"
            raise kafka_error(failure, KafkaError(why)) from error
        finally:
            self._under_way.discard(task)

    async def abandon(self) -> None:
        """aiokafka's own `stop` waits until all is delivered, for ever if need be; this one does not.

        Who waits is told by us: aiokafka's way of failing what is in flight logs tracebacks of its own.
        """
        self._abandoned = True
        for task in list(self._under_way):
            task.cancel()
        await abandon(self._producer)


async def started(producer: Producer) -> Producer:
    """The producer, connected; one that cannot be leaves nothing open. Raises TransientError."""
    try:
        await producer.start()
    except BaseException:
        await producer.abandon()
        raise
    return producer


async def abandon(producer: AIOKafkaProducer) -> None:
    """Close a producer without waiting for what is in flight: its own `stop` may wait for ever."""
    producer._closed = True  # noqa: SLF001 - aiokafka has no way to leave without waiting
    sending = producer._sender.sender_task  # noqa: SLF001 - the same
    if sending is not None:
        sending.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ABANDON_S):
            await producer.client.close()
    if sending is not None:
        await asyncio.wait([sending], timeout=_ABANDON_S)
