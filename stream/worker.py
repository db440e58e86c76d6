"""The worker: owns the partitions that Kafka assigned, takes their records, flushes them, and notices trouble."""

import asyncio
import contextlib
import logging
import time
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.errors import TransientError
from schemas.topics import EVENT_TOPICS
from stream.chain import NO_HEAD, Done
from stream.fold import Record
from stream.holes import Hole, Sought, judge_hole
from stream.kafka import HeadConsumer
from stream.partition import Added, Partition, Tools
from stream.refused import CAUSES, Cause, PartitionRefusedError
from stream.schedule import Schedule, Waiting
from stream.settings import StreamSettings
from stream.watchdog import Watchdog

logger = logging.getLogger(__name__)

COMMIT_INTERVAL_S: Final = 5.0
VERIFY_INTERVAL_S: Final = 10.0
WATCH_INTERVAL_S: Final = 1.0
BEHIND_RECORDS: Final = 100


class StalledError(Exception):
    """There is lag, and nothing was read for too long: only a new process helps."""


class Worker:
    """Everything between Faust and the partitions. All of it runs on Faust's event loop."""

    def __init__(self, settings: StreamSettings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools
        self._partitions: dict[TP, Partition] = {}
        self._consumer: HeadConsumer | None = None
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._slots = asyncio.Semaphore(settings.parallel_flushes)
        self._flushes: dict[TP, asyncio.Task[None]] = {}
        self._schedule = Schedule(settings.flush_interval_s, settings.flush_events)
        self._watchdog = Watchdog(settings.stalled_after_s)
        self._sought = Sought()
        self._refused: dict[TP, Cause] = {}
        self._behind: set[TP] = set()
        self._owning = False

    @property
    def ready(self) -> bool:
        """Whether it owns what Kafka assigned, and none of it is refused for its dead letters: a deploy that
        reads nothing must not be rolled out further.
        """
        return self._owning and "dead_letters" not in self._refused.values()

    # -- what Faust asks ------------------------------------------------------------------------------------

    async def positions(self, assigned: set[TP], consumer: HeadConsumer) -> dict[TP, int]:
        """Take ownership of `assigned` and of nothing else; see stream.kafka.Owner."""
        self._consumer = consumer
        for tp in set(self._partitions) - assigned:
            self._partitions.pop(tp).forget("rebalance")
        self._refused = {tp: cause for tp, cause in self._refused.items() if tp in assigned}
        self._watchdog.keep(assigned)
        self._sought.clear()
        bounds = await consumer.bounds(assigned)
        positions: dict[TP, int] = {}
        for tp in sorted(assigned):
            position = await self._position(tp, *bounds[tp])
            if position is not None:
                positions[tp] = position
        self._tools.metrics.assigned.set(len(self._partitions))
        self._owning = True
        logger.info("owning %s", {f"{tp.topic}-{tp.partition}": at for tp, at in positions.items()})
        return positions

    async def _position(self, tp: TP, start: int, end: int) -> int | None:
        partition = self._partitions.get(tp)
        if partition is not None and partition.loaded:
            return partition.next_offset
        partition = self._partitions.setdefault(tp, Partition(tp.topic, tp.partition, self._tools))
        try:
            position = await partition.load(start, end, cause="assigned")
        except PartitionRefusedError as error:
            self._refuse(tp, error)
            return None
        self._refused.pop(tp, None)
        return position

    def _refuse(self, tp: TP, error: PartitionRefusedError) -> None:
        logger.critical("%s", error, extra={"topic": tp.topic, "partition": tp.partition})
        self._refused[tp] = error.cause

    async def revoked(self) -> None:
        """Flush what can be flushed and give everything back. Bounded in time by the caller."""
        self._owning = False
        try:
            await self.flush_all()
            await self._commit()
        finally:
            for partition in self._partitions.values():
                partition.forget("rebalance")
            self._partitions.clear()
            self._refused.clear()
            self._room.set()

    async def take(self, message: Any) -> None:
        """Take one Kafka record from Faust; waits while the buffers are full."""
        partition = self._partitions.get(message.tp)
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
        if added is Added.HOLE and await self._is_real_hole(message.tp, partition, record.offset):
            partition.pass_hole(record.offset)
            added = partition.add(record)
        if added is Added.FOLDED:
            if partition.buffered_events >= self._settings.flush_events and message.tp not in self._flushes:
                self._wake.set()
            await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        if self._full():
            self._room.clear()
            self._wake.set()
            await self._room.wait()

    async def _is_real_hole(self, tp: TP, partition: Partition, offset: int) -> bool:
        """Whether the log goes on at `offset`. If not: what is missing is asked for again, or, where retention
        took it, becomes a gap.
        """
        consumer = self._consumer
        if consumer is None or tp not in consumer.assignment():
            return False
        expected = partition.next_offset
        if self._sought.is_on_its_way(tp, expected, self._tools.clock()):
            return False
        log_start, _ = (await consumer.bounds({tp}))[tp]
        first = None if log_start > expected else await consumer.first_at(tp, expected)
        hole = judge_hole(expected, offset, log_start=log_start, first=first)
        if hole is Hole.GONE:
            await self._flush(tp)
            await self._rebuild(tp, "hole")
            return False
        if not partition.loaded or partition.next_offset != expected:
            return False
        if hole is Hole.LOST:
            await self._read_again(tp, expected)
        return hole is Hole.EMPTY

    # -- what runs beside Faust -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Flush what is due, commit now and then, watch for stalls. Returns never; raises StalledError."""
        await asyncio.gather(self._flush_when_due(), self._commit_and_watch())

    async def _flush_when_due(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._due_in_s())
            self._wake.clear()
            self.start_due()

    async def _commit_and_watch(self) -> None:
        committed = verified = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            await self.look_around()
            now = time.monotonic()
            if now - committed >= COMMIT_INTERVAL_S:
                committed = now
                await self._commit()
            if now - verified >= VERIFY_INTERVAL_S:
                verified = now
                await self._verify_heads()

    def start_due(self) -> list["asyncio.Task[None]"]:
        """Start to flush the partitions whose records waited long enough, or are many enough; all when there is
        no room. Returns what was started: each runs on its own, and one that takes long delays no other.
        Raises what an earlier one raised.
        """
        for ended in [tp for tp, flush in self._flushes.items() if flush.done()]:
            self._flushes.pop(ended).result()
        due = sorted((tp for tp in self._partitions if self._is_due(tp)), key=self._share, reverse=True)
        started = [asyncio.create_task(self._flush_and_tell(tp)) for tp in due]
        self._flushes.update(zip(due, started, strict=True))
        return started

    def _waiting(self, tp: TP) -> Waiting:
        partition = self._partitions[tp]
        return Waiting(
            waited_s=partition.waited_s(self._tools.clock()),
            events=partition.buffered_events,
            behind=tp in self._behind,
        )

    def _share(self, tp: TP) -> float:
        return self._schedule.share(self._waiting(tp))

    def _is_due(self, tp: TP) -> bool:
        if tp in self._flushes or not self._partitions[tp].has_records:
            return False
        return self._schedule.is_due(self._waiting(tp), room=self._room.is_set())

    def _due_in_s(self) -> float:
        shares = (self._share(tp) for tp in self._partitions if tp not in self._flushes)
        return self._schedule.due_in_s(max(shares, default=0.0))

    async def flush_all(self) -> None:
        """Flush every partition."""
        await asyncio.gather(*(self._flush(tp) for tp, one in self._partitions.items() if one.has_records))
        self._make_room()

    async def _flush_and_tell(self, tp: TP) -> None:
        try:
            await self._flush(tp)
        finally:
            self._make_room()
            self._wake.set()

    def _make_room(self) -> None:
        if not self._full():
            self._room.set()

    async def _flush(self, tp: TP) -> None:
        async with self._slots:
            partition = self._partitions.get(tp)
            if partition is None:
                return
            try:
                outcome = await partition.flush()
            except PartitionRefusedError as error:
                self._refuse(tp, error)
                return
        if outcome is not None and not isinstance(outcome, Done):
            await self._rebuild(tp, type(outcome).__name__.lower())

    async def _rebuild(self, tp: TP, cause: str) -> None:
        partition, consumer = self._partitions.get(tp), self._consumer
        if partition is None or consumer is None or tp not in consumer.assignment():
            return
        start, end = (await consumer.bounds({tp}))[tp]
        try:
            await self._read_again(tp, await partition.load(start, end, cause=cause))
        except PartitionRefusedError as error:
            self._refuse(tp, error)

    async def _verify_heads(self) -> None:
        for tp, partition in list(self._partitions.items()):
            try:
                if await partition.table_went_back():
                    logger.error(
                        "the head is not what it was; rebuilding",
                        extra={"topic": tp.topic, "partition": tp.partition},
                    )
                    await self._rebuild(tp, "rewound")
            except TransientError as error:
                self._tools.metrics.transient_errors.labels("read_head").inc()
                logger.warning("verifying heads failed: %s", error)
                return

    async def _read_again(self, tp: TP, offset: int) -> None:
        consumer = self._consumer
        if consumer is not None and tp in consumer.assignment():
            self._sought.note(tp, offset, self._tools.clock())
            await consumer.seek_wait({tp: offset})

    async def _commit(self) -> None:
        if self._consumer is not None:
            await self._consumer.commit_heads(
                {tp: one.head + 1 for tp, one in self._partitions.items() if one.head != NO_HEAD}
            )

    async def look_around(self) -> None:
        """Compare with Kafka's end offsets: lag, and whether reading makes progress. Raises StalledError."""
        consumer = self._consumer
        if consumer is None or not self._partitions:
            return
        try:
            bounds = await consumer.bounds(set(self._partitions))
        except KafkaError as error:
            logger.warning("Kafka does not tell its end offsets: %r", error)
            self._watchdog.excuse_all()
            return
        now = self._tools.clock()
        for tp, (_, end) in bounds.items():
            partition = self._partitions.get(tp)
            if partition is None:
                continue
            self._tools.metrics.end.labels(tp.topic, str(tp.partition)).set(end - 1)
            (self._behind.add if end - partition.next_offset > BEHIND_RECORDS else self._behind.discard)(tp)
            if tp in self._refused or not partition.loaded or not self._room.is_set():
                self._watchdog.excuse(tp)
                continue
            if not self._watchdog.is_stalled(tp, next_offset=partition.next_offset, end=end, now=now):
                continue
            if await consumer.first_at(tp, partition.next_offset) is None:
                # A transaction's marker is counted in the end offset, and never read.
                self._watchdog.excuse(tp)
                continue
            raise StalledError(
                f"{tp.topic}-{tp.partition}: {end - partition.next_offset} records wait in Kafka, none was read"
                f" for {self._settings.stalled_after_s:.0f} s"
            )

    def measure(self) -> None:
        """Bring the gauges up to date; called when they are read."""
        metrics = self._tools.metrics
        for cause in CAUSES:
            metrics.refused.labels(cause).set(sum(one == cause for one in self._refused.values()))
        now_ms = self._tools.wall_clock() * 1000
        buffered = dict.fromkeys(EVENT_TOPICS, 0)
        spools = dict.fromkeys(EVENT_TOPICS, 0)
        for tp, partition in self._partitions.items():
            buffered[tp.topic] += partition.unsettled_events
            spools[tp.topic] += partition.dedup_spools
            oldest_ms = partition.oldest_ms
            age_s = 0.0 if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1000)
            metrics.freshness.labels(tp.topic, str(tp.partition)).set(age_s)
            metrics.dead_letter_ratio.labels(tp.topic, str(tp.partition)).set(partition.dead_letter_ratio)
            if partition.head != NO_HEAD:
                metrics.head.labels(tp.topic, str(tp.partition)).set(partition.head)
        for topic in EVENT_TOPICS:
            metrics.buffered.labels(topic).set(buffered[topic])
            metrics.dedup_spools.labels(topic).set(spools[topic])

    def _full(self) -> bool:
        buffered = sum(partition.buffered_events for partition in self._partitions.values())
        return buffered >= self._settings.buffer_events
