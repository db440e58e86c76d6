"""A batch's headers speak for lines that are no events: a poison line must look like no gap, nor count twice."""

import msgspec

from schemas.batches import BatchHeaders
from schemas.events import Click
from stream.columns import ColumnsPool
from stream.dedup import DedupState
from stream.deltas import Record
from stream.fold import Fold
from stream.state import TimeBounds

NOW_MS = 1_800_000_000_000


def fold() -> Fold:
    return Fold(DedupState(), TimeBounds(300_000, 86_400_000, 60_000), ColumnsPool())


def batch(offset: int, prev: int, *lines: bytes, first: int, last: int) -> Record:
    headers = BatchHeaders(spool="00aa", first=first, last=last, prev=prev).to_kafka()
    return Record("clicks", 0, offset, NOW_MS, headers, b"\n".join(lines))


def click(seq: int) -> bytes:
    return msgspec.json.encode(Click(time_ms=NOW_MS, link="go.example/a", seq=seq, ua="Mozilla/5.0 Firefox/130"))


def test_a_batch_that_ends_with_a_poison_line_leaves_no_gap_before_the_next() -> None:
    folding = fold()
    folding.add(batch(0, 0, click(1), b'{"type":"click","seq":2', first=1, last=2))
    tally = folding.add(batch(1, 2, click(3), first=3, last=3))
    assert (tally.gaps, tally.counted) == (0, 1)


def test_a_missing_batch_is_a_gap() -> None:
    folding = fold()
    folding.add(batch(0, 0, click(1), first=1, last=1))
    tally = folding.add(batch(1, 2, click(3), first=3, last=3))
    assert (tally.gaps, tally.counted) == (1, 1)


def test_a_poison_line_that_is_sent_again_is_no_second_dead_letter() -> None:
    folding = fold()
    broken = b'{"type":"click","seq":2'
    folding.add(batch(0, 0, click(1), broken, first=1, last=2))
    tally = folding.add(batch(1, 0, click(1), broken, first=1, last=2))
    assert (tally.dead_letters, tally.resent) == (0, 2)
    assert len(folding.deltas.poison) == 1
