"""Each click's class once more, from the events in the order of the log: duplicates, and too many of one visitor.

Which clicks are looked at follows from what is stored; whether they repeat others does not. Written from
docs/classes.md, click by click, and nothing of the product's is used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tests.chaos.recount import Place, Raw, in_gap

WINDOW_MS: Final = 10_000
CLICKS_PER_MINUTE: Final = 120
REMEMBERED_S: Final = 120

CLICKS_SQL: Final = """
    SELECT partition, record_offset, event_index, visitor, link, toUnixTimestamp64Milli(time), class, reason
    FROM events FINAL WHERE type = 'click' ORDER BY partition, record_offset, event_index
"""
JUDGED_TWICE_SQL: Final = """
    SELECT topic, partition, record_offset, event_index, groupUniqArray(class)
    FROM events GROUP BY topic, partition, record_offset, event_index HAVING uniqExact(class) > 1
"""


class StoredClick(NamedTuple):
    """A row of `events`, as CLICKS_SQL gives it."""

    partition: int
    offset: int
    line: int
    visitor: int
    link: str
    time_ms: int
    name: str
    reason: str

    @property
    def is_looked_at(self) -> bool:
        """Whether it could be a repeat at all."""
        return bool(self.visitor) and (self.name in {"human", "unknown", "duplicate"} or self.reason == "rate")


@dataclass
class _Memory:
    """What one partition has seen."""

    counted: dict[tuple[int, str], list[tuple[int, int]]] = field(default_factory=dict)
    minutes: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def judge(self, click: StoredClick, now_s: int) -> str:
        """ "rate", "duplicate" or "counts"."""
        minute = (click.visitor, click.time_ms // 60_000)
        nth, last_s = self.minutes.get(minute, (0, 0))
        nth = nth + 1 if now_s - last_s <= REMEMBERED_S else 1
        self.minutes[minute] = nth, now_s
        if nth > CLICKS_PER_MINUTE:
            return "rate"
        before = self.counted.setdefault((click.visitor, click.link), [])
        if any(
            now_s - at_s <= REMEMBERED_S and abs(time_ms - click.time_ms) < WINDOW_MS for time_ms, at_s in before
        ):
            return "duplicate"
        before.append((click.time_ms, now_s))
        return "counts"


def stored_clicks(rows: Iterable[list[Any]]) -> Iterator[StoredClick]:
    """The rows of CLICKS_SQL."""
    for partition, offset, index, visitor, link, time_ms, name, reason in rows:
        yield StoredClick(
            int(partition), int(offset), int(index), int(visitor), str(link), int(time_ms), str(name), str(reason)
        )


def misjudged(
    clicks: Iterable[StoredClick], records: Iterable[Raw], gaps: dict[Place, list[tuple[int, int]]]
) -> list[str]:
    """The clicks whose class is another than the rules give; those that retention took were seen by nobody."""
    reached_s: dict[tuple[int, int], int] = {}
    latest_s: dict[int, int] = {}
    for record in sorted(records, key=lambda one: (one.partition, one.offset)):
        if record.topic == "clicks" and not in_gap(gaps, ("clicks", record.partition), record.offset):
            now_s = max(latest_s.get(record.partition, 0), record.timestamp_ms // 1000)
            latest_s[record.partition] = reached_s[record.partition, record.offset] = now_s
    memories: dict[int, _Memory] = {}
    wrong = []
    for click in clicks:
        place = click.partition, click.offset
        if not click.is_looked_at or place not in reached_s:
            continue
        memory = memories.setdefault(click.partition, _Memory())
        wanted = memory.judge(click, reached_s[place])
        stored = click.name if click.name == "duplicate" else click.reason if click.reason == "rate" else "counts"
        if stored != wanted:
            wrong.append(f"clicks-{click.partition} {click.offset}/{click.line} {stored}, not {wanted}")
    return wrong
