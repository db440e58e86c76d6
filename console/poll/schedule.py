"""When a post is asked for again: the older, the rarer. Pure; every function takes the time.

A post's numbers move most in its first days, and X bills each reading. So the pause grows with the age::

    published   1d         7d           30d        180d         730d
    ├─ every 1h ┼─ every 6h ┼─ every 1d ─┼─ every 7d ┼─ every 30d ┤ never again
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

DEFAULT: Final = "1d:1h,7d:6h,30d:1d,180d:7d,730d:30d"
GONE_AGAIN_MS: Final = 30 * DAY_MS
"""A post that was gone is asked for again after so long: accounts come back from being suspended."""

_SPAN: Final = re.compile(r"(\d{1,6})([mhd])")
_UNITS_MS: Final = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


@dataclass(frozen=True, slots=True)
class Step:
    """Up to, and without, the age `until_ms` a post is asked for every `every_ms`."""

    until_ms: int
    every_ms: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Steps by age. Beyond the last, a post is not asked for any more."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read `1d:1h,7d:6h`: ages and pauses in m, h or d. Raises ValueError."""
        steps = []
        for part in text.replace(" ", "").split(","):
            until, separator, every = part.partition(":")
            if not separator:
                raise ValueError(f"{part!r} should be AGE:PAUSE, such as 7d:6h")
            steps.append(Step(_span_ms(until), _span_ms(every)))
        for before, after in pairwise(steps):
            if before.until_ms >= after.until_ms:
                raise ValueError(f"ages should grow: {text!r}")
        return cls(tuple(steps))

    @property
    def longest_age_ms(self) -> int:
        """From this age on nothing is asked."""
        return self.steps[-1].until_ms

    @property
    def shortest_pause_ms(self) -> int:
        """Nothing is asked for more often."""
        return min(step.every_ms for step in self.steps)

    def every_ms(self, age_ms: int) -> int | None:
        """The pause at an age; None: never again. What is not yet published is as new as can be."""
        return next((step.every_ms for step in self.steps if age_ms < step.until_ms), None)

    def due_ms(self, published_ms: int, asked_ms: int, *, gone: bool = False) -> int | None:
        """When a post is to be asked for again; 0: at once, it never was. None: never.

        The pause is that of its age when it was last asked, so that a post which becomes older is asked once more.
        """
        if not asked_ms:
            return 0
        if gone:
            due_ms = asked_ms + GONE_AGAIN_MS
            return due_ms if self.every_ms(due_ms - published_ms) is not None else None
        pause_ms = self.every_ms(asked_ms - published_ms)
        return None if pause_ms is None else asked_ms + pause_ms

    def is_due(self, published_ms: int, asked_ms: int, now_ms: int, *, gone: bool = False) -> bool:
        """Whether to ask now. What is too old is asked once, if it never was: its total is missing altogether."""
        due_ms = self.due_ms(published_ms, asked_ms, gone=gone)
        return due_ms is not None and due_ms <= now_ms

    def readings(self, published_ms: int, asked_ms: int, since_ms: int, end_ms: int) -> Iterator[int]:
        """The times in [since, end) at which a post is asked for, if somebody always asks when it is due."""
        while (due_ms := self.due_ms(published_ms, asked_ms)) is not None:
            asked_ms = max(due_ms, since_ms, published_ms)
            if asked_ms >= end_ms:
                return
            yield asked_ms


def _span_ms(text: str) -> int:
    span = _SPAN.fullmatch(text)
    if span is None or not int(span[1]):
        raise ValueError(f"{text!r} is no span of time: write it like 30m, 6h or 7d")
    return int(span[1]) * _UNITS_MS[span[2]]
