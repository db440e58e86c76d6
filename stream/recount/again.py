"""Which class events have by the rules of today. Pure.

What depends on the agent, on the announced purpose and on the network is asked anew. What repeats other clicks was
decided in the order of the log among clicks of one visitor, and a visitor has one agent: as long as theirs are
clicks of a person by both rule sets, what was found then holds. Clicks that become those of a person, and were
none, are looked at as the stream would have done (stream.click_memory), in the order of the log.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from schemas.events import TrafficClass
from stream.classify import Request, Verdict
from stream.click_memory import MemoryLimits, new_memory
from stream.recent_clicks import RecentClicks
from stream.repeats import MOST_REMEMBERED, REMEMBERED_S, VERDICTS, RepeatLimits

LOOKED_AT: Final = frozenset({"human", "unknown"})
REPEATS: Final = frozenset({(verdict.traffic_class, verdict.reason) for verdict in VERDICTS.values()})


class Cell(NamedTuple):
    """A cell of the counters: clicks where there is no kind of impressions. `window_s`: the minute since 1970."""

    link: str
    window_s: int
    source: str
    impression_kind: str
    traffic_class: str


class Stored(NamedTuple):
    """A stored event, as far as it matters here. `first` is what it was counted as."""

    partition: int
    time_ms: int
    received_s: int
    link: str
    visitor: int
    source: str
    impression_kind: str
    counted: int
    request: Request
    first: Verdict

    def cell(self, traffic_class: str) -> Cell:
        """Where it counts with this class."""
        return Cell(self.link, self.time_ms // 60_000 * 60, self.source, self.impression_kind, traffic_class)


def changes(request: Request, first: Verdict, judge: Callable[[Request], Verdict]) -> bool:
    """Whether an event of this request that was counted as `first` may have another class now."""
    now = judge(request).traffic_class
    if tuple(first) in REPEATS:
        return now not in LOOKED_AT
    return now != first.traffic_class


def corrections(
    events: Sequence[Stored], judge: Callable[[Request], Verdict], limits: RepeatLimits, *, since_ms: int
) -> Counter[Cell]:
    """What must be added to the counts as they were first, by cell: events leave one and come to another.

    `events` are all whose requests have changed, by partition in the order of the log; those before `since_ms` are
    there to be remembered only.
    """
    moved: Counter[Cell] = Counter()
    for _, of_partition in groupby(events, key=lambda event: event.partition):
        for event, now in _judged(list(of_partition), judge, limits):
            if event.time_ms >= since_ms and now != event.first.traffic_class:
                moved[event.cell(event.first.traffic_class)] -= event.counted
                moved[event.cell(now)] += event.counted
    return Counter({cell: count for cell, count in moved.items() if count})


def difference(wanted: Counter[Cell], present: Counter[Cell]) -> Counter[Cell]:
    """What must be added to `present`, which may be below zero, to come to `wanted`."""
    cells = {*wanted, *present}
    return Counter({cell: more for cell in cells if (more := wanted[cell] - present[cell])})


def _judged(
    events: list[Stored], judge: Callable[[Request], Verdict], limits: RepeatLimits
) -> Iterable[tuple[Stored, TrafficClass]]:
    now: list[TrafficClass] = [judge(event.request).traffic_class for event in events]
    looked_at_anew = [
        row
        for row, event in enumerate(events)
        if now[row] in LOOKED_AT
        and event.visitor
        and not event.impression_kind
        and event.first.traffic_class not in LOOKED_AT
        and tuple(event.first) not in REPEATS
    ]
    for row, event in enumerate(events):
        if tuple(event.first) in REPEATS and now[row] in LOOKED_AT:
            now[row] = event.first.traffic_class
    if looked_at_anew and not limits.are_off:
        clicks = _remembered([events[row] for row in looked_at_anew], limits)
        for row, verdict in zip(looked_at_anew, clicks.verdicts.tolist(), strict=True):
            if verdict in VERDICTS:
                now[row] = VERDICTS[verdict].traffic_class
    return zip(events, now, strict=True)


def _remembered(events: list[Stored], limits: RepeatLimits) -> RecentClicks:
    memory = new_memory(MemoryLimits(limits.window_ms, limits.clicks_per_minute, MOST_REMEMBERED))
    reached_s = np.maximum.accumulate(np.array([event.received_s for event in events], np.int64))
    clicks = RecentClicks(
        visitors=np.array([event.visitor for event in events], np.uint64).view(np.int64),
        links=memory.hashes(pa.array([event.link for event in events], pa.string())),
        times=np.array([event.time_ms for event in events], np.int64),
        nths=np.zeros(len(events), np.uint16),
        verdicts=np.zeros(len(events), np.uint8),
        touched_s=reached_s,
    )
    floors = 1 + np.searchsorted(reached_s, reached_s - REMEMBERED_S).astype(np.int64)
    memory.judge(clicks, 1, floors, known=False)
    return clicks
