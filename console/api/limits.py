"""How much one may ask: a bucket a caller, refilled with time; as much memory as was set, whoever asks."""

import math
from collections import OrderedDict
from typing import Final, NamedTuple


class Grant(NamedTuple):
    """What one request found: how many more may follow at once, and the seconds to wait where none may."""

    remaining: int
    wait_s: int

    @property
    def granted(self) -> bool:
        """Whether the request may pass."""
        return not self.wait_s


class Buckets:
    """`burst` at once, `per_second` on average, for each of the `kept` names that asked last."""

    def __init__(self, *, per_second: float, burst: int, kept: int) -> None:
        self.per_second: Final = per_second
        self.burst: Final = burst
        self._kept: Final = kept
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is left of a name's bucket, and when that was so; who asked last stands last."""

    def take(self, name: str, now_s: float) -> Grant:
        """Take one from the bucket of `name`, if it has one."""
        level, then_s = self._levels.pop(name, (float(self.burst), now_s))
        level = min(self.burst, level + max(0.0, now_s - then_s) * self.per_second)
        granted = level >= 1.0
        if granted:
            level -= 1.0
        self._levels[name] = (level, now_s)
        if len(self._levels) > self._kept:
            self._levels.popitem(last=False)
        return Grant(int(level), 0 if granted else max(1, math.ceil((1.0 - level) / self.per_second)))

    def __len__(self) -> int:
        return len(self._levels)
