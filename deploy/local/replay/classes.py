"""Each click's class once more, from the events in the order of the log: duplicates, and too many of one visitor.

Which clicks are looked at follows from what is stored; whether they repeat others does not. Written from
docs/classes.md, click by click, and nothing of the stream's is used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

CLICKS_SQL: Final = """
    SELECT partition, record_offset, event_index, visitor, link, toUnixTimestamp64Milli(time),
        toUnixTimestamp(received_at), class, reason
    FROM events FINAL
    WHERE type = 'click' AND received_at >= fromUnixTimestamp({since})
    ORDER BY partition, record_offset, event_index
"""
REMEMBERED_S: Final = 120


class StoredClick(NamedTuple):
    """A row of CLICKS_SQL."""

    partition: int
    offset: int
    line: int
    visitor: int
    link: str
    time_ms: int
    received_s: int
    traffic_class: str
    reason: str

    @property
    def is_looked_at(self) -> bool:
        """Whether it could be a repeat at all."""
        could_be = self.traffic_class in {"human", "unknown", "duplicate"} or self.reason == "rate"
        return could_be and self.visitor != 0

    @property
    def repeats(self) -> str:
        """What of repeats is stored of it: rate, duplicate, or nothing."""
        return (
            self.traffic_class
            if self.traffic_class == "duplicate"
            else self.reason
            if self.reason == "rate"
            else ""
        )


@dataclass(frozen=True)
class Rules:
    """As the stream's settings have them."""

    window_ms: int = 10_000
    clicks_per_minute: int = 120


@dataclass
class _Memory:
    """What one partition has seen."""

    rules: Rules
    now_s: int = 0
    counted: dict[tuple[int, str], list[tuple[int, int]]] = field(default_factory=dict)
    minutes: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def nth_of(self, click: StoredClick) -> int:
        """Its number in its visitor's minute."""
        minute = (click.visitor, click.time_ms // 60_000)
        before, last_s = self.minutes.get(minute, (0, 0))
        nth = before + 1 if self.now_s - last_s <= REMEMBERED_S else 1
        self.minutes[minute] = nth, self.now_s
        return nth

    def judge(self, click: StoredClick, nth: int) -> str:
        """What of repeats it is, as StoredClick.repeats has it."""
        if self.rules.clicks_per_minute and nth > self.rules.clicks_per_minute:
            return "rate"
        is_near = (
            self.now_s - at_s <= REMEMBERED_S and abs(time_ms - click.time_ms) < self.rules.window_ms
            for time_ms, at_s in self.counted.get((click.visitor, click.link), ())
        )
        return "duplicate" if any(is_near) else ""

    def note(self, click: StoredClick) -> None:
        """It counts."""
        self.counted.setdefault((click.visitor, click.link), []).append((click.time_ms, self.now_s))


def stored_clicks(rows: Iterable[Iterable[Any]]) -> Iterator[StoredClick]:
    """The rows of CLICKS_SQL, as numbers and text or as text alone."""
    for partition, offset, line, visitor, link, time_ms, received_s, traffic_class, reason in rows:
        yield StoredClick(
            partition=int(partition),
            offset=int(offset),
            line=int(line),
            visitor=int(visitor),
            link=str(link),
            time_ms=int(time_ms),
            received_s=int(received_s),
            traffic_class=str(traffic_class),
            reason=str(reason),
        )


def misjudged(clicks: Iterable[StoredClick], rules: Rules, *, since_s: int = 0) -> list[str]:
    """The clicks that came to Kafka since then whose class is another than the rules give.

    `clicks` are in the order of the log; those from before are taken for what they are stored as.
    """
    memories: dict[int, _Memory] = {}
    wrong = []
    for click in clicks:
        memory = memories.setdefault(click.partition, _Memory(rules))
        memory.now_s = max(memory.now_s, click.received_s)
        if not click.is_looked_at:
            continue
        nth = memory.nth_of(click)
        wanted = click.repeats if click.received_s < since_s else memory.judge(click, nth)
        if not wanted:
            memory.note(click)
        if wanted != click.repeats:
            wrong.append(
                f"clicks-{click.partition} offset {click.offset} line {click.line}:"
                f" {click.traffic_class} {click.reason}".rstrip()
            )
    return wrong
