"""What flushes of the model hold besides their offsets: rows of a real fold, and what was counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.counters import DEDUP, FOREVER_S, REPEATS
from schemas.events import TRAFFIC_CLASSES, Event
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS, IMPRESSIONS
from stream.deltas import Record
from stream.fold import Fold
from stream.recent_clicks import clicks_of
from stream.repeats import RepeatLimits, Repeats
from stream.state import StateFold, StateRow
from tests.builders import BOUNDS, NOW_MS, batch, click, impression, judged_flush, new_fold, snapshot
from tests.fakes import Row, dedup_rows, state_rows

LINKS = ("a.example/1", "b.example/2")
_LIMITS = RepeatLimits(window_ms=10_000, clicks_per_minute=12)


class Content(NamedTuple):
    """What one flush adds: the rows of each fold by kind, and impressions by (link, what)."""

    rows: dict[int, list[Row]]
    counted: Counter[tuple[Any, ...]]
    reached_s: int


class State(NamedTuple):
    """What a writer holds."""

    fold: Fold
    repeats: Repeats


def remembered(rows: Iterable[Row], now_s: int, most: int) -> list[tuple[int, ...]]:
    """The clicks that whoever reads these rows back remembers by then."""
    clicks = clicks_of(state_rows(rows, now_s - Repeats.ttl_s))
    columns = (clicks.touched_s, clicks.visitors, clicks.links, clicks.times, clicks.nths, clicks.verdicts)
    every = zip(*(column.tolist() for column in columns), strict=True)
    return [one for one in every if one[0] >= now_s - Repeats.ttl_s][-most:]


@dataclass
class Contents:
    """A log of clicks, or of impressions and snapshots; some sent again. And folds of it beside the dedup state."""

    length: int
    kinds: Sequence[type[StateFold]]
    clicks: bool = False
    log: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.clicks:
            self._log_clicks()
        else:
            self._log_impressions()

    def _log_clicks(self) -> None:
        """Some visitors who tap twice or too often, over more time than they are remembered for."""
        for offset in range(self.length):
            again = offset % 5 == 4
            first = 3 * (offset - again) + 1
            at_ms = NOW_MS + offset * 9_000
            events: list[Event] = [
                click(LINKS[seq % 2], seq=seq, visitor=1 + seq % 4 // 2, time_ms=NOW_MS + seq * 1_500)
                for seq in range(first, first + 3)
            ]
            self.log.append(batch("aa", events, prev=first - 1, offset=offset, topic=CLICKS, at_ms=at_ms))

    def _log_impressions(self) -> None:
        for offset in range(self.length):
            again = offset % 5 == 4
            seq = 3 * (offset - again) + 1
            at_ms = NOW_MS + offset * 1000
            total = (offset * 37) % 23
            link, now_ms = LINKS[seq % 2], NOW_MS - total * 100
            period: dict[str, Any] = {"start_ms": NOW_MS - 3000, "end_ms": NOW_MS + total}
            events: list[Event | Snapshot] = [
                impression(link, seq=seq, source="api", count=1 + seq % 4),
                snapshot(link, seq=seq + 1, observed_ms=now_ms, total=total, post=str(seq % 3)),
                snapshot(LINKS[0], seq=seq + 2, total=total, post="ad", **period),
            ]
            self.log.append(batch("aa", events, prev=seq - 1, offset=offset, topic=IMPRESSIONS, at_ms=at_ms))

    def restored(self, contents: Iterable[Content]) -> State:
        """What a writer has who reads these flushes back."""
        rows, reached_s = _merged(contents)
        folds = [kind(BOUNDS) for kind in self.kinds]
        for fold in folds:
            fold.restore(state_rows(rows.get(fold.kind, ()), reached_s - fold.ttl_s), reached_s)
        repeats = Repeats(_LIMITS)
        repeats.restore(state_rows(rows.get(REPEATS, ()), reached_s - repeats.ttl_s))
        return State(new_fold(dedup_rows(rows.get(DEDUP, ()), reached_s), reached_s, folds), repeats)

    def flush(self, state: State, first: int, last: int) -> Content:
        """Fold these records and take what a flush of them adds."""
        fold = state.fold
        for record in self.log[first : last + 1]:
            fold.add(record)
        deltas = fold.take_deltas()
        counted: Counter[tuple[Any, ...]] = Counter()
        columns, judged = deltas.columns, judged_flush(deltas, state.repeats if self.clicks else None)
        counts = columns.number("count").tolist()
        for link, code, count in zip(
            columns.text("link").to_pylist(), judged.classes.tolist(), counts, strict=True
        ):
            counted[link, TRAFFIC_CLASSES[code]] += count
        for kept in deltas.snapshots:
            counted[kept.snapshot.link, "snapshots"] += 1
            for one in kept.differences:
                counted[kept.snapshot.link, one.source, one.window_s] += one.impressions
        rows = {kind: [_row(row) for row in of_kind] for kind, of_kind in deltas.states.items()}
        return Content(rows, counted, deltas.last_timestamp_ms // 1000)

    def summary(self, contents: Iterable[Content]) -> tuple[object, ...]:
        """All that a reader of the table can tell: sums, and the state of each fold."""
        flushed = list(contents)
        counted: Counter[tuple[Any, ...]] = Counter()
        for content in flushed:
            counted.update(content.counted)
        rows, reached_s = _merged(flushed)
        states = {
            kind: sorted(dedup_rows(some, reached_s) if kind == DEDUP else state_rows(some, reached_s - FOREVER_S))
            for kind, some in rows.items()
            if kind != REPEATS
        }
        clicks = remembered(rows.get(REPEATS, ()), reached_s, self.length * 3)
        return {place: count for place, count in counted.items() if count}, states, clicks, reached_s

    def in_one_flush(self) -> tuple[object, ...]:
        """What it must come to."""
        return self.summary([self.flush(self.restored([]), 0, self.length - 1)])


def _merged(contents: Iterable[Content]) -> tuple[dict[int, list[Row]], int]:
    rows: dict[int, list[Row]] = {}
    reached_s = 0
    for content in contents:
        reached_s = max(reached_s, content.reached_s)
        for kind, some in content.rows.items():
            rows.setdefault(kind, []).extend(some)
    return rows, reached_s


def _row(row: StateRow) -> Row:
    reading = {} if row.reading is None else {"reading": dict(enumerate(row.reading))}
    recent = {} if row.recent is None else {"recent": dict(enumerate(row.recent))}
    return {
        "spool": row.spool,
        "link": row.link,
        "last_seq": row.value,
        "touched_at": row.touched_s,
        "source": row.source,
        "window_start": row.window_s,
        "first_offset": row.scope,
        **reading,
        **recent,
    }
