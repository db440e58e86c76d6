"""The fold: what the records since the last flush add to the counters. Pure, fast, and a function of the log.

Every decision that depends on time uses the record's Kafka timestamp, so that whoever folds the same records
on the same state gets the same deltas.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from schemas.batches import read_headers
from schemas.errors import PoisonError
from schemas.events import Click, Event, TrafficClass
from stream.classify import REPORTED, Classifier, Verdict
from stream.decode import Decoded, Poison, decode
from stream.dedup import DedupState

WINDOW_MS: Final = 60_000
_REPORTED_SOURCES: Final = frozenset({"api", "platform"})


class Record(NamedTuple):
    """A Kafka record of an event topic; `timestamp_ms` is the broker's."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    headers: Iterable[tuple[str, bytes]]
    value: bytes | None


class CounterKey(NamedTuple):
    """The dimensions of a delta. `minute` counts windows since 1970 UTC."""

    link: str
    minute: int
    traffic_class: TrafficClass
    source: str
    impression_kind: str


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """Which event times are accepted, and from when on an event is late. Milliseconds."""

    max_skew_ms: int
    max_age_ms: int
    allowed_lateness_ms: int


@dataclass(slots=True)
class FoldedRecord:
    """The events of one record that were counted, for the table `events`. Lists run in parallel."""

    record: Record
    spool: str
    events: list[Event]
    indexes: list[int]
    verdicts: list[Verdict]


@dataclass(slots=True)
class Tally:
    """What became of the events of some records: events = counted + resent + dead letters."""

    records: int = 0
    counted: int = 0
    resent: int = 0
    dead_letters: int = 0
    late: int = 0
    gaps: int = 0

    @property
    def settled(self) -> int:
        """All events that came in."""
        return self.counted + self.resent + self.dead_letters


@dataclass(slots=True)
class Deltas:
    """What one flush will make durable. `clicks` and `impressions` are counts by dimensions."""

    clicks: dict[CounterKey, int] = field(default_factory=dict)
    impressions: dict[CounterKey, int] = field(default_factory=dict)
    spools: set[str] = field(default_factory=set)
    folded: list[FoldedRecord] = field(default_factory=list)
    poison: list[tuple[Record, Poison]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    lateness_ms: list[int] = field(default_factory=list)
    first_timestamp_ms: int = 0
    last_timestamp_ms: int = 0


class Fold:
    """Folds the records of one topic-partition, in order, onto its dedup state."""

    def __init__(self, dedup: DedupState, classifier: Classifier, bounds: TimeBounds) -> None:
        self.dedup: Final = dedup
        self._classifier = classifier
        self._bounds = bounds
        self.deltas = Deltas()

    def take_deltas(self) -> Deltas:
        """The deltas since the last call; the dedup state stays."""
        deltas, self.deltas = self.deltas, Deltas()
        return deltas

    def add(self, record: Record) -> Tally:
        """Fold one record in; the tally is of this record alone. Never raises for what a record holds."""
        tally = Tally(records=1)
        deltas = self.deltas
        if not deltas.tally.records:
            deltas.first_timestamp_ms = record.timestamp_ms
        deltas.last_timestamp_ms = record.timestamp_ms
        decoded, spool = self._decode(record, tally)
        deltas.poison.extend((record, poison) for poison in decoded.poison)
        tally.dead_letters += len(decoded.poison)
        if decoded.events:
            self._count(record, spool, decoded, tally)
        _add(deltas.tally, tally)
        return tally

    def _decode(self, record: Record, tally: Tally) -> tuple[Decoded, str]:
        try:
            headers = read_headers(record.headers)
        except PoisonError as error:
            return Decoded([], None, [Poison(0, error.reason, error.detail, record.value or b"")]), ""
        if headers is None:
            return decode(record.topic, record.value), ""
        if headers.prev > self.dedup.last_seq(headers.spool, record.timestamp_ms // 1000):
            tally.gaps += 1
        return decode(record.topic, record.value), headers.spool

    def _count(self, record: Record, batch_spool: str, decoded: Decoded, tally: Tally) -> None:  # noqa: C901 - the hot loop: a call per event would double its cost
        events, indexes = decoded.events, decoded.indexes or range(len(decoded.events))
        deltas = self.deltas
        now_ms = record.timestamp_ms
        now_s = now_ms // 1000
        newest_ms = now_ms + self._bounds.max_skew_ms
        oldest_ms = now_ms - self._bounds.max_age_ms
        late_ms = now_ms - self._bounds.allowed_lateness_ms
        verdict_of = self._classifier.verdict
        kept: list[Event] = []
        kept_indexes: list[int] = []
        verdicts: list[Verdict] = []
        clicks = deltas.clicks
        spool, last = batch_spool, self.dedup.last_seq(batch_spool, now_s) if batch_spool else 0
        touched = False
        for index, event in zip(indexes, events, strict=True):
            own_spool = event.spool or batch_spool
            seq = event.seq
            if own_spool and seq:
                if own_spool != spool:
                    if touched:
                        self._advance(spool, last, now_s)
                    spool, last, touched = own_spool, self.dedup.last_seq(own_spool, now_s), False
                if seq <= last:
                    tally.resent += 1
                    continue
                last, touched = seq, True
            time_ms = event.time_ms
            if not oldest_ms <= time_ms <= newest_ms:
                deltas.poison.append((record, _out_of_time(index, event, now_ms)))
                tally.dead_letters += 1
                continue
            minute = time_ms // WINDOW_MS
            if (minute + 1) * WINDOW_MS <= late_ms:
                tally.late += 1
                deltas.lateness_ms.append(now_ms - time_ms)
            if isinstance(event, Click):
                verdict = verdict_of(event.ua, event.purpose)
                key = CounterKey(event.link, minute, verdict.traffic_class, "", "")
                clicks[key] = clicks.get(key, 0) + 1
            else:
                verdict = REPORTED if event.source in _REPORTED_SOURCES else verdict_of(event.ua, event.purpose)
                key = CounterKey(event.link, minute, verdict.traffic_class, event.source, event.kind)
                deltas.impressions[key] = deltas.impressions.get(key, 0) + event.count
            kept.append(event)
            kept_indexes.append(index)
            verdicts.append(verdict)
        if touched:
            self._advance(spool, last, now_s)
        if kept:
            tally.counted += len(kept)
            deltas.folded.append(FoldedRecord(record, batch_spool, kept, kept_indexes, verdicts))

    def _advance(self, spool: str, seq: int, now_s: int) -> None:
        self.dedup.advance(spool, seq, now_s)
        self.deltas.spools.add(spool)


def _out_of_time(index: int, event: Event, now_ms: int) -> Poison:
    line = msgspec.json.encode(event)
    if event.time_ms > now_ms:
        return Poison(index, "future", f"{event.time_ms - now_ms} ms ahead of the broker's clock", line)
    return Poison(index, "too_old", f"{now_ms - event.time_ms} ms behind the broker's clock", line)


def _add(total: Tally, part: Tally) -> None:
    total.records += part.records
    total.counted += part.counted
    total.resent += part.resent
    total.dead_letters += part.dead_letters
    total.late += part.late
    total.gaps += part.gaps
