"""Offsets that did not come: a hole in the log, or records that were lost on their way? Pure.

what Kafka has: 0 1 2 . . 5 6 7      (. a transaction's marker, or nothing)
what came:      0 1 2 5              the broker's next after 2 is 5: nothing lies between
what came:      0 1 5                its next is 2: asked for again
what it has:            5 6 7        retention took 2: a gap, and the state is read anew
"""

from collections.abc import Hashable
from enum import Enum
from typing import Final

SEEK_PATIENCE_S: Final = 5.0
"""How long records beyond the next one are taken for what was on its way when it was asked for again."""


class Hole(Enum):
    """What to do about records that did not come."""

    GONE = "gone"
    """Retention took them: make durable what there is, and go on behind the gap."""
    EMPTY = "empty"
    """There are none: go on."""
    LOST = "lost"
    """There are: ask for them again."""


def judge_hole(expected: int, came: int, *, log_start: int, first: int | None) -> Hole:
    """What to do when offset `came` was delivered, and `expected` was next.

    `log_start` is the log's first offset; `first` that of the broker's first record from `expected` on, None where
    it does not say.
    """
    if log_start > expected:
        return Hole.GONE
    return Hole.EMPTY if first == came else Hole.LOST


class Sought:
    """What was asked for again, and when: copies of later records may have been on their way before."""

    def __init__(self) -> None:
        self._sought: dict[Hashable, tuple[int, float]] = {}

    def note(self, place: Hashable, offset: int, now: float) -> None:
        """`offset` was asked for."""
        self._sought[place] = offset, now

    def is_on_its_way(self, place: Hashable, offset: int, now: float) -> bool:
        """Whether `offset` was asked for a short time ago."""
        sought, at = self._sought.get(place, (None, 0.0))
        return sought == offset and now - at < SEEK_PATIENCE_S

    def clear(self) -> None:
        """Somebody else has decided where all are read from."""
        self._sought.clear()
