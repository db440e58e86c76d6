"""Reads topics of Kafka as they grow, and keeps every record: neither retention nor compaction can hide any."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.chaos.recount import Raw

log = logging.getLogger(__name__)


class LogReader:
    """Follows all partitions from their beginning; begins again where it was after any trouble with Kafka."""

    def __init__(self, bootstrap: str, partitions: Mapping[str, int], *, committed: bool = False) -> None:
        """`partitions` by topic; with `committed`, only what transactions committed."""
        self._bootstrap = bootstrap
        self._isolation: Final = "read_committed" if committed else "read_uncommitted"
        self._places = [
            TopicPartition(topic, number) for topic, count in partitions.items() for number in range(count)
        ]
        self.positions: dict[tuple[str, int], int] = {}
        """What is read next: behind the last record, or behind the mark of the last transaction."""
        self.next_offsets: dict[tuple[str, int], int] = {(one.topic, one.partition): 0 for one in self._places}
        self.records: dict[tuple[str, int, int], Raw] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level=self._isolation,
                request_timeout_ms=5000,
                fetch_max_wait_ms=100,
            )
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                try:
                    await asyncio.wait_for(consumer.start(), 10)
                    await self._follow(consumer)
                finally:
                    with contextlib.suppress(KafkaError, OSError, TimeoutError):
                        await asyncio.wait_for(consumer.stop(), 3)
            await asyncio.sleep(0.3)

    async def _follow(self, consumer: Any) -> None:
        consumer.assign(self._places)
        for place in self._places:
            consumer.seek(place, self.next_offsets[place.topic, place.partition])
        while True:
            fetched = await consumer.getmany(timeout_ms=300)
            for place, records in fetched.items():
                for one in records:
                    self._keep(one)
                self.next_offsets[place.topic, place.partition] = records[-1].offset + 1
            for place in self._places:
                self.positions[place.topic, place.partition] = int(await consumer.position(place))

    def _keep(self, one: Any) -> None:
        self.records[one.topic, one.partition, one.offset] = Raw(
            one.topic, one.partition, one.offset, one.timestamp, tuple(one.headers), one.key, one.value or b""
        )
