"""Brings rounds to Kafka: each batch and dead letter until it is acknowledged, over as many producers as it takes.

Whatever a topic makes of a record is the delivery's to settle; that Kafka may be away for as long as it likes, the
sender's below it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from redirector.relay.letters import letter_of, send_cut_to_fit
from redirector.relay.metrics import RelayMetrics
from redirector.relay.outage import Outage
from redirector.relay.round import Batch, DeadLetter, Round, TopicPartition, halves
from redirector.relay.round_slot import RoundSlot
from schemas.batches import Headers
from schemas.cancelling import together
from schemas.dead_letters import Letter
from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError, TopicRefusesError
from schemas.producer import Producer, started
from schemas.retry import Retry, RetryPolicy
from schemas.topics import DEAD_LETTERS

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_LETTERS_AT_ONCE: Final = 200


class Outlet(Protocol):
    """Where records go; `Sender` is the real one."""

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None = None, headers: Headers
    ) -> None:
        """Return once the record is durable. Raises TooLargeError and TopicRefusesError."""

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises TopicRefusesError."""


class Delivery:
    """Delivers the rounds of one spool: what is too large is cut up, a topic that refuses is asked again."""

    def __init__(
        self, spool: Path, outlet: Outlet, metrics: RelayMetrics, *, slot: RoundSlot, retry: RetryPolicy
    ) -> None:
        self._spool = spool
        self._outlet = outlet
        self._metrics = metrics
        self._slot = slot
        self._retry = retry
        self._refusing: set[str] = set()

    async def deliver(self, cut: Round, segment: int) -> None:
        """Return once everything is in Kafka: in order and one at a time within a partition."""
        metrics = self._metrics
        metrics.lines_read.inc(cut.lines)
        metrics.events_in_flight.inc(cut.lines)
        metrics.seq_disorder.inc(cut.disorder)
        if len(cut.batches) == 1 and not cut.dead_letters:
            for place, batches in cut.batches.items():
                await self._send_partition(place, batches)
            return
        async with together() as sending:
            for place, batches in cut.batches.items():
                sending.start(self._send_partition(place, batches))
            if cut.dead_letters:
                sending.start(self._send_dead_letters(cut.dead_letters, segment))

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has; waits until there is such a topic for us."""
        return await self._until_accepted(topic, lambda: self._outlet.partitions(topic))

    async def _send_partition(self, place: TopicPartition, batches: list[Batch]) -> None:
        for batch in batches:
            await self._send_batch(place, batch)

    async def _send_batch(self, place: TopicPartition, batch: Batch) -> None:
        headers = [] if batch.headers is None else batch.headers.to_kafka()
        parts = halves(batch) if batch.events > 1 else []

        async def send() -> bool:
            try:
                await self._outlet.send(place.topic, place.partition, batch.value, headers=headers)
            except TooLargeError as error:
                if parts:
                    return False
                raise TopicRefusesError(f"{error}; raise its max.message.bytes") from error
            return True

        if not await self._until_accepted(place.topic, send):
            for part in parts:
                await self._send_batch(place, part)
            return
        metrics = self._metrics
        metrics.events_acknowledged.labels(place.topic).inc(batch.events)
        metrics.events_in_flight.dec(batch.events)
        metrics.batches.labels(place.topic).inc()
        metrics.batch_bytes.labels(place.topic).inc(len(batch.value))

    async def _send_dead_letters(self, letters: list[DeadLetter], segment: int) -> None:
        for start in range(0, len(letters), _LETTERS_AT_ONCE):
            async with together() as sending:
                for letter in letters[start : start + _LETTERS_AT_ONCE]:
                    sending.start(self._send_dead_letter(letter, segment))

    async def _send_dead_letter(self, bad: DeadLetter, segment: int) -> None:
        letter = letter_of(bad, self._spool, segment)
        await self._until_accepted(DEAD_LETTERS, lambda: send_cut_to_fit(letter, self._send_letter))
        self._metrics.dead_letters.labels(bad.reason).inc()
        self._metrics.events_in_flight.dec()

    async def _send_letter(self, letter: Letter) -> None:
        headers = letter.to_kafka()
        await self._outlet.send(DEAD_LETTERS, None, letter.value, key=letter.origin.key, headers=headers)

    async def _until_accepted(self, topic: str, ask: Callable[[], Awaitable[Result]]) -> Result:
        def refused(error: Exception) -> None:
            self._slot.give_back()
            self._metrics.refusals.labels(topic).inc()
            if topic not in self._refusing:
                self._refusing.add(topic)
                log.error("spool %s waits, and loses nothing: %s", self._spool, error)

        result = await Retry(self._retry, on_failure=refused).until_it_works(ask, on=TopicRefusesError)
        if topic in self._refusing:
            self._refusing.discard(topic)
            log.warning("spool %s: topic %s takes records again", self._spool, topic)
        return result


class Sender:
    """Shared by all spools of a relay. Its methods return when Kafka acknowledged, or when they are cancelled.

    `connect` makes a producer that has not started. Each topic has one of its own: an error ends a producer, and
    what one topic does not take must not hold up another. An outage is logged at its begin and at its end.
    """

    def __init__(self, connect: Callable[[], Producer], metrics: RelayMetrics, *, retry: RetryPolicy) -> None:
        self._connect = connect
        self._metrics = metrics
        self._retry = retry
        self._outage = Outage(metrics)
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
        """Why nothing is sent; empty as long as Kafka answers."""
        return self._outage.trouble

    async def close(self) -> None:
        """Drop the connections and what is in flight."""
        for session in self._sessions.values():
            await session.close()

    def _session(self, topic: str) -> "_Session":
        if topic not in self._sessions:
            self._sessions[topic] = _Session(self._connect, self._outage, self._metrics, self._retry)
        return self._sessions[topic]


class _Session:
    """One producer at a time: the next is made when one has failed."""

    def __init__(
        self, connect: Callable[[], Producer], outage: Outage, metrics: RelayMetrics, retry: RetryPolicy
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
                self._producer = await retry.until_it_works(lambda: started(self._connect()), on=TransientError)
            return self._producer

    def _not_connected(self, error: Exception) -> None:
        self._metrics.send_errors.inc()
        self._outage.begin(self, error)

    async def _drop(self, producer: Producer) -> None:
        async with self._connecting:
            if self._producer is producer:
                self._producer = None
                await producer.abandon()
