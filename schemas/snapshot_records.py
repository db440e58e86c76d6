"""Snapshots as records of the topic `impressions`: one each, keyed like all events of their link."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from schemas.kafka import KafkaAccess
from schemas.producer import KafkaProducer, Producer, ProducerSettings
from schemas.snapshots import Snapshot
from schemas.topics import IMPRESSIONS

_LINGER_MS: Final = 5
_MAX_REQUEST_BYTES: Final = 1024 * 1024

_encode: Final = msgspec.json.Encoder().encode


async def send_snapshots(producer: Producer, snapshots: Sequence[Snapshot]) -> None:
    """Return once all are durable. Raises TransientError: send all again by a new producer, it changes nothing.

    Kafka's default partitioner chooses the partition by the key, as it does for everybody else's records.
    """
    await asyncio.gather(
        *(producer.send(IMPRESSIONS, None, _encode(one), key=one.key.encode(), headers=[]) for one in snapshots)
    )


def snapshot_producer(kafka: KafkaAccess, *, request_timeout_ms: int) -> Producer:
    """A session for many small records at once, not started."""
    return KafkaProducer(
        ProducerSettings(
            kafka=kafka,
            request_timeout_ms=request_timeout_ms,
            compression="lz4",
            max_request_bytes=_MAX_REQUEST_BYTES,
            linger_ms=_LINGER_MS,
        )
    )


class SnapshotSender:
    """Sends by a session that lasts until its first error. `new_producer` makes one that is not started."""

    def __init__(self, new_producer: Callable[[], Producer]) -> None:
        self._new_producer = new_producer
        self._producer: Producer | None = None

    async def send(self, snapshots: Sequence[Snapshot]) -> None:
        """Return once all are durable. Raises TransientError: send all again."""
        if self._producer is None:
            self._producer = self._new_producer()
            await self._or_abandon(self._producer.start())
        await self._or_abandon(send_snapshots(self._producer, snapshots))

    async def close(self) -> None:
        """End the session, if there is one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.abandon()

    async def _or_abandon(self, work: Awaitable[None]) -> None:
        try:
            await work
        except BaseException:
            await self.close()
            raise
