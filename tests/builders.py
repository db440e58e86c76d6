"""Events, batches and Kafka records as a test wants them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas.batches import BatchHeaders, Headers
from schemas.counters import DEDUP, Chain
from schemas.events import Click, Event, Impression
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS
from stream.agents.rules import Rules
from stream.chain import Flushed
from stream.classify import Classifier
from stream.columns import ColumnsPool, EventColumns
from stream.decode import Poison, decode
from stream.dedup import DedupState
from stream.deltas import Deltas, Record
from stream.enrich.enricher import Enricher
from stream.enriched import enrich
from stream.event_rows import event_rows
from stream.fold import Fold
from stream.judged import Judged, judge
from stream.repeats import Repeats
from stream.rows import Block, counter_rows
from stream.scan_fields import SCANNED
from stream.state import StateFold, TimeBounds

WINDOW_START_MS: Final = 1_790_000_040_000
"""The first millisecond of a minute."""
NOW_MS: Final = WINDOW_START_MS + 30_000
MINUTE: Final = WINDOW_START_MS // 60_000
DAY_MS: Final = 24 * 3600 * 1000

LINK: Final = "go.example/launch"
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
BOT: Final = "Googlebot/2.1 (+http://www.google.com/bot.html)"

BOUNDS: Final = TimeBounds(max_skew_ms=300_000, max_age_ms=90 * DAY_MS, allowed_lateness_ms=60_000)
RULES: Final = Rules()
CLASSIFIER: Final = Classifier(RULES)
ENRICHER: Final = Enricher()


def click(link: str = LINK, *, time_ms: int = NOW_MS, ua: str = BROWSER, **fields: Any) -> Click:
    """A click of a person with a browser, now, unless told otherwise."""
    return Click(time_ms=time_ms, link=link, ua=ua, **fields)


def impression(link: str = LINK, *, time_ms: int = NOW_MS, ua: str = BROWSER, **fields: Any) -> Impression:
    """A pixel that was fetched by a person's browser, now, unless told otherwise."""
    chosen = {"source": "pixel", "kind": "served"} | fields
    return Impression(time_ms=time_ms, link=link, ua=ua, **chosen)


def snapshot(link: str = LINK, *, observed_ms: int = NOW_MS, total: int = 100, **fields: Any) -> Snapshot:
    """A lifetime total of a post on X that was published an hour before, unless told otherwise."""
    chosen: dict[str, Any] = {
        "platform": "x",
        "post": "1",
        "series": "impression_count@v2",
        "published_ms": NOW_MS - 3_600_000,
    } | fields
    return Snapshot(link=link, observed_ms=observed_ms, total=total, **chosen)


def ndjson(events: Iterable[Event | Snapshot]) -> bytes:
    """One event a line."""
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


def numbered(first: int, last: int, **fields: Any) -> list[Event]:
    """Clicks with the seqs from `first` to `last`."""
    return [click(seq=seq, **fields) for seq in range(first, last + 1)]


def batch_headers(spool: str, first: int, last: int, prev: int = 0) -> Headers:
    """What the relay sends beside a batch."""
    return BatchHeaders(spool=spool, first=first, last=last, prev=prev).to_kafka()


def record(
    value: bytes | Iterable[Event | Snapshot] | None = None,
    *,
    offset: int = 0,
    topic: str = CLICKS,
    at_ms: int = NOW_MS,
    headers: Iterable[tuple[str, bytes]] = (),
) -> Record:
    """A Kafka record of partition 0; one click when no value is given."""
    chosen: bytes | Iterable[Event | Snapshot] = [click()] if value is None else value
    raw = chosen if isinstance(chosen, bytes) else ndjson(chosen)
    return Record(topic, 0, offset, at_ms, list(headers), raw)


def batch(
    spool: str,
    events: Sequence[Event | Snapshot],
    *,
    prev: int = 0,
    offset: int = 0,
    topic: str = CLICKS,
    at_ms: int = NOW_MS,
) -> Record:
    """A record as the relay sends it."""
    headers = batch_headers(spool, events[0].seq, events[-1].seq, prev)
    return record(events, offset=offset, topic=topic, at_ms=at_ms, headers=headers)


def new_fold(rows: Iterable[tuple[str, int, int]] = (), now_s: int = 0, folds: Sequence[StateFold] = ()) -> Fold:
    """A fold on this dedup state."""
    return Fold(DedupState(rows, now_s), BOUNDS, ColumnsPool(), folds)


def judged_flush(deltas: Deltas, repeats: Repeats | None = None) -> Judged:
    """The rows of a flush, judged, and its clicks remembered."""
    judged = judge(deltas.columns, CLASSIFIER)
    if repeats is not None:
        judged, deltas.states[repeats.kind] = repeats.judge(judged, deltas.parts)
    return judged


def counter_block(flushed: Flushed, deltas: Deltas, dedup: DedupState, judged: Judged | None = None) -> Block:
    """What a flush inserts into the counter table."""
    deltas.states = {DEDUP: dedup.rows_of(deltas.spools)} | deltas.states
    return counter_rows(flushed, deltas, judged or judged_flush(deltas))


def event_block(deltas: Deltas, topic: str = CLICKS, partition: int = 0, judged: Judged | None = None) -> Block:
    """What a flush inserts into `events`."""
    judged = judged or judged_flush(deltas)
    return event_rows(deltas, judged, enrich(judged, ENRICHER), Chain(topic, 1, partition))


def events_of(columns: EventColumns, spools: Mapping[int, str], *, topic: str = CLICKS) -> list[Event]:
    """The rows of columns as the events that they were."""
    kind, others = (Click, Impression) if topic == CLICKS else (Impression, Click)
    held: dict[str, list[Any]] = {
        field.name: columns.text(field.name).to_pylist()
        if field.wire == "text"
        else [
            ("", *field.codes)[number] if field.codes else number for number in columns.number(field.name).tolist()
        ]
        for field in SCANNED
    }
    for field in SCANNED:
        if field.name not in kind.__struct_fields__:
            assert field.name in others.__struct_fields__
            assert set(held.pop(field.name)) <= {field.default}
    return [
        kind(**{name: values[row] for name, values in held.items()}, spool=spools.get(row, ""))
        for row in range(len(columns))
    ]


@dataclass(frozen=True)
class ReadRecord:
    """What a record holds: events, the lines on which they stood, and what is no event."""

    events: list[Event]
    indexes: list[int]
    poison: list[Poison]
    snapshots: list[Snapshot]


def read_record(topic: str, value: bytes | None) -> ReadRecord:
    """Decode a record by itself."""
    columns = EventColumns()
    decoded = decode(topic, value, columns)
    return ReadRecord(
        events_of(columns, decoded.spools, topic=topic),
        columns.number("line").tolist(),
        decoded.poison,
        [snapshot for _, snapshot in decoded.snapshots],
    )
