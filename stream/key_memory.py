"""The idempotency keys that one topic-partition remembers, in 30 bytes each: there may be tens of millions."""

from array import array
from bisect import bisect_left
from typing import Final, NamedTuple

import numpy as np

SHARDS: Final = 4096
_SHARD_SHIFT: Final = 64 - 12
_SWEPT_AT_ONCE: Final = 16
"""Shards a sweep looks at: all of them in 256 flushes, some 0.4 ms each at 17 million keys."""


class Life(NamedTuple):
    """The highest seq applied of a key, and the time (seconds) at which its first event was."""

    seq: int
    born_s: int


class _Shard:
    """Some keys, sorted by their first halves: parallel arrays, so that a key costs its bytes and nothing else."""

    __slots__ = ("born_s", "high", "low", "seq")

    def __init__(self) -> None:
        self.high = array("Q")
        self.low = array("Q")
        self.seq = array("Q")
        self.born_s = array("I")

    def find(self, high: int, low: int) -> tuple[int, bool]:
        """Where the key is or would be, and whether it is there."""
        at = bisect_left(self.high, high)
        while at < len(self.high) and self.high[at] == high:
            if self.low[at] == low:
                return at, True
            at += 1
        return at, False

    def keep_since(self, born_s: int) -> int:
        """Drop the keys that were born before; returns how many."""
        keep = np.frombuffer(self.born_s, np.uint32) >= born_s
        dropped = len(keep) - int(np.count_nonzero(keep))
        if dropped:
            for name, kind in (("high", np.uint64), ("low", np.uint64), ("seq", np.uint64), ("born_s", np.uint32)):
                old = getattr(self, name)
                setattr(self, name, array(old.typecode, np.frombuffer(old, kind)[keep].tobytes()))
        return dropped


class KeyMemory:
    """Lives by key, a key being two halves of 64 bits: see schemas.idempotency.

    Who reads decides whether a life is over; `sweep` only gives back memory, and may be late.
    """

    def __init__(self) -> None:
        self._shards: dict[int, _Shard] = {}
        self._count = 0
        self._next = 0

    def __len__(self) -> int:
        return self._count

    def get(self, high: int, low: int) -> Life | None:
        """The life of a key."""
        shard = self._shards.get(high >> _SHARD_SHIFT)
        if shard is None:
            return None
        at, is_there = shard.find(high, low)
        return Life(shard.seq[at], shard.born_s[at]) if is_there else None

    def put(self, high: int, low: int, life: Life) -> None:
        """Remember the life of a key, instead of the one before."""
        shard = self._shards.get(high >> _SHARD_SHIFT)
        if shard is None:
            shard = self._shards[high >> _SHARD_SHIFT] = _Shard()
        at, is_there = shard.find(high, low)
        if is_there:
            shard.seq[at], shard.born_s[at] = life
            return
        shard.high.insert(at, high)
        shard.low.insert(at, low)
        shard.seq.insert(at, life.seq)
        shard.born_s.insert(at, life.born_s)
        self._count += 1

    def has_another(self, high: int, low: int, born_since_s: int) -> bool:
        """Whether a key with this first half and another second one was born since."""
        shard = self._shards.get(high >> _SHARD_SHIFT)
        if shard is None:
            return False
        at = bisect_left(shard.high, high)
        while at < len(shard.high) and shard.high[at] == high:
            if shard.low[at] != low and shard.born_s[at] >= born_since_s:
                return True
            at += 1
        return False

    def sweep(self, born_since_s: int) -> None:
        """Forget keys born before, in the shards whose turn it is."""
        for turn in range(self._next, self._next + _SWEPT_AT_ONCE):
            shard = self._shards.get(turn % SHARDS)
            if shard is not None:
                self._count -= shard.keep_since(born_since_s)
                if not shard.high:
                    del self._shards[turn % SHARDS]
        self._next = (self._next + _SWEPT_AT_ONCE) % SHARDS
