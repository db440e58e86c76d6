"""Which events of a spool were applied already: the highest seq of each spool, and nothing else.

Within one partition a spool's events arrive in order, so whatever is not above the highest seq is a resend.

Spools of hosts are remembered from their last event on, keys (schemas.idempotency) from their first: a life of
KEY_TTL_S, however often it is repeated. A key that comes again after its life begins another one. So that a key's
state is a function of the log alone:

* The time is the records', and never goes back: the highest Kafka time seen, which the head's row holds too.
* A life is over by that time, not when its memory is freed. Freeing may be late; it changes no answer.
* Each life has a row of its own in the counter table (its `first_offset` is the second it began), written in the
  flush that advances it. The row with the latest life says how far it came; rows of earlier lives never mix in,
  merged or not, and whoever reads head and rows at one instant is where the writer was.

Exactly once for a keyed request: it enters one spool in one write, or none. Its events go to their partitions, and
there each is applied by (spool, position), whichever host sent it first and however often it is cut and sent again:
positions rise within a record, and a host that resends begins at or before where another stopped.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.counters import SPOOL_TTL_S
from schemas.idempotency import KEY_TTL_S, halves, is_key
from stream.key_memory import KeyMemory, Life
from stream.state import StateRow


class DedupRow(NamedTuple):
    """A spool as the counter table holds it.

    `touched_s` is the Kafka time (seconds) of the record that advanced it last, of a key that began its life.
    """

    spool: str
    seq: int
    touched_s: int


class DedupState:
    """The dedup state of one topic-partition. A function of the log alone: it knows no clock but the records'."""

    def __init__(self, rows: Iterable[tuple[str, int, int]] = (), now_s: int = 0) -> None:
        """`rows` are DedupRows; `now_s` is the Kafka time that was reached when they were written."""
        self._now_s = now_s
        self._spools: dict[str, tuple[int, int]] = {}
        """(seq, touched_s), in the order of touch."""
        self._keys = KeyMemory()
        for spool, seq, touched_s in sorted(rows, key=lambda row: row[2]):
            if is_key(spool):
                self._keys.put(*halves(spool), Life(seq, touched_s))
            else:
                self._spools[spool] = seq, touched_s

    def __len__(self) -> int:
        """How many spools and keys take memory; some may be forgotten already."""
        return len(self._spools) + len(self._keys)

    @property
    def now_s(self) -> int:
        """The highest Kafka time (seconds) that was reached."""
        return self._now_s

    def reach(self, now_s: int) -> None:
        """Take note of the Kafka time (seconds) of the next record. Said of every record, whatever is in it."""
        self._now_s = max(self._now_s, now_s)

    def last_seq(self, spool: str) -> int:
        """The highest seq applied of `spool`, 0 when there is none or it is forgotten by now."""
        if is_key(spool):
            life = self._keys.get(*halves(spool))
            return 0 if life is None or self._now_s - life.born_s > KEY_TTL_S else life.seq
        seq, touched_s = self._spools.get(spool, (0, 0))
        return 0 if self._now_s - touched_s > SPOOL_TTL_S else seq

    def advance(self, spool: str, seq: int) -> bool:
        """Take note that `seq` of `spool` was applied now.

        True: a key begins its life while another with the same first half lives, so it came with other bytes.
        """
        now_s = self._now_s
        if not is_key(spool):
            self._spools.pop(spool, None)
            self._spools[spool] = seq, now_s
            return False
        high, low = halves(spool)
        life = self._keys.get(high, low)
        is_new = life is None or now_s - life.born_s > KEY_TTL_S
        self._keys.put(high, low, Life(seq, now_s if life is None or is_new else life.born_s))
        return is_new and self._keys.has_another(high, low, now_s - KEY_TTL_S)

    def row(self, spool: str) -> DedupRow:
        """The row of a spool that was advanced."""
        if is_key(spool):
            life = self._keys.get(*halves(spool))
            assert life is not None  # noqa: S101 - it was advanced, and lives at least until the next sweep
            return DedupRow(spool, *life)
        return DedupRow(spool, *self._spools[spool])

    def rows_of(self, spools: Iterable[str]) -> list[StateRow]:
        """The rows of spools that were advanced, in order; each life of a key has one of its own."""
        rows = (self.row(spool) for spool in sorted(spools))
        return [
            StateRow(spool, value=seq, touched_s=touched_s, scope=touched_s if is_key(spool) else 0)
            for spool, seq, touched_s in rows
        ]

    def forget_expired(self) -> None:
        """Free memory of what `last_seq` would no longer find: little at a time, and never all of it looked at."""
        self._keys.sweep(self._now_s - KEY_TTL_S)
        while self._spools:
            spool = next(iter(self._spools))
            if self._now_s - self._spools[spool][1] <= SPOOL_TTL_S:
                break
            del self._spools[spool]
