"""Copies the topic `misses` into its table, which says how far; what comes twice collapses by the minute's id."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
from aiokafka.errors import KafkaError
from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors, select
from schemas.compacted import CompactedTopic, open_compacted
from schemas.errors import TransientError
from schemas.misses import MissedMinute
from schemas.retry import Retry, RetryPolicy
from schemas.topics import MISSES
from stream.tables.metrics import TablesMetrics
from stream.tables.not_there_yet import not_there_yet
from stream.tables.settings import TablesSettings

logger = logging.getLogger(__name__)

_MAX_RECORDS: Final = 1000
_INSERT_INTERVAL_S: Final = 1.0
_DECODE: Final = msgspec.json.Decoder(MissedMinute).decode
SCHEMA: Final = pa.schema(
    {
        "minute": pa.timestamp("s", tz="UTC"),
        "reason": pa.string(),
        "domain": pa.string(),
        "slug": pa.string(),
        "referrer_host": pa.string(),
        "requests": pa.int64(),
        "batch": pa.string(),
        "place": pa.uint16(),
        "record_offset": pa.int64(),
    }
)


def rows_of(value: bytes | None, offset: int) -> list[dict[str, object]]:
    """A record's rows. Raises msgspec's errors where it is none."""
    missed = _DECODE(value or b"")
    return [
        {
            "minute": missed.minute * 60,
            "reason": row.reason,
            "domain": row.domain,
            "slug": row.slug,
            "referrer_host": row.referrer,
            "requests": row.requests,
            "batch": missed.id,
            "place": place,
            "record_offset": offset,
        }
        for place, row in enumerate(missed.rows)
    ]


class MissesCopier:
    """It is in no consumer group: two do no harm."""

    def __init__(
        self, client: AsyncClient, settings: TablesSettings, metrics: TablesMetrics, *, retry: RetryPolicy
    ) -> None:
        self._client = client
        self._settings = settings
        self._metrics = metrics
        self._retry = Retry(retry, on_first=self._tell, on_failure=self._count)

    async def run(self) -> None:
        """Copy until cancelled. Kafka or ClickHouse away: try again, logging once. Raises ClickHouseError."""
        await self._retry.for_ever(self._copy, on=(KafkaError, OSError, TransientError))

    def _tell(self, error: Exception) -> None:
        logger.warning("topic %s is not copied, trying again: %r", MISSES, error)

    def _count(self, _error: Exception) -> None:
        self._metrics.errors.labels(MISSES).inc()

    async def _copy(self) -> None:
        settings = self._settings
        async with open_compacted(settings.kafka, MISSES, request_timeout_ms=settings.request_timeout_ms) as topic:
            held = await self._held()
            # Behind the topic's end: it was made anew.
            position = held + 1 if topic.beginning <= held + 1 <= topic.end else topic.beginning
            topic.seek(position)
            while True:
                self._metrics.lag.labels(MISSES).set(topic.lag(position))
                position = await self._copy_some(topic)

    async def _copy_some(self, topic: CompactedTopic) -> int:
        rows = self._rows(await topic.fetch(max_records=_MAX_RECORDS))
        if rows:
            with clickhouse_errors():
                await self._client.insert_arrow(MISSES, pa.Table.from_pylist(rows, schema=SCHEMA))
            self._metrics.written.labels(MISSES).inc(len(rows))
            await asyncio.sleep(_INSERT_INTERVAL_S)
        if topic.answered_s():
            self._retry.worked()
        return await topic.position()

    def _rows(self, records: Sequence[Any]) -> list[dict[str, object]]:
        rows = []
        for record in records:
            try:
                rows += rows_of(record.value, record.offset)
            except (msgspec.DecodeError, RecursionError) as error:
                self._metrics.skipped.labels(MISSES).inc()
                logger.error(  # noqa: TRY400 - the traceback tells nothing more
                    "a record of topic %s is skipped: %s", MISSES, error, extra={"offset": record.offset}
                )
        return rows

    async def _held(self) -> int:
        """The last offset in the table, -1 where there is none. A table that is not there yet will be."""
        with not_there_yet("table misses"):
            ((held,),) = await select(
                self._client,
                f"SELECT ifNull(maxOrNull(record_offset), -1) FROM {MISSES}",  # noqa: S608 - a constant
            )
        return int(held)
