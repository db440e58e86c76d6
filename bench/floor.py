"""The database's own floor: the same NDJSON bytes straight into ClickHouse, into the same two tables.

What it leaves out is what it is there to price: no consuming, no identity, no deduplication, no traffic classes,
no offsets, no check of the chain. Columns that it cannot know keep their defaults; seq and row number stand for
an identity, or merging would take different events of one link and millisecond for one.
"""

import time
from collections.abc import Sequence
from urllib.parse import urlencode

from bench.stack import query
from deploy.local.processes import ClickHouse
from stream.sink import _ONE_BLOCK

_INCOMING = """
CREATE TABLE {name}.incoming
(
    type LowCardinality(String), time_ms UInt64, link String, seq UInt64, visitor UInt64, ua String,
    referrer String, purpose String, source LowCardinality(String), kind LowCardinality(String),
    country LowCardinality(String), language LowCardinality(String), network LowCardinality(String),
    utm_source LowCardinality(String), utm_medium LowCardinality(String), utm_campaign LowCardinality(String),
    scan UInt8, count Int64 DEFAULT 1
)
ENGINE = Null
"""
_TO_COUNTERS = """
CREATE MATERIALIZED VIEW {name}.to_counters TO {name}.counters AS
SELECT 0 AS kind, link, toDateTime(intDiv(time_ms, 60000) * 60, 'UTC') AS window_start, source,
       incoming.kind AS impression_kind, toDate('2026-11-01') AS flush_month,
       sum(if(type = 'click', 1, 0)) AS clicks, sum(if(type = 'click', 0, count)) AS impressions
FROM {name}.incoming
GROUP BY link, window_start, source, impression_kind
"""
_TO_EVENTS = """
CREATE MATERIALIZED VIEW {name}.to_events TO {name}.events AS
SELECT type, fromUnixTimestamp64Milli(toInt64(time_ms), 'UTC') AS time, link, source, kind AS impression_kind,
       count, visitor, ua, referrer, purpose, country, language, network, utm_source, utm_medium, utm_campaign,
       scan, type AS topic, seq AS record_offset, toUInt32(rowNumberInAllBlocks()) AS event_index, seq
FROM {name}.incoming
"""
SETTINGS = _ONE_BLOCK | {
    "deduplicate_insert": "disable",
    "input_format_skip_unknown_fields": 1,
}
"""Whatever makes the worker's inserts cheap, the floor has too."""


def create(server: ClickHouse, name: str) -> None:
    """The Null table and its views beside the tables of a migrated database."""
    for statement in (_INCOMING, _TO_COUNTERS, _TO_EVENTS):
        query(server, statement.format(name=name))


def insert_all(
    server: ClickHouse, name: str, values: Sequence[bytes], *, insert_events: int, batch_events: int
) -> float:
    """Post every batch, so many events an insert, one insert after the other; returns the seconds it took."""
    began = time.monotonic()
    step = max(1, insert_events // batch_events)
    statement = f"INSERT INTO {name}.incoming FORMAT JSONEachRow\n"
    parameters = urlencode(SETTINGS)
    for start in range(0, len(values), step):
        query(server, statement, b"".join(values[start : start + step]), parameters)
    return time.monotonic() - began
