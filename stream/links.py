"""The `links` topic as a table: every change becomes a row, the highest version of a link counts.

Not a chain: the version comes from the offset, so that writing a row twice changes nothing.
"""

import asyncio
import logging
from typing import Final

import msgspec
import pyarrow as pa
from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors
from schemas.links import Link
from stream.metrics import StreamMetrics

logger = logging.getLogger(__name__)

EPOCH_SHIFT: Final = 40
"""version = (epoch << 40) + offset: a topic that was created anew outranks its predecessor."""

LATEST_MS: Final = 7_258_118_400_000
"""2200-01-01: later times are cut to it, ClickHouse's end in 2299."""

_MS: Final = pa.timestamp("ms", tz="UTC")
_TEXTS: Final = pa.list_(pa.string())
_AS_THEY_ARE: Final = {
    "destination": pa.string(),
    "account": pa.string(),
    "title": pa.string(),
    "tags": _TEXTS,
    "campaign": pa.string(),
    "post": pa.string(),
    "channel": pa.string(),
    "profile": pa.string(),
    "variant": pa.string(),
    "experiment": pa.string(),
    "post_id": pa.string(),
    "post_url": pa.string(),
    "aim": pa.string(),
    "origins": _TEXTS,
    "status": pa.uint16(),
}
"""Columns that hold a field of the link under its own name."""
_SCHEMA: Final = pa.schema(
    {
        "link": pa.string(),
        "domain": pa.string(),
        "slug": pa.string(),
        **_AS_THEY_ARE,
        "published_at": _MS,
        "ctr_impressions": pa.string(),
        "rules": pa.string(),
        "expires_at": _MS,
        "updated_at": _MS,
        "deleted": pa.bool_(),
        "version": pa.uint64(),
    }
)
_EMPTY: Final[dict[str, object]] = {
    **{name: () if kind == _TEXTS else "" for name, kind in zip(_SCHEMA.names, _SCHEMA.types, strict=True)},
    "status": 0,
    "published_at": None,
    "expires_at": None,
}
_NO_MORE_THAN: Final = 50_000
_ROWS_AT_ONCE: Final = 10_000
_DECODE: Final = msgspec.json.Decoder(Link).decode


class LinksTable:
    """Collects changes of links and writes them to the table `links`."""

    def __init__(self, client: AsyncClient, metrics: StreamMetrics, epoch: int) -> None:
        self._client = client
        self._metrics = metrics
        self._epoch = epoch
        self._rows: list[dict[str, object]] = []
        self._lock = asyncio.Lock()
        self.next_offset = 0

    @property
    def full(self) -> bool:
        """Whether no more should be taken before some are written."""
        return len(self._rows) >= _NO_MORE_THAN

    async def load(self, log_start: int, log_end: int) -> int:
        """The offset to read from. Raises TransientClickHouseError."""
        async with self._lock:
            with clickhouse_errors():
                result = await self._client.query("SELECT max(version) + 1 FROM links HAVING count() > 0")
            version = int(result.result_rows[0][0]) if result.result_rows else 0
            offset = version - (self._epoch << EPOCH_SHIFT)
            self._rows.clear()
            self.next_offset = offset if log_start <= offset <= log_end else log_start
            return self.next_offset

    def add(self, key: bytes | None, value: bytes | None, offset: int, timestamp_ms: int) -> None:
        """Take a change of a link; a record that is none is logged and passed over."""
        if offset < self.next_offset:
            return
        self.next_offset = offset + 1
        try:
            row = _row(key, value, timestamp_ms)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            logger.error(  # noqa: TRY400 - the traceback tells nothing more
                "a record of the topic links is no link: %s", error, extra={"topic": "links", "offset": offset}
            )
            return
        self._rows.append(row | {"version": (self._epoch << EPOCH_SHIFT) + offset})

    async def flush(self) -> None:
        """Write what was collected. Raises TransientClickHouseError; the rows are kept then."""
        async with self._lock:
            while self._rows:
                rows = self._rows[:_ROWS_AT_ONCE]
                with clickhouse_errors():
                    await self._client.insert_arrow("links", pa.Table.from_pylist(rows, schema=_SCHEMA))
                del self._rows[: len(rows)]
                self._metrics.links.inc(len(rows))


def _row(key: bytes | None, value: bytes | None, timestamp_ms: int) -> dict[str, object]:
    """The columns of _SCHEMA by name, without the version."""
    if not key:
        raise ValueError("it has no key")
    link_key = key.decode()
    if value is None:
        domain, _, slug = link_key.partition("/")
        return _EMPTY | {
            "link": link_key,
            "domain": domain,
            "slug": slug,
            "updated_at": timestamp_ms,
            "deleted": True,
        }
    # A form newer than ours is read for what we know of it: names and a destination mislead nobody.
    link = _DECODE(value)
    if link.key != link_key:
        raise ValueError(f"its key is {link_key!r}, its link {link.key!r}")
    return {name: getattr(link, name) for name in _AS_THEY_ARE} | {
        "link": link_key,
        "domain": link.domain,
        "slug": link.slug,
        "published_at": _storable_ms(link.published_at_ms),
        "ctr_impressions": link.impressions,
        "rules": "" if link.rules is None else msgspec.json.encode(link.rules).decode(),
        "expires_at": _storable_ms(link.expires_at_ms),
        "updated_at": _storable_ms(link.updated_at_ms or timestamp_ms),
        "deleted": False,
    }


def _storable_ms(time_ms: int | None) -> int | None:
    return None if time_ms is None else min(max(time_ms, 0), LATEST_MS)
