"""When which partition is flushed: what is due starts, a few at a time, and none waits for another."""

import asyncio
import contextlib
from typing import Final

from faust.types import TP

from stream.chain import Done
from stream.ownership import Ownership
from stream.refused import PartitionRefusedError
from stream.room import Room
from stream.schedule import Schedule, Waiting
from stream.settings import StreamSettings
from stream.shared import Shared


class FlushLoop:
    """Starts flushes by the schedule and rebuilds what they found overtaken."""

    def __init__(self, settings: StreamSettings, shared: Shared, ownership: Ownership, room: Room) -> None:
        self.behind: Final[set[TP]] = set()
        """Partitions of which the log has much more: larger flushes catch up sooner."""
        self._clock: Final = shared.clock
        self._ownership: Final = ownership
        self._room: Final = room
        self._schedule: Final = Schedule(settings.flush_interval_s, settings.flush_events)
        self._slots: Final = asyncio.Semaphore(settings.parallel_flushes)
        self._running: Final[dict[TP, asyncio.Task[None]]] = {}
        self._wake: Final = asyncio.Event()

    async def run(self) -> None:
        """Flush what is due, for ever. Raises what a flush raised."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._due_in_s())
            self._wake.clear()
            self.start_due()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def note_added(self, tp: TP) -> None:
        """A record was added: look now, if the partition has as many events as a flush may have."""
        many = self._ownership.partitions[tp].buffered_weight >= self._schedule.many_events
        if many and tp not in self._running:
            self.wake()

    def start_due(self) -> list["asyncio.Task[None]"]:
        """Start to flush the partitions whose records waited long enough, or are many enough; all when there is
        no room. Returns what was started: each runs on its own, and one that takes long delays no other.
        Raises what an earlier one raised.
        """
        for ended in [tp for tp, flush in self._running.items() if flush.done()]:
            self._running.pop(ended).result()
        due = [tp for tp in self._ownership.with_records() if self._is_due(tp)]
        due.sort(key=self._share, reverse=True)
        started = [asyncio.create_task(self._flush_and_make_room(tp)) for tp in due]
        self._running.update(zip(due, started, strict=True))
        return started

    def _waiting(self, tp: TP) -> Waiting:
        partition = self._ownership.partitions[tp]
        return Waiting(
            waited_s=partition.waited_s(self._clock()), events=partition.buffered_weight, behind=tp in self.behind
        )

    def _share(self, tp: TP) -> float:
        return self._schedule.share(self._waiting(tp))

    def _is_due(self, tp: TP) -> bool:
        return tp not in self._running and self._schedule.is_due(self._waiting(tp), room=self._room.is_free)

    def _due_in_s(self) -> float:
        shares = (self._share(tp) for tp in self._ownership.partitions if tp not in self._running)
        return self._schedule.due_in_s(max(shares, default=0.0))

    async def _flush_and_make_room(self, tp: TP) -> None:
        try:
            await self.flush(tp)
        finally:
            self._room.look_again()
            self.wake()

    async def flush_all(self) -> None:
        """Flush every partition."""
        await asyncio.gather(*(self.flush(tp) for tp in list(self._ownership.with_records())))
        self._room.look_again()

    async def flush(self, tp: TP) -> None:
        """Flush one partition; when somebody else was ahead, go on from where they are."""
        async with self._slots:
            partition = self._ownership.partitions.get(tp)
            if partition is None:
                return
            try:
                outcome = await partition.flush()
            except PartitionRefusedError as error:
                self._ownership.refuse(tp, error)
                return
        if outcome is not None and not isinstance(outcome, Done):
            await self._ownership.rebuild(tp, type(outcome).__name__.lower())
