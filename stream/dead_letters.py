"""Dead letters: bytes that are no event, kept in a topic of their own with the reason and where they came from."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from schemas.dead_letters import LEAST_KEPT_BYTES, Letter, RecordOrigin
from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError
from schemas.producer import Producer, started
from schemas.topics import DEAD_LETTERS
from stream.decode import MAX_RECORD_BYTES, Poison
from stream.deltas import Record

_AT_ONCE: Final = 500


class DeadLetters(Protocol):
    """Where dead letters go before the flush that acknowledges their records."""

    async def write(self, letters: Sequence[tuple[Record, Poison]]) -> None:
        """Return once all of them are durable. Raises TransientError; writing them again is harmless."""


class KafkaDeadLetters:
    """The topic `dead-letters`: the key is `topic-partition-offset-index`, by which copies can be told apart.

    `new_producer` makes a session, which is good until its first error: a producer that is not limited in time
    would hold a flush, and all that follows it, for as long as Kafka does not take a letter.
    """

    def __init__(self, new_producer: Callable[[], Producer]) -> None:
        self._new_producer = new_producer
        self._producer: Producer | None = None
        self._connecting = asyncio.Lock()
        self._kept_bytes = MAX_RECORD_BYTES

    async def connect(self) -> None:
        """Be ready to write, or raise TransientError."""
        await self._connected()

    async def write(self, letters: Sequence[tuple[Record, Poison]]) -> None:
        """At least once: a flush that is repeated writes its letters again, under the same keys.

        Cut to what the topic takes: compressed, a record may have been much larger than Kafka's limits.
        """
        producer = await self._connected()
        try:
            for start in range(0, len(letters), _AT_ONCE):
                some = letters[start : start + _AT_ONCE]
                await asyncio.gather(*(self._send(producer, record, poison) for record, poison in some))
        except (TransientError, TooLargeError) as error:
            if isinstance(error, TooLargeError):
                self._kept_bytes = max(self._kept_bytes // 2, LEAST_KEPT_BYTES)
            if self._producer is producer:
                self._producer = None
                await producer.abandon()
            raise TransientError(f"dead letters wait: {error}") from error

    async def _send(self, producer: Producer, record: Record, poison: Poison) -> None:
        letter = letter_of(record, poison).cut_to(self._kept_bytes)
        await producer.send(DEAD_LETTERS, None, letter.value, key=letter.origin.key, headers=letter.to_kafka())

    async def close(self) -> None:
        """Drop the connection."""
        if self._producer is not None:
            await self._producer.abandon()
            self._producer = None

    async def _connected(self) -> Producer:
        async with self._connecting:
            if self._producer is None:
                self._producer = await started(self._new_producer())
            return self._producer


def letter_of(record: Record, poison: Poison) -> Letter:
    """What is kept of a line of a record."""
    return Letter(
        service="stream",
        reason=poison.reason,
        detail=poison.detail,
        origin=RecordOrigin(
            topic=record.topic, partition=record.partition, offset=record.offset, index=poison.index
        ),
        value=poison.value,
        cut_bytes=poison.cut_bytes,
        batch=tuple(record.headers),
    )
