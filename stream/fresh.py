"""The step behind decoding: which events of a record were not applied before. The dedup state notes them."""

import numpy as np

from schemas.snapshots import Snapshot
from stream.columns import Ints, Mask
from stream.decode import Decoded
from stream.dedup import DedupState
from stream.deltas import Deltas


def advance(dedup: DedupState, deltas: Deltas, spool: str, seq: int) -> None:
    """Take note that `seq` of `spool` was applied; the spool's row belongs to the next flush."""
    if dedup.advance(spool, seq):
        deltas.keys_reused += 1
    deltas.spools.add(spool)


def fresh_rows(dedup: DedupState, deltas: Deltas, batch_spool: str, decoded: Decoded) -> Mask | None:
    """Which rows of a record without snapshots are new; None: all of them are, nothing was applied before."""
    seqs = deltas.columns.number("seq", decoded.start)
    if decoded.spools:
        return _one_by_one(dedup, deltas, batch_spool, decoded, seqs)
    if not batch_spool:
        return None
    first, last = int(seqs[0]), int(seqs[-1])
    if first < 1 or (seqs[1:] <= seqs[:-1]).any():
        return _one_by_one(dedup, deltas, batch_spool, decoded, seqs)
    applied = dedup.last_seq(batch_spool)
    if last > applied:
        advance(dedup, deltas, batch_spool, last)
    fresh: Mask | None = None if first > applied else seqs > applied
    return fresh


def _one_by_one(dedup: DedupState, deltas: Deltas, batch_spool: str, decoded: Decoded, seqs: Ints) -> Mask:
    """Where events name spools of their own, or seqs do not rise."""
    fresh = np.ones(len(seqs), np.bool_)
    for row, seq in enumerate(seqs.tolist()):
        spool = decoded.spools.get(decoded.start + row, batch_spool)
        fresh[row] = _is_fresh(dedup, deltas, spool, seq)
    return fresh


def fresh_in_line(
    dedup: DedupState, deltas: Deltas, batch_spool: str, decoded: Decoded
) -> tuple[Mask, list[tuple[int, Snapshot]]]:
    """Which rows and which snapshots, by line, were not applied before: looked at in the order of their lines, as
    the seqs of both rise together.
    """
    columns, start = deltas.columns, decoded.start
    fresh = np.ones(len(columns) - start, np.bool_)
    snapshots: list[tuple[int, Snapshot]] = []
    rows = zip(columns.number("line", start).tolist(), columns.number("seq", start).tolist(), strict=True)
    places: list[tuple[int, int, str, int | Snapshot]] = [
        (line, seq, decoded.spools.get(start + row, batch_spool), row) for row, (line, seq) in enumerate(rows)
    ]
    places += [(line, one.seq, one.spool or batch_spool, one) for line, one in decoded.snapshots]
    for line, seq, spool, what in sorted(places, key=lambda place: place[0]):
        is_fresh = _is_fresh(dedup, deltas, spool, seq)
        if isinstance(what, int):
            fresh[what] = is_fresh
        elif is_fresh:
            snapshots.append((line, what))
    return fresh, snapshots


def _is_fresh(dedup: DedupState, deltas: Deltas, spool: str, seq: int) -> bool:
    """An event without a spool or a seq always is."""
    if not (spool and seq):
        return True
    if seq <= dedup.last_seq(spool):
        return False
    advance(dedup, deltas, spool, seq)
    return True
