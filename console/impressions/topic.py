"""Snapshots on their way to Kafka: a record each, by the key that all of a link's events have."""

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Self

from schemas.kafka import KafkaAccess
from schemas.snapshot_records import SnapshotSender, snapshot_producer
from schemas.snapshots import Snapshot

_AT_ONCE: Final = 1_000
_REQUEST_TIMEOUT_MS: Final = 30_000


class ImpressionTopic:
    """A session with the topic `impressions`; `async with` it."""

    def __init__(self, kafka: KafkaAccess) -> None:
        self._sender = SnapshotSender(lambda: snapshot_producer(kafka, request_timeout_ms=_REQUEST_TIMEOUT_MS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._sender.close()

    async def put(self, snapshots: Sequence[Snapshot]) -> AsyncIterator[int]:
        """Send them, a thousand at a time; yields how many are durable. Sending some again changes nothing.

        Raises TransientError.
        """
        for start in range(0, len(snapshots), _AT_ONCE):
            some = snapshots[start : start + _AT_ONCE]
            await self._sender.send(some)
            yield start + len(some)
