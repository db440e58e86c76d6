"""A topic of one partition being read: no group, committed records only, from where the reader says.

Most are compacted; `misses` and `visitor-keys` forget instead.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.consumer import close_consumer
from schemas.kafka import KafkaAccess

_FETCH_WAIT_MS: Final = 500
_FETCH_BYTES: Final = 8 * 1024 * 1024
_GRACE_S: Final = 1.0


class CompactedTopic:
    """The topic's one partition. `beginning` and `end` are its offsets when it was opened; nothing is read yet."""

    def __init__(self, consumer: Any, partition: TopicPartition, beginning: int, end: int) -> None:
        self._consumer = consumer
        self._partition: Final = partition
        self.beginning: Final = beginning
        self.end: Final = end

    def seek(self, offset: int) -> None:
        """Read on from there."""
        self._consumer.seek(self._partition, offset)

    def pause(self) -> None:
        """Neither ask the broker for records nor give any, until `resume`."""
        self._consumer.pause(self._partition)

    def resume(self) -> None:
        """Go on after `pause`; otherwise nothing changes."""
        self._consumer.resume(self._partition)

    async def fetch(self, *, max_records: int, wait_ms: int = _FETCH_WAIT_MS) -> Sequence[Any]:
        """The next records; none where none came in time. Raises KafkaError."""
        fetched = await self._consumer.getmany(self._partition, timeout_ms=wait_ms, max_records=max_records)
        records: Sequence[Any] = fetched.get(self._partition, ())
        return records

    async def end_now(self) -> int:
        """The offset behind all that is committed at this moment. Raises KafkaError."""
        return int((await self._consumer.end_offsets([self._partition]))[self._partition])

    async def position(self) -> int:
        """The offset that is read next: behind the last record, or where a transaction's mark or a hole ends."""
        return int(await self._consumer.position(self._partition))

    def lag(self, position: int) -> int:
        """How many offsets the topic has from `position` on, as far as the broker said."""
        return max(0, int(self._consumer.highwater(self._partition) or self.end) - position)

    def answered_s(self) -> float:
        """When the broker last answered a fetch, seconds since 1970; 0 before the first."""
        return float(self._consumer.last_poll_timestamp(self._partition) or 0) / 1000


@asynccontextmanager
async def open_compacted(
    kafka: KafkaAccess, topic: str, *, request_timeout_ms: int
) -> AsyncIterator[CompactedTopic]:
    """Connect and learn where the topic begins and ends; read where `seek` says.

    Raises KafkaError or OSError, TimeoutError among them, where that takes longer than a request may. An offset
    that the topic has no more is an error of the fetch, never a silent jump.
    """
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(
        **kafka.arguments(topic),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",  # the console writes in transactions
        request_timeout_ms=request_timeout_ms,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        async with asyncio.timeout(request_timeout_ms / 1000 + _GRACE_S):
            await consumer.start()
            beginning = (await consumer.beginning_offsets([partition]))[partition]
            end = (await consumer.end_offsets([partition]))[partition]
        consumer.assign([partition])
        yield CompactedTopic(consumer, partition, beginning, end)
    finally:
        await close_consumer(consumer)
