"""The step behind judging: which clicks repeat others. A fold, and the only one that needs traffic classes.

Of the clicks of persons and unknown agents that have a visitor, in the order of the log:

* Beyond `clicks_per_minute` of one visitor in one minute they are bots, for their rate.
* Of the others those are duplicates that follow a click of the same visitor on the same link that counted, or come
  before it, by less than `window_ms` of event time. The window begins with the click that counts and does not
  slide: whoever clicks every eight seconds for an hour is counted every sixteen, not once.

So what a prefetch or a bot fetched makes no click a duplicate. Both rules see one partition: of a visitor's clicks
those on its links.

Clicks are remembered for REMEMBERED_S of Kafka's time after they came, at most MOST_REMEMBERED of them, the oldest
are forgotten first. That is a rule of the log alone (stream.click_memory), not of when memory is freed.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.counters import REPEATS
from schemas.events import TRAFFIC_CLASSES
from schemas.topics import CLICKS
from stream.classify import Verdict
from stream.click_memory import MemoryLimits, new_memory
from stream.columns import Ints
from stream.deltas import Part
from stream.judged import Coded, Judged
from stream.recent_clicks import DUPLICATE, TOO_MANY, RecentClicks, clicks_of
from stream.state import Recent, StateRow

REMEMBERED_S: Final = 120
MOST_REMEMBERED: Final = 500_000
"""By partition: 100 MB at worst."""

VERDICTS: Final = {DUPLICATE: Verdict("duplicate", "double_click"), TOO_MANY: Verdict("bot", "rate")}
_LOOKED_AT: Final = np.array([name in {"human", "unknown"} for name in TRAFFIC_CLASSES])


@dataclass(frozen=True, slots=True)
class RepeatLimits:
    """What is a repeat; 0 switches either rule off."""

    window_ms: int = 10_000
    clicks_per_minute: int = 120

    @property
    def are_off(self) -> bool:
        """Whether nothing is."""
        return not (self.window_ms or self.clicks_per_minute)


class Repeats:
    """The clicks that one topic-partition remembers. A function of the log, the rules of classes and the limits."""

    name = "repeats"
    kind = REPEATS
    topics: tuple[str, ...] = (CLICKS,)
    ttl_s = REMEMBERED_S

    def __init__(self, limits: RepeatLimits, most: int = MOST_REMEMBERED) -> None:
        self._are_off: Final = limits.are_off
        self._most: Final = most
        self._memory: Final = new_memory(MemoryLimits(limits.window_ms, limits.clicks_per_minute, most))
        self._next = 1
        self._touched = np.empty(0, np.int64)
        self._firsts = np.empty(0, np.int64)
        """Of stretches of clicks that are remembered: the Kafka time reached (seconds), the first one's number."""
        self._slots: dict[int, int] = {}
        """Kafka time (seconds) of the newest row in each slot."""
        self._freed_s = 0

    def __len__(self) -> int:
        """How many clicks are remembered."""
        return min(self._next - int(self._firsts[0]), self._most) if len(self._firsts) else 0

    def restore(self, rows: Iterable[StateRow]) -> None:
        """Begin with the clicks of the rows that were read back."""
        kept = list(rows)
        self._slots = {row.scope: row.touched_s for row in kept}
        clicks = clicks_of(kept)
        self._note_stretches(clicks.touched_s)
        self._memory.judge(clicks, self._next, np.zeros(len(clicks), np.int64), known=True)
        self._next += len(clicks)

    def judge(self, judged: Judged, parts: Sequence[Part]) -> tuple[Judged, list[StateRow]]:
        """The rows of a flush with the repeats among them, and what remembers them: a row of the flush, or none."""
        columns = judged.columns
        if self._are_off or not parts:
            return judged, []
        reached_s = parts[-1].reached_s
        rows = np.flatnonzero(_LOOKED_AT[judged.classes] & (columns.number("visitor") != 0))
        if not len(rows):
            return judged, []
        hashes = self._memory.hashes(judged.links.texts)
        sizes = np.array([part.rows for part in parts], np.int64)
        touched_s = np.repeat(np.array([part.reached_s for part in parts], np.int64), sizes)[rows]
        clicks = RecentClicks(
            visitors=columns.number("visitor")[rows],
            links=hashes[judged.links.codes[rows]],
            times=columns.number("time_ms")[rows],
            nths=np.zeros(len(rows), np.uint16),
            verdicts=np.zeros(len(rows), np.uint8),
            touched_s=touched_s,
        )
        self._note_stretches(touched_s)
        self._memory.judge(clicks, self._next, self._floors(touched_s), known=False)
        self._next += len(rows)
        self._forget(reached_s)
        return _with_verdicts(judged, rows, clicks), [self._row(clicks, parts[0].offset, reached_s)]

    def _note_stretches(self, touched_s: Ints) -> None:
        """Clicks follow that come at these times."""
        starts = np.flatnonzero(np.diff(touched_s, prepend=self._touched[-1:] if len(self._touched) else -1))
        self._touched = np.concatenate([self._touched, touched_s[starts]])
        self._firsts = np.concatenate([self._firsts, self._next + starts])

    def _floors(self, touched_s: Ints) -> Ints:
        """For clicks that come at these times, the first number that is remembered then; their own at most."""
        floors: Ints = self._firsts[np.searchsorted(self._touched, touched_s - REMEMBERED_S)]
        return floors

    def _forget(self, now_s: int) -> None:
        forgotten = int(np.searchsorted(self._touched, now_s - REMEMBERED_S))
        self._touched, self._firsts = self._touched[forgotten:], self._firsts[forgotten:]
        if now_s - self._freed_s > REMEMBERED_S:
            self._freed_s = now_s
            floor = int(self._firsts[0]) if len(self._firsts) else self._next
            self._memory.forget(max(floor, self._next - self._most))

    def _row(self, clicks: RecentClicks, first_offset: int, now_s: int) -> StateRow:
        """In the lowest slot whose row nobody reads any more who reads this one."""
        touched_s = int(clicks.touched_s[-1])
        slots, forgotten_s = self._slots, now_s - REMEMBERED_S
        slot = next(slot for slot in count() if slot not in slots or slots[slot] < forgotten_s)
        slots[slot] = touched_s
        return StateRow(scope=slot, touched_s=touched_s, recent=Recent(touched_s, first_offset, clicks.packed()))


def _with_verdicts(judged: Judged, rows: Ints, clicks: RecentClicks) -> Judged:
    if not clicks.verdicts.any():
        return judged
    classes, reasons = judged.classes.copy(), judged.reasons.codes.copy()
    texts = judged.reasons.texts.to_pylist()
    for verdict, (traffic_class, reason) in VERDICTS.items():
        repeated = rows[clicks.verdicts == verdict]
        if reason not in texts:
            texts.append(reason)
        classes[repeated] = TRAFFIC_CLASSES.index(traffic_class)
        reasons[repeated] = texts.index(reason)
    return dataclasses.replace(judged, classes=classes, reasons=Coded(reasons, pa.array(texts, pa.string())))
