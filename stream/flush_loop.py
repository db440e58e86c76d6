"""When which partition is flushed: what is due starts, a few at a time, and none waits for another."""

import asyncio
import contextlib
import math
from collections.abc import Collection
from itertools import islice
from typing import Final

from faust.types import TP

from stream.chain import Done
from stream.ownership import Ownership
from stream.refused import PartitionRefusedError
from stream.room import Room
from stream.schedule import Flushing, Schedule, Waiting
from stream.settings import StreamSettings
from stream.shared import Shared


class FlushLoop:
    """Starts flushes by the schedule and rebuilds what they found overtaken."""

    def __init__(self, settings: StreamSettings, shared: Shared, ownership: Ownership, room: Room) -> None:
        self.behind: Final[set[TP]] = set()
        """Partitions of which the log has much more: larger flushes catch up sooner."""
        self._clock: Final = shared.clock
        self._metrics: Final = shared.metrics
        self._ownership: Final = ownership
        self._room: Final = room
        self._schedule: Final = Schedule(
            settings.flush_interval_s, settings.flush_events, parallel=settings.parallel_flushes
        )
        self._slots: Final = asyncio.Semaphore(settings.parallel_flushes)
        self._running: Final[dict[TP, asyncio.Task[None]]] = {}
        self._began: dict[TP, float] = {}
        """When the last flush of a partition was started."""
        self._took_s = 0.0
        """How long a flush takes, the last ones counting most."""
        self._seen: Collection[TP] = ()
        """The partitions that had something to flush at the last look."""
        self._wake: Final = asyncio.Event()

    async def run(self) -> None:
        """Flush what is due, for ever. Raises what a flush raised."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._look_in_s())
            self._wake.clear()
            self.start_due()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def note_added(self, tp: TP) -> None:
        """A record was added: look when it may be flushed, or now, if the partition has as many events as a flush
        may have.
        """
        weight = self._ownership.partitions[tp].buffered_weight
        if tp not in self._running and (tp not in self._seen or weight >= self._schedule.many_events):
            self.wake()

    def start_due(self) -> list["asyncio.Task[None]"]:
        """Start to flush the partitions whose records waited long enough, or are many enough; all when there is
        no room; beside them as many early as may run. Returns what was started: each runs on its own, and one that
        takes long delays no other. Raises what an earlier one raised.
        """
        for ended in [tp for tp, flush in self._running.items() if flush.done()]:
            self._running.pop(ended).result()
        waiting = {tp: self._waiting(tp) for tp in self._ownership.with_records() if tp not in self._running}
        self._seen = waiting.keys()
        longest = sorted(waiting, key=lambda tp: self._schedule.share(waiting[tp]), reverse=True)
        due = [tp for tp in longest if self._schedule.is_due(waiting[tp], room=self._room.is_free)]
        flushing = Flushing(len(self._running) + len(due), self._took_s)
        early = (tp for tp in longest if tp not in due and self._schedule.is_early(waiting[tp], flushing))
        due += islice(early, self._schedule.may_be_early(flushing))
        now = self._clock()
        self._began = {tp: at for tp, at in self._began.items() if tp in self._ownership.partitions}
        self._began.update((tp, now) for tp in due)
        started = [asyncio.create_task(self._flush_and_make_room(tp)) for tp in due]
        self._running.update(zip(due, started, strict=True))
        return started

    def _waiting(self, tp: TP) -> Waiting:
        partition, now = self._ownership.partitions[tp], self._clock()
        return Waiting(
            waited_s=partition.waited_s(now),
            events=partition.buffered_weight,
            behind=tp in self.behind,
            since_flush_s=now - self._began.get(tp, -math.inf),
        )

    def _look_in_s(self) -> float | None:
        """None: nothing waits, a record that is added wakes."""
        flushing = Flushing(len(self._running), self._took_s)
        waiting = [tp for tp in self._ownership.with_records() if tp not in self._running]
        return min((self._schedule.look_in_s(self._waiting(tp), flushing) for tp in waiting), default=None)

    async def _flush_and_make_room(self, tp: TP) -> None:
        began = self._clock()
        try:
            await self.flush(tp)
        finally:
            self._took_s = (self._took_s + self._clock() - began) / 2
            self._room.look_again()
            self.wake()

    async def flush_all(self) -> None:
        """Flush every partition."""
        await asyncio.gather(*(self.flush(tp) for tp in list(self._ownership.with_records())))
        self._room.look_again()

    async def flush(self, tp: TP) -> None:
        """Flush one partition; when somebody else was ahead, go on from where they are."""
        began = self._clock()
        async with self._slots:
            self._metrics.flush_stage.labels("slot").observe(self._clock() - began)
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
