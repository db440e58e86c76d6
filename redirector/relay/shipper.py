"""Ships spools, all of a directory at once: read, cut, deliver, checkpoint, delete; then the next round."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from redirector.relay.delivery import Delivery, Outlet
from redirector.relay.metrics import RelayMetrics
from redirector.relay.round import Cutter, Limits
from redirector.relay.round_slot import RoundSlot
from redirector.relay.waiting import waiting_s
from redirector.spool.reader import Place, SpoolReader
from redirector.spool.upkeep import delete_before, remove_drained, write_checkpoint
from schemas.cancelling import together
from schemas.retry import Retry, RetryPolicy
from schemas.spool import Checkpoint, read_checkpoint, spools
from schemas.topics import EVENT_TOPICS

log = logging.getLogger(__name__)

_LOOK_FOR_WRITER_S: Final = 0.5


class Shipper:
    """Moves one spool to Kafka.

    At most one batch of each partition is unacknowledged, and the checkpoint moves only when all of a round is
    acknowledged: after a crash the same lines are sent again, perhaps cut otherwise, before any later one.
    `slots` are shared with the shippers of other spools and bound the rounds, hence the memory, in use at once.
    """

    def __init__(
        self,
        spool: Path,
        outlet: Outlet,
        metrics: RelayMetrics,
        *,
        limits: Limits,
        round_bytes: int,
        round_interval_s: float,
        slots: asyncio.Semaphore,
        retry: RetryPolicy,
    ) -> None:
        self.spool: Final = spool
        self.waiting_since: float | None = None
        """When, by the monotonic clock, lines were first seen of which some still wait."""
        self._metrics = metrics
        self._round_interval_s = round_interval_s
        self._slot = RoundSlot(slots)
        self._delivery = Delivery(spool, outlet, metrics, slot=self._slot, retry=retry)
        checkpoint = _checkpoint(spool)
        self._pinned = checkpoint is not None
        begin = checkpoint or Checkpoint(segment=0, offset=0, partitions={}, prev={})
        self._reader = SpoolReader(spool, Place(begin.segment, begin.offset), chunk_bytes=round_bytes)
        self.settled = self._reader.place
        self._cutter = Cutter(
            spool.name,
            dict(begin.partitions),
            {topic: dict(ends) for topic, ends in begin.prev.items()},
            limits,
            last_seq=max((seq for ends in begin.prev.values() for seq in ends.values()), default=0),
        )
        self._looked_at = -_LOOK_FOR_WRITER_S
        self._torn = (0, 0)
        self._checkpoint_fails = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Ship until the spool is drained and removed, or until `stopping` between two rounds.

        Raises OSError when the disk fails; a new shipper may go on from the checkpoint.
        """
        try:
            delete_before(self.spool, self.settled.segment)
            while not stopping.is_set():
                async with self._slot:
                    began = time.monotonic()
                    shipped = await self.step()
                if not shipped and self._reader.drained:
                    remove_drained(self.spool)
                    return
                if not (shipped and self._reader.more):
                    await asyncio.sleep(self._round_interval_s - (time.monotonic() - began))
        finally:
            self._reader.close()

    async def step(self) -> bool:
        """One round, if there is anything to ship; False when there is not."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_FOR_WRITER_S:
            self._looked_at = now
            self._reader.look_for_writer()
        chunk = self._reader.read()
        self._note_torn_tails()
        if chunk is None:
            self.waiting_since = None
            return False
        if self.waiting_since is None:
            self.waiting_since = now
        if not self._pinned:
            await self._pin()
        cut = self._cutter.cut(chunk)
        await self._delivery.deliver(cut, chunk.start.segment)
        self._cutter.settle(cut)
        self.settled = chunk.end
        self.waiting_since = now
        await self._keep_checkpoint()
        return True

    def waiting_bytes(self) -> int:
        """Bytes of the spool that Kafka has not acknowledged."""
        in_flight = self._reader.place.offset - self.settled.offset
        same = self._reader.place.segment == self.settled.segment
        return self._reader.waiting_bytes() + (in_flight if same else self._reader.place.offset)

    def waiting_s(self) -> float:
        """How long the oldest line has waited that Kafka has not acknowledged."""
        return waiting_s(self.spool, self.settled, self.waiting_since)

    async def _pin(self) -> None:
        """Fix the partition counts, on disk before the first send: a resend must not go elsewhere."""
        self._cutter.partitions = {topic: await self._delivery.partitions(topic) for topic in EVENT_TOPICS}
        await asyncio.to_thread(write_checkpoint, self.spool, self._checkpoint())
        self._pinned = True

    async def _keep_checkpoint(self) -> None:
        """Write the checkpoint and delete what lies before it.

        A disk too full for the checkpoint must not keep what would make room: the segments go all the same,
        and a relay that starts from the older checkpoint goes on with the first segment there is.
        """
        try:
            await asyncio.to_thread(write_checkpoint, self.spool, self._checkpoint())
        except OSError as error:
            self._metrics.spool_errors.inc()
            if not self._checkpoint_fails:
                log.warning("spool %s: no checkpoint, a restart would send again: %s", self.spool, error)
            self._checkpoint_fails = True
        else:
            self._checkpoint_fails = False
        delete_before(self.spool, self.settled.segment)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            segment=self.settled.segment,
            offset=self.settled.offset,
            partitions=self._cutter.partitions,
            prev=self._cutter.prev,
        )

    def _note_torn_tails(self) -> None:
        seen = (self._reader.torn_tails, self._reader.torn_bytes)
        if seen != self._torn:
            self._metrics.torn_tails.inc(seen[0] - self._torn[0])
            self._metrics.torn_bytes.inc(seen[1] - self._torn[1])
            self._torn = seen


class Fleet:
    """One shipper a spool, as long as the spool is there."""

    def __init__(
        self, spool_dir: Path, new_shipper: Callable[[Path], Shipper], metrics: RelayMetrics, *, retry: RetryPolicy
    ) -> None:
        self._spool_dir = spool_dir
        self._new_shipper = new_shipper
        self._metrics = metrics
        self._retry = retry
        self._shippers: dict[Path, Shipper | None] = {}

    async def run(self, stopping: asyncio.Event, *, scan_interval_s: float) -> None:
        """Ship every spool until `stopping`, then finish the rounds under way; cancel to leave them."""
        async with together() as shipping:
            while not stopping.is_set():
                for spool in spools(self._spool_dir):
                    if spool not in self._shippers:
                        self._shippers[spool] = None
                        shipping.start(self._keep_shipping(spool, stopping))
                self.set_gauges()
                try:
                    async with asyncio.timeout(scan_interval_s):
                        await stopping.wait()
                except TimeoutError:
                    continue

    def set_gauges(self) -> None:
        """What waits, and for how long."""
        waiting = 0
        oldest = 0.0
        for shipper in list(self._shippers.values()):
            if shipper is not None:
                try:
                    waiting += shipper.waiting_bytes()
                    oldest = max(oldest, shipper.waiting_s())
                except OSError:
                    continue
        self._metrics.spools.set(len(self._shippers))
        self._metrics.waiting_bytes.set(waiting)
        self._metrics.oldest_waiting.set(oldest)

    async def _keep_shipping(self, spool: Path, stopping: asyncio.Event) -> None:
        async def ship() -> None:
            if stopping.is_set():
                return
            try:
                shipper = self._shippers[spool] = self._new_shipper(spool)
                await shipper.run(stopping)
            except OSError:
                if spool in spools(self._spool_dir):
                    raise

        retry = Retry(
            self._retry,
            on_first=lambda error: log.warning(
                "spool %s cannot be shipped; it is tried again until it can: %s", spool, error
            ),
            on_failure=lambda _error: self._metrics.spool_errors.inc(),
        )
        await retry.until_it_works(ship, on=OSError)
        del self._shippers[spool]


def _checkpoint(spool: Path) -> Checkpoint | None:
    try:
        return read_checkpoint(spool)
    except msgspec.DecodeError:
        log.exception("spool %s: damaged checkpoint; all that is left of the spool is sent again", spool)
        return None
