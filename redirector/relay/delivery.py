"""Brings a round to Kafka: each batch and dead letter until it is acknowledged, whatever a topic makes of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from redirector.relay.metrics import RelayMetrics
from redirector.relay.round import Batch, DeadLetter, Round, TopicPartition, halves
from schemas.batches import Headers
from schemas.dead_letters import LEAST_KEPT_BYTES, Letter, SpoolOrigin
from schemas.kafka_errors import TooLargeError, TopicRefusesError
from schemas.retry import Retry, RetryPolicy
from schemas.topics import DEAD_LETTERS

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_LETTERS_AT_ONCE: Final = 200


class Outlet(Protocol):
    """Where records go; `redirector.relay.sender.Sender` is the real one."""

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None = None, headers: Headers
    ) -> None:
        """Return once the record is durable. Raises TooLargeError and TopicRefusesError."""

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises TopicRefusesError."""


class RoundSlot:
    """A spool's slot: one of the slots that bound the rounds in memory. `async with` it.

    A spool whose topic refuses gives its slot back early: what waits for an operator must not keep others waiting.
    """

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._held = False

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        self._held = True

    async def __aexit__(self, *_: object) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Let the next one in."""
        if self._held:
            self._held = False
            self._slots.release()


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
        async with asyncio.TaskGroup() as tasks:
            for place, batches in cut.batches.items():
                tasks.create_task(self._send_partition(place, batches))
            if cut.dead_letters:
                tasks.create_task(self._send_dead_letters(cut.dead_letters, segment))

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
            async with asyncio.TaskGroup() as tasks:
                for letter in letters[start : start + _LETTERS_AT_ONCE]:
                    tasks.create_task(self._send_dead_letter(letter, segment))

    async def _send_dead_letter(self, bad: DeadLetter, segment: int) -> None:
        letter = Letter(
            service="relay",
            reason=bad.reason,
            detail=bad.detail,
            origin=SpoolOrigin(spool=self._spool.name, segment=segment, offset=bad.offset),
            value=bad.line,
            cut_bytes=bad.cut_bytes,
        )

        async def send() -> None:
            nonlocal letter
            while True:
                try:
                    await self._outlet.send(
                        DEAD_LETTERS, None, letter.value, key=letter.origin.key, headers=letter.to_kafka()
                    )
                except TooLargeError as error:
                    kept_bytes = len(letter.value)
                    if kept_bytes <= LEAST_KEPT_BYTES:
                        raise TopicRefusesError(f"{error}; raise its max.message.bytes") from error
                    letter = letter.cut_to(max(kept_bytes // 2, LEAST_KEPT_BYTES))
                else:
                    return

        await self._until_accepted(DEAD_LETTERS, send)
        self._metrics.dead_letters.labels(bad.reason).inc()
        self._metrics.events_in_flight.dec()

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
