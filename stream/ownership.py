"""Ownership: the partitions that Kafka assigned, from which offset each is read, and which of them are refused."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.retry import Retry, RetryPolicy
from stream.holes import Sought
from stream.kafka import HeadConsumer
from stream.log_reader import LogBounds
from stream.partition import Partition
from stream.refused import Cause, PartitionRefusedError
from stream.shared import Shared

logger = logging.getLogger(__name__)

_BOUNDS_RETRY: Final = RetryPolicy(first_s=0.1, longest_s=2.0, jitter=0.0)


class Ownership:
    """Has a Partition for each topic-partition that is this worker's, and for no other."""

    def __init__(self, shared: Shared) -> None:
        self.partitions: Final[dict[TP, Partition]] = {}
        self.refused: Final[dict[TP, Cause]] = {}
        self.sought: Final = Sought()
        self.consumer: HeadConsumer | None = None
        self.settled = False
        """Whether the assignment is known and every partition of it loaded or refused."""
        self._shared: Final = shared
        self._taking_over: Final = asyncio.Lock()
        self._forgotten: set[TP] = set()
        """What was assigned and nobody's at the last look."""

    @property
    def buffered_weight(self) -> int:
        """Events of all partitions that no flush has taken yet, large ones as several."""
        return sum(partition.buffered_weight for partition in self.partitions.values())

    def with_records(self) -> Iterator[TP]:
        """The partitions that have something to flush."""
        return (tp for tp, partition in self.partitions.items() if partition.has_records)

    def holds(self, tp: TP) -> bool:
        """Whether Kafka says that the partition is this worker's."""
        return self.consumer is not None and tp in self.consumer.assignment()

    async def take_over(self, consumer: HeadConsumer) -> dict[TP, int]:
        """Own what is assigned and nothing else; returns where each is read from, without those that are refused.

        One at a time: a rebalance may come while it runs, and asks for it again. Waits as long as Kafka or
        ClickHouse do not answer, and as long as the assignment is the same.
        """
        async with self._taking_over:
            self.consumer = consumer
            while True:
                assigned = consumer.assignment()
                positions = await self._own(assigned, consumer)
                if positions is not None and consumer.assignment() == assigned:
                    break
        self._shared.metrics.assigned.set(len(self.partitions))
        self.settled = True
        logger.info("owning %s", {f"{tp.topic}-{tp.partition}": at for tp, at in positions.items()})
        return positions

    async def _own(self, assigned: set[TP], consumer: HeadConsumer) -> dict[TP, int] | None:
        """None when the assignment became another meanwhile."""
        for tp in set(self.partitions) - assigned:
            self.partitions.pop(tp).forget("rebalance")
        for tp in set(self.refused) - assigned:
            del self.refused[tp]
        self.sought.clear()
        bounds = await self._bounds(assigned, consumer)
        if bounds is None:
            return None
        positions: dict[TP, int] = {}
        for tp in sorted(assigned):
            position = await self._position(tp, *bounds[tp])
            if position is not None:
                positions[tp] = position
        return positions

    async def _bounds(self, tps: set[TP], consumer: HeadConsumer) -> dict[TP, LogBounds] | None:
        """None when they are assigned to us no more. Raises KafkaError where asking again is of no use."""
        retry = Retry(
            _BOUNDS_RETRY,
            on_first=lambda error: logger.warning("Kafka does not tell where its partitions begin: %r", error),
            sleep=self._shared.sleep,
            clock=self._shared.clock,
        )
        while tps <= consumer.assignment():
            try:
                return await consumer.bounds(tps)
            except KafkaError as error:
                if not error.retriable:
                    raise
                await retry.failed(error)
        return None

    async def take_over_forgotten(self) -> None:
        """Own what is assigned and flows and nobody owns: Faust asks for positions once, and not for ever."""
        consumer = self.consumer
        if consumer is None or self._taking_over.locked() or not consumer.flow_active:
            self._forgotten = set()
            return
        forgotten = consumer.assignment() - self.partitions.keys() - self.refused.keys()
        if again := forgotten & self._forgotten:
            logger.warning("reading what was assigned and not taken over: %s", sorted(again))
            await consumer.seek_to_committed()
            forgotten = set()
        self._forgotten = forgotten

    async def _position(self, tp: TP, start: int, end: int) -> int | None:
        partition = self.partitions.get(tp)
        if partition is not None and partition.loaded:
            return partition.next_offset
        partition = self.partitions.setdefault(tp, Partition(tp.topic, tp.partition, self._shared))
        try:
            position = await partition.load(start, end, cause="assigned")
        except PartitionRefusedError as error:
            self.refuse(tp, error)
            return None
        self.refused.pop(tp, None)
        return position

    def give_back(self) -> None:
        """Own nothing any more; what was not flushed is somebody else's to read."""
        for partition in self.partitions.values():
            partition.forget("rebalance")
        self.partitions.clear()
        self.refused.clear()

    def refuse(self, tp: TP, error: PartitionRefusedError) -> None:
        """Count nothing of it until an operator has decided."""
        logger.critical("%s", error, extra={"topic": tp.topic, "partition": tp.partition})
        self.refused[tp] = error.cause

    async def rebuild(self, tp: TP, cause: str) -> None:
        """Load the state anew and read on from its head."""
        partition, consumer = self.partitions.get(tp), self.consumer
        if partition is None or consumer is None or not self.holds(tp):
            return
        bounds = await self._bounds({tp}, consumer)
        if bounds is None:
            return
        try:
            await self.read_again(tp, await partition.load(*bounds[tp], cause=cause))
        except PartitionRefusedError as error:
            self.refuse(tp, error)

    async def read_again(self, tp: TP, offset: int) -> None:
        """Have Kafka deliver from `offset` on."""
        if self.consumer is not None and self.holds(tp):
            self.sought.note(tp, offset, self._shared.clock())
            await self.consumer.seek_wait({tp: offset})
