"""The rows of a flush as Arrow streams: one for the counter table, one for `events`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import repeat
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.events import Click, Event, Impression
from stream.chain import Flushed
from stream.classify import RULES
from stream.dedup import DedupState
from stream.fold import WINDOW_MS, Deltas, FoldedRecord

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

_MS: Final = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True, slots=True)
class Block:
    """An Arrow stream of one record batch: its bytes and how many rows they hold."""

    body: pa.Buffer
    rows: int


def counter_rows(flushed: Flushed, deltas: Deltas, dedup: DedupState) -> Block:
    """Every row of a flush, of all kinds, in one block: what must become visible together.

    Columns that do not apply to a kind hold a neutral value, so that the deltas of a link and minute
    collapse across flushes.
    """
    n_deltas = len(deltas.clicks) + len(deltas.impressions)
    columns = _Columns(_delta_columns(deltas), n_deltas)
    touched_s = deltas.last_timestamp_ms // 1000
    tally = deltas.tally
    place = {"topic": flushed.topic, "partition": flushed.partition, "last_offset": flushed.last}
    columns.add(place, kind=HEAD, touched_at=touched_s)
    columns.add(
        place,
        kind=MARKER,
        touched_at=touched_s,
        first_offset=flushed.first,
        batches=1,
        records=tally.records,
        events=tally.counted,
        resent=tally.resent,
        dead_letters=tally.dead_letters,
        late=tally.late,
    )
    topic = flushed.topic.partition("@")[0]
    for spool in sorted(deltas.spools):
        _, seq, spool_touched_s = dedup.row(spool)
        columns.add(
            {"topic": topic, "partition": flushed.partition},
            kind=DEDUP,
            spool=spool,
            last_seq=seq,
            touched_at=spool_touched_s,
        )
    if flushed.leaves_gap:
        columns.add(
            place | {"last_offset": flushed.first - 1},
            kind=GAP,
            touched_at=touched_s,
            first_offset=flushed.head + 1,
            batches=1,
        )
    return _stream(columns.batch(flush_month=_month_days(deltas.first_timestamp_ms)))


def _delta_columns(deltas: Deltas) -> dict[str, Sequence[object]]:
    """The deltas column by column. A click and an impression never share a key: only impressions have a kind."""
    keys = [*deltas.clicks, *deltas.impressions]
    if not keys:
        return {}
    links, minutes, classes, sources, kinds = zip(*keys, strict=True)
    shown = len(deltas.impressions)
    return {
        "link": links,
        "window_start": [minute * (WINDOW_MS // 1000) for minute in minutes],
        "class": classes,
        "source": sources,
        "impression_kind": kinds,
        "clicks": [*deltas.clicks.values(), *repeat(0, shown)],
        "impressions": [*repeat(0, len(deltas.clicks)), *deltas.impressions.values()],
    }


class _Columns:
    """The counter table's columns: deltas first, then single rows; what a row does not name is neutral."""

    def __init__(self, deltas: dict[str, Sequence[object]], n_deltas: int) -> None:
        self._deltas = deltas
        self._n_deltas = n_deltas
        self._rows: list[dict[str, object]] = []

    def add(self, place: dict[str, object], **values: object) -> None:
        self._rows.append(place | values)

    def batch(self, *, flush_month: int) -> pa.RecordBatch:
        arrays = [
            pa.array(np.full(self._n_deltas + len(self._rows), flush_month), pa.uint16())
            if name == "flush_month"
            else self._array(name, kind)
            for name, kind in COUNTER_COLUMNS.items()
        ]
        return pa.record_batch(arrays, names=list(COUNTER_COLUMNS))

    def _array(self, name: str, kind: str) -> pa.Array:
        neutral: object = "" if kind == "String" else 0
        rows = [row.get(name, neutral) for row in self._rows]
        found = self._deltas.get(name)
        if kind != "String":
            before = found if found is not None else np.full(self._n_deltas, RULES if name == "rules" else 0)
            return pa.array(np.concatenate([np.asarray(before, kind.lower()), np.array(rows, kind.lower())]))
        if found is not None and name == "link":
            return pa.array([*found, *rows], pa.string())
        return pa.array([*(found or repeat("", self._n_deltas)), *rows], pa.string()).dictionary_encode()


def event_rows(folded: Sequence[FoldedRecord]) -> Block:
    """The counted events of a flush, in the order of EVENT_COLUMNS. What repeats is encoded by dictionary."""
    events = [event for part in folded for event in part.events]
    verdicts = [verdict for part in folded for verdict in part.verdicts]
    sizes = [len(part.events) for part in folded]
    spools = [event.spool for event in events]
    columns = {
        "time": pa.array([event.time_ms for event in events], pa.int64()).cast(_MS),
        "link": pa.array([event.link for event in events], pa.string()),
        "class": _repeating([verdict[0] for verdict in verdicts]),
        "reason": _repeating([verdict[1] for verdict in verdicts]),
        "rules": pa.array(np.full(len(events), RULES, "uint16")),
        "visitor": pa.array([event.visitor for event in events], pa.uint64()),
        "ua": _repeating([event.ua for event in events]),
        "referrer": _repeating([event.referrer for event in events]),
        "topic": _per_record([part.record.topic for part in folded], sizes),
        "partition": pa.array(np.repeat(np.array([part.record.partition for part in folded], "int32"), sizes)),
        "record_offset": pa.array(np.repeat(np.array([part.record.offset for part in folded], "int64"), sizes)),
        "event_index": pa.array(np.concatenate([np.asarray(part.indexes, "uint32") for part in folded])),
        "spool": _repeating([event.spool or part.spool for part in folded for event in part.events])
        if any(spools)
        else _per_record([part.spool for part in folded], sizes),
        "seq": pa.array([event.seq for event in events], pa.uint64()),
        "received_at": pa.array(
            np.repeat(np.array([part.record.timestamp_ms for part in folded], "int64"), sizes)
        ).cast(_MS),
    } | _kind_columns(events)
    return _stream(pa.record_batch([columns[name] for name in EVENT_COLUMNS], names=list(EVENT_COLUMNS)))


def _kind_columns(events: Sequence[Event]) -> dict[str, pa.Array]:
    """What tells clicks from impressions. A topic has one type of event, so one look tells them all."""
    if isinstance(events[0], Click):
        return {
            "type": _repeated("click", len(events)),
            "source": _repeated("", len(events)),
            "impression_kind": _repeated("", len(events)),
            "count": pa.array(np.ones(len(events), "int64")),
        }
    shown = [event for event in events if isinstance(event, Impression)]
    return {
        "type": _repeated("impression", len(events)),
        "source": _repeating([event.source for event in shown]),
        "impression_kind": _repeating([event.kind for event in shown]),
        "count": pa.array([event.count for event in shown], pa.int64()),
    }


def _repeating(values: Sequence[str]) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode()


def _repeated(value: str, times: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(times, "int32"), pa.array([value], pa.string()))


def _per_record(values: Sequence[str], sizes: Sequence[int]) -> pa.Array:
    of_records = pa.array(values, pa.string()).dictionary_encode()
    codes = np.repeat(of_records.indices.to_numpy(), sizes)
    return pa.DictionaryArray.from_arrays(codes, of_records.dictionary)


def warm_up() -> None:
    """Have Arrow import what it imports at first use: 0.3 s that the first flush would pay for."""
    pa.array([""], pa.string()).dictionary_encode()


def _month_days(timestamp_ms: int) -> int:
    day = datetime.fromtimestamp(timestamp_ms / 1000, UTC).date()
    return (day.replace(day=1) - date(1970, 1, 1)).days


def _stream(batch: pa.RecordBatch) -> Block:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return Block(sink.getvalue(), batch.num_rows)
