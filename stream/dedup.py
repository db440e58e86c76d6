"""Which events of a spool were applied already: the highest seq of each spool, and nothing else.

Within one partition a spool's events arrive in order, so whatever is not above the highest seq is a resend.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SPOOL_TTL_S: Final = 110 * 24 * 3600
"""Longer than any accepted event is old, so a resend after it is a dead letter, never a second count."""

KEY_TTL_S: Final = 48 * 3600
"""How long an Idempotency-Key is remembered; the spool ids derived from keys begin with `k`."""


@dataclass(slots=True)
class Applied:
    """The highest seq applied, and the Kafka time (seconds) of the record that carried it."""

    seq: int
    touched_s: int


class DedupState:
    """The dedup state of one topic-partition. A function of the log alone: it knows no clock but the records'."""

    def __init__(self, rows: Iterable[tuple[str, int, int]] = ()) -> None:
        """`rows` are (spool, last seq, touched at in seconds), as the counter table holds them."""
        self._applied = {spool: Applied(seq, touched_s) for spool, seq, touched_s in rows}

    def __len__(self) -> int:
        return len(self._applied)

    def last_seq(self, spool: str, now_s: int) -> int:
        """The highest seq applied of `spool`, 0 when there is none or it is forgotten by now."""
        found = self._applied.get(spool)
        if found is None or now_s - found.touched_s > ttl_s(spool):
            return 0
        return found.seq

    def advance(self, spool: str, seq: int, now_s: int) -> None:
        """Take note that `seq` of `spool` was applied in a record of Kafka time `now_s`."""
        self._applied[spool] = Applied(seq, now_s)

    def row(self, spool: str) -> tuple[str, int, int]:
        """(spool, last seq, touched at in seconds) of a spool that was advanced."""
        found = self._applied[spool]
        return spool, found.seq, found.touched_s

    def forget_expired(self, now_s: int) -> None:
        """Free the memory of spools that `last_seq` would no longer find."""
        expired = [spool for spool, found in self._applied.items() if now_s - found.touched_s > ttl_s(spool)]
        for spool in expired:
            del self._applied[spool]


def ttl_s(spool: str) -> int:
    """How long after its last event a spool is remembered."""
    return KEY_TTL_S if spool.startswith("k") else SPOOL_TTL_S
