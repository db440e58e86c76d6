"""Dead letters: bytes that are no event, kept in a topic of their own with the reason and where they came from."""

from collections.abc import Sequence
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import TransientError
from schemas.topics import DEAD_LETTERS
from stream.decode import DETAIL_MAX_CHARS, MAX_RECORD_BYTES, Poison
from stream.fold import Record


class DeadLetters(Protocol):
    """Where dead letters go before the flush that acknowledges their records."""

    async def write(self, letters: Sequence[tuple[Record, Poison]]) -> None:
        """Return once all of them are durable. Raises TransientError; writing them again is harmless."""


class KafkaDeadLetters:
    """The topic `dead-letters`: the key is `topic-partition-offset-index`, by which copies can be told apart."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def write(self, letters: Sequence[tuple[Record, Poison]]) -> None:
        """At least once: a flush that is repeated writes its letters again, under the same keys.

        Cut to what the topic takes: compressed, a record may have been much larger than Kafka's limits.
        """
        try:
            sent = [
                await self._producer.send(
                    DEAD_LETTERS,
                    poison.value[:MAX_RECORD_BYTES],
                    key=_key(record, poison),
                    headers=_headers(record, poison),
                )
                for record, poison in letters
            ]
            for one in sent:
                await one
        except KafkaError as error:
            raise TransientError(f"topic {DEAD_LETTERS} does not take dead letters: {error!r}") from error


def _key(record: Record, poison: Poison) -> bytes:
    return f"{record.topic}-{record.partition}-{record.offset}-{poison.index}".encode()


def _headers(record: Record, poison: Poison) -> list[tuple[str, bytes]]:
    return [
        ("reason", poison.reason.encode()),
        ("detail", poison.detail[:DETAIL_MAX_CHARS].encode(errors="replace")),
        ("topic", record.topic.encode()),
        ("partition", str(record.partition).encode()),
        ("offset", str(record.offset).encode()),
        ("index", str(poison.index).encode()),
    ]
