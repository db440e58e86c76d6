"""Progress: how far each partition is behind Kafka, and whether one is stuck."""

import logging
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from stream.kafka import HeadConsumer
from stream.ownership import Ownership
from stream.partition import Partition
from stream.room import Room
from stream.shared import Shared
from stream.watchdog import Watchdog

logger = logging.getLogger(__name__)

BEHIND_RECORDS: Final = 100


class StalledError(Exception):
    """There is lag, and nothing was read for too long: only a new process helps."""


class Progress:
    """Compares what was read with Kafka's end offsets, now and then."""

    def __init__(
        self, shared: Shared, ownership: Ownership, room: Room, behind: set[TP], stalled_after_s: float
    ) -> None:
        self.watchdog: Final = Watchdog(stalled_after_s)
        self._stalled_after_s: Final = stalled_after_s
        self._shared: Final = shared
        self._ownership: Final = ownership
        self._room: Final = room
        self._behind: Final = behind

    async def check(self) -> None:
        """Take note of who is behind. Raises StalledError when one is that does not move."""
        ownership, consumer = self._ownership, self._ownership.consumer
        if consumer is None or not ownership.partitions:
            return
        try:
            bounds = await consumer.bounds(set(ownership.partitions))
        except KafkaError as error:
            logger.warning("Kafka does not tell its end offsets: %r", error)
            self.watchdog.excuse_all()
            return
        now = self._shared.clock()
        for tp, (_start, end) in bounds.items():
            partition = ownership.partitions.get(tp)
            if partition is None:
                continue
            self._shared.metrics.end.labels(tp.topic, str(tp.partition)).set(end - 1)
            lag = end - partition.next_offset
            (self._behind.add if lag > BEHIND_RECORDS else self._behind.discard)(tp)
            if await self._is_stalled(tp, partition, end, now, consumer):
                raise StalledError(
                    f"{tp.topic}-{tp.partition}: {lag} records wait in Kafka, none was read"
                    f" for {self._stalled_after_s:.0f} s"
                )

    async def _is_stalled(self, tp: TP, partition: Partition, end: int, now: float, consumer: HeadConsumer) -> bool:
        if tp in self._ownership.refused or not partition.loaded or not self._room.is_free:
            self.watchdog.excuse(tp)
            return False
        if not self.watchdog.is_stalled(tp, next_offset=partition.next_offset, end=end, now=now):
            return False
        if await consumer.first_at(tp, partition.next_offset) is None:
            # A transaction's marker is counted in the end offset, and never read.
            self.watchdog.excuse(tp)
            return False
        return True
