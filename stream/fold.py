"""The fold: what the records since the last flush add to the counters. Pure, fast, and a function of the log.

Every decision that depends on time uses the record's Kafka timestamp, so that whoever folds the same records
on the same state gets the same deltas.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from schemas.batches import BatchHeaders, read_headers
from schemas.counters import DEDUP
from schemas.errors import PoisonError
from schemas.snapshots import Snapshot
from stream.columns import ColumnsPool, EventColumns, Ints, Mask
from stream.decode import Decoded, Poison, decode
from stream.dedup import DedupState
from stream.deltas import EVENT_BYTES, WINDOW_MS, Deltas, Part, Record, Tally
from stream.fresh import advance, fresh_in_line, fresh_rows
from stream.snapshots import refusal
from stream.state import Counted, KeptSnapshot, StateFold, TimeBounds


class Fold:
    """Folds the records of one topic-partition, in order, onto its dedup state and its other folds."""

    def __init__(
        self, dedup: DedupState, bounds: TimeBounds, pool: ColumnsPool, folds: Sequence[StateFold] = ()
    ) -> None:
        self.dedup: Final = dedup
        self.folds: Final = folds
        self._bounds = bounds
        self._pool = pool
        self.deltas = Deltas(EventColumns())

    def take_deltas(self) -> Deltas:
        """The deltas since the last call, with the rows of all folds as they are now; the state stays."""
        deltas, self.deltas = self.deltas, Deltas(EventColumns())
        deltas.states = {DEDUP: self.dedup.rows_of(deltas.spools)}
        deltas.states |= {fold.kind: fold.take_rows() for fold in self.folds}
        return deltas

    def forget_expired(self) -> None:
        """Free memory of what no answer needs any more, in every fold."""
        self.dedup.forget_expired()
        for fold in self.folds:
            fold.forget_expired()

    def add(self, record: Record) -> Tally:
        """Fold one record in; the tally is of this record alone. Never raises for what a record holds."""
        tally = Tally(records=1)
        deltas = self.deltas
        if not deltas.tally.records:
            deltas.first_timestamp_ms = record.timestamp_ms
            deltas.columns = self._pool.take()
        self._reach(record.timestamp_ms // 1000)
        deltas.last_timestamp_ms = max(deltas.last_timestamp_ms, record.timestamp_ms)
        try:
            headers = read_headers(record.headers)
        except PoisonError as error:
            self._bury(record, [Poison(0, error.reason, error.detail, record.value or b"")], tally)
        else:
            decoded = decode(record.topic, record.value, deltas.columns)
            if headers is None:
                self._bury(record, decoded.poison, tally)
                self._count(record, "", decoded, tally)
            else:
                self._add_identified(record, headers, decoded, tally)
        deltas.tally.add(tally)
        return tally

    def _reach(self, now_s: int) -> None:
        self.dedup.reach(now_s)
        for fold in self.folds:
            fold.reach(now_s)

    def _add_identified(self, record: Record, headers: BatchHeaders, decoded: Decoded, tally: Tally) -> None:
        """A batch of a spool: its headers speak for lines that cannot speak for themselves, too."""
        applied = self.dedup.last_seq(headers.spool)
        if headers.prev > applied:
            tally.gaps += 1
        if headers.last <= applied:
            tally.resent += len(decoded.poison)
        else:
            self._bury(record, decoded.poison, tally)
        self._count(record, headers.spool, decoded, tally)
        if headers.last > self.dedup.last_seq(headers.spool):
            advance(self.dedup, self.deltas, headers.spool, headers.last)

    def _bury(self, record: Record, poison: list[Poison], tally: Tally) -> None:
        self.deltas.poison.extend((record, one) for one in poison)
        tally.dead_letters += len(poison)

    def _count(self, record: Record, batch_spool: str, decoded: Decoded, tally: Tally) -> None:
        """Keep the rows of events that are new and in time; the others are counted as what they are."""
        deltas, start = self.deltas, decoded.start
        columns = deltas.columns
        fresh: Mask | None
        if decoded.snapshots:
            fresh, snapshots = fresh_in_line(self.dedup, deltas, batch_spool, decoded)
            tally.resent += len(decoded.snapshots) - len(snapshots)
            self._count_snapshots(record, batch_spool, snapshots, tally)
        if len(columns) == start:
            return
        if not decoded.snapshots:
            fresh = fresh_rows(self.dedup, deltas, batch_spool, decoded)
        in_time = self._in_time(record, start)
        if fresh is None and in_time is None and not decoded.spools:
            self._keep(record, batch_spool, start, tally)
            return
        every = np.ones(len(columns) - start, np.bool_)
        fresh = every if fresh is None else fresh
        tally.resent += len(fresh) - int(np.count_nonzero(fresh))
        wanted = fresh & (every if in_time is None else in_time)
        out_of_time = np.flatnonzero(fresh & ~wanted)
        if len(out_of_time):
            self._bury(record, _out_of_time(record, decoded, columns, out_of_time), tally)
        for row, spool in decoded.spools.items():
            if wanted[row - start]:
                deltas.spools_of[start + int(np.count_nonzero(wanted[: row - start]))] = spool
        columns.keep(start, wanted)
        if len(columns) > start:
            self._keep(record, batch_spool, start, tally)

    def _keep(self, record: Record, batch_spool: str, start: int, tally: Tally) -> None:
        """Count the rows from `start` on, as a part."""
        columns = self.deltas.columns
        rows = len(columns) - start
        self._note_late(record.timestamp_ms, columns.number("time_ms", start), tally)
        self.deltas.parts.append(Part(record.offset, record.timestamp_ms, self.dedup.now_s, batch_spool, rows))
        for fold in self.folds:
            fold.observe(Counted(columns, start))
        tally.counted += rows

    def _count_snapshots(
        self, record: Record, batch_spool: str, snapshots: list[tuple[int, Snapshot]], tally: Tally
    ) -> None:
        """Keep those that can be counted, and have the folds make what they will of them."""
        kept: list[KeptSnapshot] = []
        poison: list[Poison] = []
        lines: list[bytes] = []
        for line, snapshot in snapshots:
            refused = refusal(snapshot, record.timestamp_ms, self._bounds)
            if refused is None:
                spool = snapshot.spool or batch_spool
                kept.append(KeptSnapshot(snapshot, record.offset, line, record.timestamp_ms, spool))
            else:
                lines = lines or (record.value or b"").split(b"\n")
                poison.append(Poison(line, refused.reason, refused.detail, lines[line]))
        self._bury(record, poison, tally)
        tally.counted += len(kept)
        self.deltas.snapshots += kept
        self.deltas.overweight += len(record.value or b"") // EVENT_BYTES
        if kept:
            columns = self.deltas.columns
            for fold in self.folds:
                fold.observe(Counted(columns, len(columns), kept))

    def _in_time(self, record: Record, start: int) -> Mask | None:
        """Which rows are neither of the future nor too old, None when all are neither."""
        times = self.deltas.columns.number("time_ms", start)
        latest = record.timestamp_ms + self._bounds.max_skew_ms
        oldest = record.timestamp_ms - self._bounds.max_age_ms
        if times.min() >= oldest and times.max() <= latest:
            return None
        in_time: Mask = (times <= latest) & (times >= oldest)
        return in_time

    def _note_late(self, now_ms: int, times: Ints, tally: Tally) -> None:
        """An event is late when its window ended longer ago than is allowed."""
        # Of the windows that ended by then the last began a window earlier.
        last_late = (now_ms - self._bounds.allowed_lateness_ms) // WINDOW_MS * WINDOW_MS
        late = times[times < last_late]
        if not len(late):
            return
        tally.late += len(late)
        self.deltas.lateness_ms += (now_ms - late).tolist()


def _out_of_time(record: Record, decoded: Decoded, columns: EventColumns, rows: Ints) -> list[Poison]:
    lines = (record.value or b"").split(b"\n")
    poison = []
    for row in rows.tolist():
        index = int(columns.number("line", decoded.start)[row])
        ahead_ms = int(columns.number("time_ms", decoded.start)[row]) - record.timestamp_ms
        line = lines[index]
        if ahead_ms > 0:
            poison.append(Poison(index, "future", f"{ahead_ms} ms ahead of the broker's clock", line))
        else:
            poison.append(Poison(index, "too_old", f"{-ahead_ms} ms behind the broker's clock", line))
    return poison
