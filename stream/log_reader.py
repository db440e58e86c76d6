"""What the broker says of a partition's log, asked by a consumer that belongs to no group.

Faust's own consumer does one thing after the other, in a thread of its own: a question that the broker leaves
unanswered holds up every fetch, seek and commit behind it, for as long as joining a group may take (90 s). This one
has its own connections and its own deadline, and is good until its first error: a connection that does not answer
is left, not waited for. See docs/adr/0007-faust.md.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, RequestTimedOutError
from aiokafka.structs import TopicPartition
from faust.types import TP

from schemas.consumer import close_consumer
from schemas.kafka import KafkaAccess

logger = logging.getLogger(__name__)

ANSWERED_WITHIN_S: Final = 5.0
"""A broker that leads a partition answers in milliseconds, one that was just started in less than this."""
FIRST_RECORD_MS: Final = 2000
_ABANDON_S: Final = 1.0

Answer = TypeVar("Answer")


class LogBounds(NamedTuple):
    """A partition's first offset, and the one after its last."""

    start: int
    end: int


class LogReader:
    """Asks one question at a time."""

    def __init__(self, kafka: KafkaAccess, *, answered_within_s: float = ANSWERED_WITHIN_S) -> None:
        self._kafka: Final = kafka
        self._within_s: Final = answered_within_s
        self._turn: Final = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None

    async def bounds(self, tps: Iterable[TP]) -> dict[TP, LogBounds]:
        """Where the logs begin and end. Raises KafkaError, at the latest after `answered_within_s`."""
        places = {TopicPartition(tp.topic, tp.partition): tp for tp in tps}

        async def ask(consumer: AIOKafkaConsumer) -> dict[TP, LogBounds]:
            starts = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
            return {tp: LogBounds(starts[place], ends[place]) for place, tp in places.items()}

        return await self._answer(ask) if places else {}

    async def first_at(self, tp: TP, offset: int) -> int | None:
        """The offset of the first record from `offset` on; None when there is none, or Kafka does not answer."""
        place = TopicPartition(tp.topic, tp.partition)

        async def ask(consumer: AIOKafkaConsumer) -> int | None:
            consumer.assign([place])
            consumer.seek(place, offset)
            fetched = await consumer.getmany(place, timeout_ms=FIRST_RECORD_MS, max_records=1)
            consumer.unsubscribe()
            return next((record.offset for record in fetched.get(place, [])), None)

        try:
            return await self._answer(ask)
        except KafkaError as error:
            logger.warning("Kafka does not tell what follows: %r", error, extra={"offset": offset, **tp._asdict()})
            return None

    async def close(self) -> None:
        """Close the connections; the next question opens others."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(TimeoutError, KafkaError, OSError):
                async with asyncio.timeout(_ABANDON_S):
                    await close_consumer(consumer)

    async def _answer(self, ask: Callable[[AIOKafkaConsumer], Awaitable[Answer]]) -> Answer:
        async with self._turn:
            answered = False
            try:
                async with asyncio.timeout(self._within_s):
                    answer = await ask(await self._connected())
                answered = True
            except (TimeoutError, KafkaTimeoutError) as error:
                raise RequestTimedOutError(f"Kafka did not answer within {self._within_s:g} s") from error
            except OSError as error:
                raise KafkaConnectionError(repr(error)) from error
            finally:
                if not answered:
                    await self.close()
            return answer

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                **self._kafka.arguments("offsets"),
                enable_auto_commit=False,
                auto_offset_reset="none",
                request_timeout_ms=round(self._within_s * 1000),
            )
            await self._consumer.start()
        return self._consumer
