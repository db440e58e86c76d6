"""The rows of a flush for the counter table, as one Arrow stream."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa

from schemas.counters import DELTA, GAP, HEAD, MARKER
from schemas.events import TRAFFIC_CLASSES
from stream.chain import Flushed
from stream.classify import REPORTED
from stream.columns import KINDS, SOURCES, Ints
from stream.deltas import WINDOW_MS, Deltas
from stream.judged import Coded, Judged, distinct_of, repeated
from stream.state import KeptSnapshot

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
"""The counter table's columns as a flush sends them; times as seconds, the month as days since 1970. `reading`
and `recent` are sent beside them by a flush that has some."""

_READING: Final = pa.struct(
    [("place", pa.int8()), ("metric", pa.string()), ("observed_ms", pa.int64()), ("total", pa.uint64())]
)
_RECENT: Final = pa.struct([("touched_s", pa.uint32()), ("first_offset", pa.int64()), ("clicks", pa.binary())])
NO_READING: Final = (0, "", 0, 0)
NO_RECENT: Final = (0, 0, b"")
"""What other rows hold there."""
_RARE: Final = {"reading": (_READING, NO_READING), "recent": (_RECENT, NO_RECENT)}
"""Columns that are sent where a row has some."""


@dataclass(frozen=True, slots=True)
class Block:
    """An Arrow stream of one record batch: its bytes, how many rows they hold, and of which columns."""

    body: pa.Buffer
    rows: int
    columns: tuple[str, ...] = ()


def counter_rows(flushed: Flushed, deltas: Deltas, judged: Judged) -> Block:
    """Every row of a flush, of all kinds, in one block: what must become visible together.

    Columns that do not apply to a kind hold a neutral value, so that the deltas of a link and minute
    collapse across flushes.
    """
    columns = _Columns(_delta_columns(judged))
    touched_s = deltas.last_timestamp_ms // 1000
    tally = deltas.tally
    chain = flushed.chain
    place = {"topic": chain.name, "partition": chain.partition, "last_offset": flushed.last}
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
    for kind, rows in sorted(deltas.states.items()):
        for row in rows:
            columns.add(
                {"topic": chain.topic, "partition": chain.partition},
                kind=kind,
                spool=row.spool,
                link=row.link,
                source=row.source,
                window_start=row.window_s,
                first_offset=row.scope,
                last_seq=row.value,
                touched_at=row.touched_s,
                **({} if row.reading is None else {"reading": row.reading}),
                **({} if row.recent is None else {"recent": row.recent}),
            )
    for (link, window_s, source), impressions in _differences(deltas.snapshots).items():
        columns.add(
            {"class": REPORTED.traffic_class, "impression_kind": "platform"},
            kind=DELTA,
            link=link,
            window_start=window_s,
            source=source,
            rules=judged.rules,
            impressions=impressions,
        )
    if flushed.leaves_gap:
        columns.add(
            place | {"last_offset": flushed.first - 1},
            kind=GAP,
            touched_at=touched_s,
            first_offset=flushed.head + 1,
            batches=1,
        )
    return block_of(columns.batch(flush_month=_month_days(deltas.first_timestamp_ms)))


def _differences(snapshots: Iterable[KeptSnapshot]) -> dict[tuple[str, int, str], int]:
    """What snapshots add to (link, window, source)."""
    sums: Counter[tuple[str, int, str]] = Counter()
    for kept in snapshots:
        for one in kept.differences:
            sums[kept.snapshot.link, one.window_s, one.source] += one.impressions
    return {place: impressions for place, impressions in sums.items() if impressions}


def _delta_columns(judged: Judged) -> dict[str, Any]:
    """The counts of a flush by link, minute, class, source and kind, column by column, sorted by link and minute.

    A click and an impression never share a cell: only impressions have a kind.
    """
    order, columns = judged.order, judged.columns
    minutes = columns.number("time_ms")[order] // WINDOW_MS
    first = int(minutes.min()) if len(minutes) else 0
    sizes = (int(minutes.max()) - first + 1 if len(minutes) else 1, len(TRAFFIC_CLASSES), len(SOURCES), len(KINDS))
    places = (
        minutes - first,
        judged.classes[order],
        columns.number("source")[order],
        columns.number("kind")[order],
    )
    keys = judged.links.codes[order]
    for size, place in zip(sizes, places, strict=True):
        keys = keys * size + place
    cells, distinct = distinct_of(keys)
    counts = _sums(cells, columns.number("count")[order], len(distinct))
    cell_places = []
    for size in reversed(sizes):
        distinct, place = np.divmod(distinct, size)
        cell_places.append(place)
    kind, source, traffic_class, minute = cell_places
    return {
        "link": judged.links.texts.take(pa.array(distinct)),
        "window_start": (minute + first) * (WINDOW_MS // 1000),
        "class": Coded(traffic_class, pa.array(TRAFFIC_CLASSES)),
        "source": Coded(source, pa.array(SOURCES)),
        "impression_kind": Coded(kind, pa.array(KINDS)),
        "clicks": np.where(kind == 0, counts, 0),
        "impressions": np.where(kind == 0, 0, counts),
        "rules": np.full(len(counts), judged.rules),
    }


def _sums(cells: Ints, counts: Ints, n_cells: int) -> Ints:
    if (counts == 1).all():
        return np.bincount(cells, minlength=n_cells)
    sums = np.zeros(n_cells, np.int64)
    np.add.at(sums, cells, counts)
    return sums


class _Columns:
    """The counter table's columns: deltas first, then single rows; what a row does not name is neutral."""

    def __init__(self, deltas: dict[str, Any]) -> None:
        self._deltas = deltas
        self._n_deltas = len(deltas["link"])
        self._rows: list[dict[str, object]] = []

    def add(self, place: dict[str, object], **values: object) -> None:
        self._rows.append(place | values)

    def batch(self, *, flush_month: int) -> pa.RecordBatch:
        columns = {
            name: pa.array(np.full(self._n_deltas + len(self._rows), flush_month), pa.uint16())
            if name == "flush_month"
            else self._array(name, kind)
            for name, kind in COUNTER_COLUMNS.items()
        }
        for name, (kind, neutral) in _RARE.items():
            if any(name in row for row in self._rows):
                of_deltas = pa.repeat(pa.scalar(neutral, kind), self._n_deltas)
                of_rows = pa.array([row.get(name, neutral) for row in self._rows], kind)
                columns[name] = pa.concat_arrays([of_deltas, of_rows])
        return pa.record_batch([*columns.values()], names=[*columns])

    def _array(self, name: str, kind: str) -> pa.Array:
        rows: list[Any] = [row.get(name, "" if kind == "String" else 0) for row in self._rows]
        deltas = self._deltas.get(name)
        if kind != "String":
            before = np.zeros(self._n_deltas) if deltas is None else deltas
            return pa.array(np.concatenate([np.asarray(before, kind.lower()), np.array(rows, kind.lower())]))
        if name == "link":
            return pa.concat_arrays([deltas, pa.array(rows, pa.string())])
        return (repeated("", self._n_deltas) if deltas is None else deltas).extended(rows).by_dictionary()


def warm_up() -> None:
    """Have Arrow import what it imports at first use: 0.3 s that the first flush would pay for."""
    pa.array([""], pa.string()).dictionary_encode()


def _month_days(timestamp_ms: int) -> int:
    day = datetime.fromtimestamp(timestamp_ms / 1000, UTC).date()
    return (day.replace(day=1) - date(1970, 1, 1)).days


def block_of(batch: pa.RecordBatch) -> Block:
    """The batch as it is sent."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return Block(sink.getvalue(), batch.num_rows, tuple(batch.schema.names))
