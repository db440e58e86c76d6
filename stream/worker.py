"""The worker: what Faust calls. It hands each record to its partition; flushes and upkeep run beside."""

import asyncio
from typing import Any, Final

from faust.types import TP

from stream.deltas import Record
from stream.flush_loop import FlushLoop
from stream.gauges import measure
from stream.kafka import HeadConsumer
from stream.missing import Missing
from stream.ownership import Ownership
from stream.partition import Added
from stream.progress import Progress
from stream.room import Room
from stream.settings import StreamSettings
from stream.shared import Shared
from stream.upkeep import Upkeep


class Worker:
    """Everything between Faust and the partitions. All of it runs on Faust's event loop."""

    def __init__(self, settings: StreamSettings, shared: Shared) -> None:
        self._shared: Final = shared
        self._ownership: Final = Ownership(shared)
        self._room: Final = Room(lambda: self._ownership.buffered_weight, settings.buffer_events)
        self.flushing: Final = FlushLoop(settings, shared, self._ownership, self._room)
        self.progress: Final = Progress(
            shared, self._ownership, self._room, self.flushing.behind, settings.stalled_after_s
        )
        self.upkeep: Final = Upkeep(shared, self._ownership, self.progress)
        self._missing: Final = Missing(shared, self._ownership, self.flushing)

    @property
    def ready(self) -> bool:
        """Whether it owns what Kafka assigned, and none of it is refused for its dead letters: a deploy that
        reads nothing must not be rolled out further.
        """
        return self._ownership.settled and "dead_letters" not in self._ownership.refused.values()

    async def positions(self, consumer: HeadConsumer) -> dict[TP, int]:
        """Take ownership of what is assigned and of nothing else; see stream.kafka.Owner."""
        positions = await self._ownership.take_over(consumer)
        self.progress.watchdog.keep(self._ownership.partitions)
        return positions

    async def take(self, message: Any) -> None:
        """Take one Kafka record from Faust; waits while the buffers are full."""
        partition = self._ownership.partitions.get(message.tp)
        if partition is None:
            return
        record = Record(
            message.topic,
            message.partition,
            message.offset,
            round(message.timestamp * 1000),
            message.headers or (),
            message.value,
        )
        added = partition.add(record)
        if added is Added.HOLE and await self._missing.are_nowhere(message.tp, record.offset):
            partition.pass_hole(record.offset)
            added = partition.add(record)
        if added is Added.FOLDED:
            self.flushing.note_added(message.tp)
            if self._room.is_exhausted():
                self.flushing.wake()
                await self._room.wait()

    async def run(self) -> None:
        """Flush what is due, commit now and then, watch for stalls. Returns never; raises StalledError."""
        await asyncio.gather(self.flushing.run(), self.upkeep.run())

    async def revoked(self) -> None:
        """Flush what can be flushed and give everything back. Bounded in time by the caller."""
        self._ownership.settled = False
        try:
            await self.flushing.flush_all()
            await self.upkeep.commit()
        finally:
            self._ownership.give_back()
            self._room.open()

    def measure(self) -> None:
        """Bring the gauges up to date; called when they are read."""
        measure(self._ownership, self._shared)
