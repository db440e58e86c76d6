"""What a fold is: a named part of a partition's state that follows from its log, durable in the flush.

A fold says which kind its rows in the counter table have, what it adds to a flush's block, how it is read back
together with the head, and for how long a row is needed. Exactly once holds for every fold by the one chain: its
rows are in the same block as the offset that they cover, so whoever reads both at one instant is where the writer
was. `stream.dedup` is the first: it decides what counts. Those in stream.folds look at what was counted, record by
record; `stream.repeats` looks at what was judged, flush by flush.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from schemas.counters import GROWTH, OPENING, REVISION
from schemas.snapshots import Snapshot
from stream.columns import EventColumns
from stream.totals import Difference


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """Which times are taken, and from when on an event is late, a post's first total an opening. Milliseconds."""

    max_skew_ms: int
    max_age_ms: int
    allowed_lateness_ms: int
    snapshot_max_age_ms: int = 730 * 86_400_000
    opening_after_ms: int = 48 * 3_600_000


class Recent(NamedTuple):
    """Clicks of a flush (see stream.recent_clicks), its Kafka time in seconds and its first offset."""

    touched_s: int
    first_offset: int
    clicks: bytes


class StateRow(NamedTuple):
    """A row of a fold in the counter table, known by `spool`, `link`, `source`, `window_s` and `scope`.

    Of the rows of one key the highest `value` counts, the highest `reading` (place, metric, observed_ms, total),
    and the highest `recent`.
    `touched_s` is the Kafka time (seconds) that the row speaks of.
    """

    spool: str = ""
    link: str = ""
    value: int = 0
    touched_s: int = 0
    source: str = ""
    window_s: int = 0
    scope: int = 0
    reading: tuple[int, str, int, int] | None = None
    recent: Recent | None = None


_EFFECTS: Final = ((REVISION, "revision"), (OPENING, "opening"), (GROWTH, "growth"))


@dataclass(slots=True)
class KeptSnapshot:
    """A snapshot that was counted as an event, where it came from, and what it changed."""

    snapshot: Snapshot
    offset: int
    line: int
    timestamp_ms: int
    spool: str
    differences: list[Difference] = field(default_factory=list)
    metric_before: str = ""
    """The metric that counted in its scope until then, where another one does now."""

    @property
    def effect(self) -> str:
        """What it changed, in a word of a closed set."""
        if not self.snapshot.link:
            return "no_link"
        sources = {one.source for one in self.differences}
        return next((effect for source, effect in _EFFECTS if source in sources), "nothing")


class Counted(NamedTuple):
    """What was counted of a record: the rows from `start` on, and snapshots, in the order of their lines."""

    columns: EventColumns
    start: int
    snapshots: Sequence[KeptSnapshot] = ()


class StateFold(Protocol):
    """The state of one fold for one topic-partition. A function of the log alone: it knows no clock but Kafka's.

    Values and readings only rise: the table merges a key's rows by their highest. What is forgotten and begins
    again lower needs another `scope`, as the lives of keys have in stream.dedup.
    """

    name: str
    kind: int
    """Of its rows: one of schemas.counters, and nobody else's."""
    topics: tuple[str, ...]
    """Of which event topics it is kept."""
    ttl_s: int
    """A row is needed until the head is so much later than its `touched_s`; it is forgotten by the log's time."""

    def __init__(self, bounds: TimeBounds) -> None:
        """Empty."""

    def __len__(self) -> int:
        """How many entries take memory."""

    def restore(self, rows: Iterable[StateRow], now_s: int) -> None:
        """Begin with what was read back; `now_s` is the Kafka time that the head had reached."""

    def reach(self, now_s: int) -> None:
        """The next record's Kafka time (seconds), whatever is in it. Before an earlier one's: time stays."""

    def observe(self, counted: Counted) -> None:
        """This was counted, now. What it makes of a snapshot, it notes there."""

    def take_rows(self) -> list[StateRow]:
        """What changed since the last call: the rows of the flush that begins."""

    def forget_expired(self) -> None:
        """Free memory of what no answer needs any more."""
