"""Records that did not come: Kafka says whether there are any, and what is missing is read again."""

import logging
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from stream.flush_loop import FlushLoop
from stream.holes import Hole, judge_hole
from stream.ownership import Ownership
from stream.shared import Shared

logger = logging.getLogger(__name__)


class Missing:
    """Settles holes in what Kafka delivered; stream.holes judges them."""

    def __init__(self, shared: Shared, ownership: Ownership, flushing: FlushLoop) -> None:
        self._clock: Final = shared.clock
        self._ownership: Final = ownership
        self._flushing: Final = flushing

    async def are_nowhere(self, tp: TP, offset: int) -> bool:
        """Whether the log goes on at `offset`. If not: what is missing is read again, or, where retention took
        it, becomes a gap.
        """
        ownership, consumer = self._ownership, self._ownership.consumer
        if consumer is None or not ownership.holds(tp):
            return False
        partition = ownership.partitions[tp]
        expected = partition.next_offset
        if ownership.sought.is_on_its_way(tp, expected, self._clock()):
            return False
        try:
            log_start = (await consumer.bounds({tp}))[tp].start
        except KafkaError as error:
            # The record is not taken, so the next one finds the same hole, and this one behind it.
            logger.warning(
                "Kafka does not tell what is missing: %r", error, extra={"offset": expected, **tp._asdict()}
            )
            return False
        first = None if log_start > expected else await consumer.first_at(tp, expected)
        hole = judge_hole(expected, offset, log_start=log_start, first=first)
        if hole is Hole.GONE:
            await self._flushing.flush(tp)
            await ownership.rebuild(tp, "hole")
            return False
        if not partition.loaded or partition.next_offset != expected:
            return False
        if hole is Hole.LOST:
            await ownership.read_again(tp, expected)
        return hole is Hole.EMPTY
