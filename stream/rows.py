"""The rows of a flush as Arrow streams: one for the counter table, one for `events`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.events import Impression
from stream.chain import Flushed
from stream.classify import RULES
from stream.dedup import DedupState
from stream.fold import WINDOW_MS, CounterKey, Deltas, FoldedRecord

DELTA: Final = 0
HEAD: Final = 1
MARKER: Final = 2
DEDUP: Final = 3
GAP: Final = 5

COUNTER_COLUMNS: Final = {
    "kind": "UInt8",
    "topic": "String",
    "partition": "Int32",
    "first_offset": "Int64",
    "spool": "String",
    "link": "String",
    "window_start": "UInt32",
    "class": "String",
    "source": "String",
    "impression_kind": "String",
    "rules": "UInt16",
    "flush_month": "UInt16",
    "clicks": "Int64",
    "impressions": "Int64",
    "last_offset": "Int64",
    "last_seq": "UInt64",
    "touched_at": "UInt32",
    "batches": "UInt64",
    "records": "UInt64",
    "events": "UInt64",
    "resent": "UInt64",
    "dead_letters": "UInt64",
    "late": "UInt64",
}
"""The counter table's columns as a flush sends them; times as seconds, the month as days since 1970."""

EVENT_COLUMNS: Final = (
    "type",
    "time",
    "link",
    "class",
    "reason",
    "rules",
    "source",
    "impression_kind",
    "count",
    "visitor",
    "ua",
    "referrer",
    "topic",
    "partition",
    "record_offset",
    "event_index",
    "spool",
    "seq",
    "received_at",
)

_ARROW: Final = {
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
    "String": pa.string(),
}
_COUNTER_SCHEMA: Final = pa.schema([(name, _ARROW[kind]) for name, kind in COUNTER_COLUMNS.items()])
_MS: Final = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True, slots=True)
class Block:
    """An Arrow stream of one record batch: its bytes and how many rows they hold."""

    body: bytes
    rows: int


def counter_rows(flushed: Flushed, deltas: Deltas, dedup: DedupState) -> Block:
    """Every row of a flush, of all kinds, in one block: what must become visible together.

    Columns that do not apply to a kind hold a neutral value, so that the deltas of a link and minute
    collapse across flushes.
    """
    keys: dict[CounterKey, tuple[int, int]] = {key: (count, 0) for key, count in deltas.clicks.items()}
    for key, count in deltas.impressions.items():
        keys[key] = (keys.get(key, (0, 0))[0], count)
    spools = [dedup.row(spool) for spool in sorted(deltas.spools)]
    gap = [(flushed.head + 1, flushed.first - 1)] if flushed.leaves_gap else []
    n, d, g = len(keys), len(spools), len(gap)
    rows = n + 2 + d + g
    tally = deltas.tally
    month = _month_days(deltas.first_timestamp_ms)
    touched_s = deltas.last_timestamp_ms // 1000

    def strings(for_deltas: Sequence[str], others: Sequence[str]) -> pa.Array:
        return pa.array([*for_deltas, *others], pa.string())

    def only_marker(value: int) -> pa.Array:
        return _numbers("UInt64", rows, {n + 1: value})

    nobody = [""] * (2 + d + g)
    columns = {
        "kind": pa.array([DELTA] * n + [HEAD, MARKER] + [DEDUP] * d + [GAP] * g, pa.uint8()),
        "topic": strings([""] * n, [flushed.topic] * (2 + d + g)),
        "partition": pa.array([0] * n + [flushed.partition] * (2 + d + g), pa.int32()),
        "first_offset": pa.array([0] * n + [0, flushed.first] + [0] * d + [first for first, _ in gap], pa.int64()),
        "spool": strings([""] * n, ["", "", *(spool for spool, _, _ in spools), *[""] * g]),
        "link": strings([key.link for key in keys], nobody),
        "window_start": pa.array(
            [key.minute * (WINDOW_MS // 1000) for key in keys] + [0] * (2 + d + g), pa.uint32()
        ),
        "class": strings([key.traffic_class for key in keys], nobody),
        "source": strings([key.source for key in keys], nobody),
        "impression_kind": strings([key.impression_kind for key in keys], nobody),
        "rules": pa.array([RULES] * n + [0] * (2 + d + g), pa.uint16()),
        "flush_month": pa.array([month] * rows, pa.uint16()),
        "clicks": pa.array([clicks for clicks, _ in keys.values()] + [0] * (2 + d + g), pa.int64()),
        "impressions": pa.array([shown for _, shown in keys.values()] + [0] * (2 + d + g), pa.int64()),
        "last_offset": pa.array(
            [0] * n + [flushed.last, flushed.last] + [0] * d + [last for _, last in gap], pa.int64()
        ),
        "last_seq": pa.array([0] * (n + 2) + [seq for _, seq, _ in spools] + [0] * g, pa.uint64()),
        "touched_at": pa.array(
            [0] * n + [touched_s, touched_s] + [touched for _, _, touched in spools] + [touched_s] * g,
            pa.uint32(),
        ),
        "batches": pa.array([0] * n + [0, 1] + [0] * d + [1] * g, pa.uint64()),
        "records": only_marker(tally.records),
        "events": only_marker(tally.counted),
        "resent": only_marker(tally.resent),
        "dead_letters": only_marker(tally.dead_letters),
        "late": only_marker(tally.late),
    }
    batch = pa.record_batch([columns[name] for name in COUNTER_COLUMNS], schema=_COUNTER_SCHEMA)
    return _stream(batch)


def event_rows(folded: Sequence[FoldedRecord]) -> Block:
    """The counted events of a flush, in the order of EVENT_COLUMNS."""
    events = [event for part in folded for event in part.events]
    verdicts = [verdict for part in folded for verdict in part.verdicts]
    sizes = [len(part.events) for part in folded]
    shown = [event if isinstance(event, Impression) else None for event in events]

    def per_record(values: Sequence[int], dtype: str) -> pa.Array:
        return pa.array(np.repeat(np.array(values, dtype=dtype), sizes))

    def spool_of(part: FoldedRecord) -> list[str]:
        return [event.spool or part.spool for event in part.events]

    columns = {
        "type": pa.array(["click" if one is None else "impression" for one in shown], pa.string()),
        "time": pa.array([event.time_ms for event in events], pa.int64()).cast(_MS),
        "link": pa.array([event.link for event in events], pa.string()),
        "class": pa.array([verdict.traffic_class for verdict in verdicts], pa.string()),
        "reason": pa.array([verdict.reason for verdict in verdicts], pa.string()),
        "rules": pa.array(np.full(len(events), RULES, dtype="uint16")),
        "source": pa.array(["" if one is None else one.source for one in shown], pa.string()),
        "impression_kind": pa.array(["" if one is None else one.kind for one in shown], pa.string()),
        "count": pa.array([1 if one is None else one.count for one in shown], pa.int64()),
        "visitor": pa.array([event.visitor for event in events], pa.uint64()),
        "ua": pa.array([event.ua for event in events], pa.string()),
        "referrer": pa.array([event.referrer for event in events], pa.string()),
        "topic": pa.array([part.record.topic for part in folded for _ in part.events], pa.string()),
        "partition": per_record([part.record.partition for part in folded], "int32"),
        "record_offset": per_record([part.record.offset for part in folded], "int64"),
        "event_index": pa.array([index for part in folded for index in part.indexes], pa.uint32()),
        "spool": pa.array([spool for part in folded for spool in spool_of(part)], pa.string()),
        "seq": pa.array([event.seq for event in events], pa.uint64()),
        "received_at": per_record([part.record.timestamp_ms for part in folded], "int64").cast(_MS),
    }
    return _stream(pa.record_batch([columns[name] for name in EVENT_COLUMNS], names=list(EVENT_COLUMNS)))


def _numbers(kind: str, rows: int, values: dict[int, int]) -> pa.Array:
    column = np.zeros(rows, dtype=kind.lower())
    for row, value in values.items():
        column[row] = value
    return pa.array(column)


def _month_days(timestamp_ms: int) -> int:
    day = datetime.fromtimestamp(timestamp_ms / 1000, UTC).date()
    return (day.replace(day=1) - date(1970, 1, 1)).days


def _stream(batch: pa.RecordBatch) -> Block:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return Block(sink.getvalue().to_pybytes(), batch.num_rows)
