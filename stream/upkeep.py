"""What is done now and then beside the flushes: commit to Kafka, verify idle heads, watch progress."""

import asyncio
import logging
import time
from typing import Final

from schemas.errors import TransientError
from stream.chain import NO_HEAD
from stream.ownership import Ownership
from stream.progress import Progress
from stream.shared import Shared

logger = logging.getLogger(__name__)

COMMIT_INTERVAL_S: Final = 5.0
VERIFY_INTERVAL_S: Final = 10.0
WATCH_INTERVAL_S: Final = 1.0


class Upkeep:
    """One loop with three intervals."""

    def __init__(self, shared: Shared, ownership: Ownership, progress: Progress) -> None:
        self._metrics: Final = shared.metrics
        self._ownership: Final = ownership
        self._progress: Final = progress

    async def run(self) -> None:
        """Never returns; raises StalledError."""
        committed = verified = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            await self.look_after_ownership()
            await self._progress.check()
            now = time.monotonic()
            if now - committed >= COMMIT_INTERVAL_S:
                committed = now
                await self.commit()
            if now - verified >= VERIFY_INTERVAL_S:
                verified = now
                await self.verify_heads()

    async def look_after_ownership(self) -> None:
        """Read what was assigned and not taken over, at the second look."""
        await self._ownership.take_over_forgotten()

    async def commit(self) -> None:
        """Tell Kafka how far ClickHouse is."""
        consumer, partitions = self._ownership.consumer, self._ownership.partitions
        if consumer is not None:
            await consumer.commit_heads({tp: one.head + 1 for tp, one in partitions.items() if one.head != NO_HEAD})

    async def verify_heads(self) -> None:
        """Rebuild every idle partition whose head in ClickHouse is not what it was."""
        for tp, partition in list(self._ownership.partitions.items()):
            try:
                if await partition.table_went_back():
                    place = {"topic": tp.topic, "partition": tp.partition}
                    logger.error("the head is not what it was; rebuilding", extra=place)
                    await self._ownership.rebuild(tp, "rewound")
            except TransientError as error:
                self._metrics.transient_errors.labels("read_head").inc()
                logger.warning("verifying heads failed: %s", error)
                return
