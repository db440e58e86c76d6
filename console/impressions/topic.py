"""Snapshots on their way to Kafka: a record each, by the key that all of a link's events have."""

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Self

from schemas.kafka import KafkaAccess
from schemas.producer import KafkaProducer, ProducerSettings
from schemas.snapshot_records import send_snapshots
from schemas.snapshots import Snapshot

_AT_ONCE: Final = 1_000
_REQUEST_TIMEOUT_MS: Final = 30_000
_MAX_REQUEST_BYTES: Final = 1024 * 1024


class ImpressionTopic:
    """A session with the topic `impressions`; `async with` it. Raises TransientError, as do its methods."""

    def __init__(self, kafka: KafkaAccess) -> None:
        self._producer = KafkaProducer(
            ProducerSettings(
                kafka=kafka,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
                compression="lz4",
                max_request_bytes=_MAX_REQUEST_BYTES,
                linger_ms=5,
            )
        )

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except BaseException:
            await self._producer.abandon()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._producer.abandon()

    async def put(self, snapshots: Sequence[Snapshot]) -> AsyncIterator[int]:
        """Send them, a thousand at a time; yields how many are durable. Sending some again changes nothing."""
        for start in range(0, len(snapshots), _AT_ONCE):
            some = snapshots[start : start + _AT_ONCE]
            await send_snapshots(self._producer, some)
            yield start + len(some)
