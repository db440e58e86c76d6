"""Copies one compacted topic into its table, for ever; what it has copied, the table itself knows."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiokafka.errors import KafkaError

from schemas.compacted import CompactedTopic, open_compacted
from schemas.errors import TransientError
from schemas.retry import Retry, RetryPolicy
from stream.tables.copied import Copied, Row
from stream.tables.metrics import TablesMetrics
from stream.tables.settings import TablesSettings
from stream.tables.store import TableStore
from stream.tables.versions import Start, Unseen, version_of, where_to_start

logger = logging.getLogger(__name__)

_MAX_RECORDS: Final = 10_000
_LOOK_AHEAD_MS: Final = 2000
_INSERT_INTERVAL_S: Final = 1.0
"""Between inserts of a few rows: each is a part that ClickHouse must merge."""
_VERIFY_INTERVAL_S: Final = 10.0
_BROKEN: Final = (msgspec.DecodeError, ValueError, RecursionError)


class TopicCopier:
    """Keeps one table in step. It is in no consumer group: each copier reads all of the topic, two do no harm."""

    def __init__(
        self,
        copied: Copied,
        store: TableStore,
        settings: TablesSettings,
        metrics: TablesMetrics,
        *,
        least_epoch: int,
        retry: RetryPolicy,
    ) -> None:
        self._copied = copied
        self._topic: Final = copied.topic
        self._store = store
        self._settings = settings
        self._metrics = metrics
        self._least_epoch = least_epoch
        self._retry = Retry(retry, on_first=self._tell, on_failure=self._count)
        self.ready = False

    async def run(self) -> None:
        """Copy until cancelled. Kafka or ClickHouse away: try again, logging once. Raises ClickHouseError."""
        await self._retry.for_ever(self._copy, on=(KafkaError, OSError, TransientError))

    def _tell(self, error: Exception) -> None:
        logger.warning("topic %s is not copied, trying again: %r", self._topic, error)

    def _count(self, _error: Exception) -> None:
        self._metrics.errors.labels(self._topic).inc()

    async def _copy(self) -> None:
        settings = self._settings
        async with open_compacted(
            settings.kafka, self._topic, request_timeout_ms=settings.request_timeout_ms
        ) as topic:
            start = await self._start(topic)
            topic.seek(start.offset)
            await self._read(topic, start)

    async def _start(self, topic: CompactedTopic) -> Start:
        beginning, end = topic.beginning, topic.end
        stored = await self._store.highest_version()
        after = where_to_start(
            stored, beginning, end, None, now_ms=0, rebuild_after_ms=0, least_epoch=self._least_epoch
        )
        unseen = None if after.why else await self._first_unseen(topic, after.offset)
        start = where_to_start(
            stored,
            beginning,
            end,
            unseen,
            now_ms=int(time.time() * 1000),
            rebuild_after_ms=int(self._settings.rebuild_after_s * 1000),
            least_epoch=self._least_epoch,
        )
        if start.why:
            self._metrics.rebuilds.labels(self._topic).inc()
            logger.warning("topic %s is read anew, as epoch %d: %s", self._topic, start.epoch, start.why)
        return start

    async def _first_unseen(self, topic: CompactedTopic, offset: int) -> Unseen | None:
        """The first record from `offset` on that makes a row: what makes none is never held by the table."""
        if offset >= topic.end:
            return None
        topic.seek(offset)
        for record in await topic.fetch(max_records=_MAX_RECORDS, wait_ms=_LOOK_AHEAD_MS):
            try:
                self._copied.row(record.key, record.value, record.timestamp)
            except _BROKEN:
                continue
            return Unseen(record.offset, record.timestamp)
        return None

    async def _read(self, topic: CompactedTopic, start: Start) -> None:
        """Until something fails, or the table has lost what was written: then begin again where it says."""
        swept = False
        position, written = start.offset, 0
        verified = time.monotonic()
        while True:
            if time.monotonic() - verified > _VERIFY_INTERVAL_S:
                verified = time.monotonic()
                if (await self._store.highest_version() or 0) < written:
                    logger.error("table %s went back in time, as after a restore; going on from there", self._topic)
                    return
            self._metrics.lag.labels(self._topic).set(topic.lag(position))
            if not swept and position >= topic.end:
                await self._store.delete_older(start.epoch)
                swept = self.ready = True
            records = await topic.fetch(max_records=_MAX_RECORDS)
            began = time.monotonic()
            rows = self._rows(records, start.epoch)
            if rows:
                await self._store.write(rows)
                written = int(str(rows[-1]["version"]))
                self._metrics.written.labels(self._topic).inc(len(rows))
            position = await topic.position()
            if topic.answered_s():
                self._retry.worked()
            if rows and len(records) < _MAX_RECORDS:
                await asyncio.sleep(_INSERT_INTERVAL_S - (time.monotonic() - began))

    def _rows(self, records: Sequence[Any], epoch: int) -> list[Row]:
        rows = []
        for record in records:
            try:
                row = self._copied.row(record.key, record.value, record.timestamp)
            except _BROKEN as error:
                self._metrics.skipped.labels(self._topic).inc()
                logger.error(  # noqa: TRY400 - the traceback tells nothing more
                    "a record of topic %s is skipped: %s", self._topic, error, extra={"offset": record.offset}
                )
                continue
            rows.append(row | {"version": version_of(epoch, record.offset)})
        return rows
