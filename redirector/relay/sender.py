"""Sends until it worked: behind it Kafka may be away for as long as it likes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redirector.relay.backoff import Backoff
from redirector.relay.metrics import RelayMetrics
from redirector.relay.producer import Producer
from schemas.batches import Headers
from schemas.errors import TransientError

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Sender:
    """Shared by all spools of a relay. Its methods return when Kafka acknowledged, or when they are cancelled.

    `connect` makes a producer that has not started. An outage is logged at its begin and at its end.
    """

    def __init__(
        self, connect: Callable[[], Producer], metrics: RelayMetrics, *, retry_min_s: float, retry_max_s: float
    ) -> None:
        self._connect = connect
        self._metrics = metrics
        self._retry_min_s = retry_min_s
        self._retry_max_s = retry_max_s
        self._producer: Producer | None = None
        self._connecting = asyncio.Lock()
        self._down_since: float | None = None

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None = None, headers: Headers
    ) -> None:
        """Put one record into Kafka, again and again if need be."""
        await self._until_it_works(
            lambda producer: producer.send(topic, partition, value, key=key, headers=headers)
        )

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has; waits until there is such a topic."""
        return await self._until_it_works(lambda producer: producer.partitions(topic))

    async def close(self) -> None:
        """Drop the connection and what is in flight."""
        if self._producer is not None:
            await self._producer.abandon()
            self._producer = None

    async def _until_it_works(self, ask: Callable[[Producer], Awaitable[Result]]) -> Result:
        backoff = Backoff(self._retry_min_s, self._retry_max_s)
        while True:
            producer = await self._connected()
            try:
                result = await ask(producer)
            except TransientError as error:
                self._note_error(error)
                await self._drop(producer)
            else:
                self._note_success()
                return result
            await asyncio.sleep(backoff.next_s())
            self._metrics.retries.inc()

    async def _connected(self) -> Producer:
        async with self._connecting:
            backoff = Backoff(self._retry_min_s, self._retry_max_s)
            while self._producer is None:
                producer = self._connect()
                try:
                    await producer.start()
                except TransientError as error:
                    await producer.abandon()
                    self._note_error(error)
                    await asyncio.sleep(backoff.next_s())
                except BaseException:
                    await producer.abandon()
                    raise
                else:
                    self._producer = producer
            return self._producer

    async def _drop(self, producer: Producer) -> None:
        async with self._connecting:
            if self._producer is producer:
                self._producer = None
                await producer.abandon()

    def _note_error(self, error: TransientError) -> None:
        self._metrics.send_errors.inc()
        self._metrics.kafka_up.set(0)
        if self._down_since is None:
            self._down_since = time.monotonic()
            log.warning("Kafka does not answer; spools grow until it does: %s", error)

    def _note_success(self) -> None:
        if self._down_since is not None:
            log.warning("Kafka answers again after %.1f s", time.monotonic() - self._down_since)
            self._down_since = None
        self._metrics.kafka_up.set(1)
