"""Sends until it worked: behind it Kafka may be away for as long as it likes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redirector.relay.metrics import RelayMetrics
from schemas.batches import Headers
from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError, TopicRefusesError
from schemas.producer import Producer
from schemas.retry import Retry, RetryPolicy

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Sender:
    """Shared by all spools of a relay. Its methods return when Kafka acknowledged, or when they are cancelled.

    `connect` makes a producer that has not started. Each topic has one of its own: an error ends a producer, and
    what one topic does not take must not hold up another. An outage is logged at its begin and at its end.
    """

    def __init__(self, connect: Callable[[], Producer], metrics: RelayMetrics, *, retry: RetryPolicy) -> None:
        self._connect = connect
        self._metrics = metrics
        self._retry = retry
        self._outage = _Outage(metrics)
        self._sessions: dict[str, _Session] = {}

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None = None, headers: Headers
    ) -> None:
        """Put one record into Kafka, again and again if need be.

        Raises TooLargeError and TopicRefusesError at once: trying again is the caller's, who may have others to
        send meanwhile.
        """
        await self._session(topic).until_it_works(
            lambda producer: producer.send(topic, partition, value, key=key, headers=headers)
        )

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises TopicRefusesError where there is no such topic for us."""
        return await self._session(topic).until_it_works(lambda producer: producer.partitions(topic))

    def trouble(self) -> str:
        """Why nothing is sent; nothing as long as Kafka takes or answers what it is asked."""
        return self._outage.trouble

    async def close(self) -> None:
        """Drop the connections and what is in flight."""
        for session in self._sessions.values():
            await session.close()

    def _session(self, topic: str) -> "_Session":
        if topic not in self._sessions:
            self._sessions[topic] = _Session(self._connect, self._outage, self._metrics, self._retry)
        return self._sessions[topic]


class _Outage:
    """Since when which sessions get no answer."""

    def __init__(self, metrics: RelayMetrics) -> None:
        self._metrics = metrics
        self._silent: set[object] = set()
        self._since = 0.0
        self.trouble = ""

    def begin(self, session: object, error: Exception) -> None:
        if not self._silent:
            self._since = time.monotonic()
            log.warning("Kafka does not answer; spools grow until it does: %s", error)
        self._silent.add(session)
        self.trouble = f"Kafka does not answer: {error}"
        self._metrics.kafka_up.set(0)

    def end(self, session: object) -> None:
        if session in self._silent:
            self._silent.discard(session)
            if not self._silent:
                log.warning("Kafka answers again after %.1f s", time.monotonic() - self._since)
        if not self._silent:
            self.trouble = ""
        self._metrics.kafka_up.set(0 if self._silent else 1)


class _Session:
    """One producer at a time: the next is made when one has failed."""

    def __init__(
        self, connect: Callable[[], Producer], outage: _Outage, metrics: RelayMetrics, retry: RetryPolicy
    ) -> None:
        self._connect = connect
        self._outage = outage
        self._metrics = metrics
        self._retry = retry
        self._producer: Producer | None = None
        self._connecting = asyncio.Lock()

    async def until_it_works(self, ask: Callable[[Producer], Awaitable[Result]]) -> Result:
        async def once() -> Result:
            producer = await self._connected()
            try:
                result = await ask(producer)
            except (TooLargeError, TopicRefusesError):
                self._metrics.send_errors.inc()
                self._outage.end(self)
                await self._drop(producer)
                raise
            except TransientError as error:
                self._metrics.send_errors.inc()
                self._outage.begin(self, error)
                await self._drop(producer)
                raise
            self._outage.end(self)
            return result

        retry = Retry(self._retry, on_failure=lambda _error: self._metrics.retries.inc())
        return await retry.until_it_works(once, on=TransientError, but=TopicRefusesError)

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.abandon()
            self._producer = None

    async def _connected(self) -> Producer:
        async with self._connecting:
            if self._producer is None:
                retry = Retry(self._retry, on_failure=self._not_connected)
                self._producer = await retry.until_it_works(self._started, on=TransientError)
            return self._producer

    async def _started(self) -> Producer:
        producer = self._connect()
        try:
            await producer.start()
        except BaseException:
            await producer.abandon()
            raise
        return producer

    def _not_connected(self, error: Exception) -> None:
        self._metrics.send_errors.inc()
        self._outage.begin(self, error)

    async def _drop(self, producer: Producer) -> None:
        async with self._connecting:
            if self._producer is producer:
                self._producer = None
                await producer.abandon()
