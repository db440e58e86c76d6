"""What is wrong with a line or a record, and what to do: the stream's own judgement, in words. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka.partitioner import murmur2

from schemas.batches import Headers, read_headers
from schemas.errors import DeadLetterReason, PoisonError
from schemas.event_lines import TOPIC_OF, AnyEvent, LineFault, read_line, type_of
from schemas.event_times import MAX_AGE_DAYS, MAX_SKEW_S
from schemas.link_names import read_link_name
from schemas.links import LinkError
from schemas.snapshot_times import snapshot_fault
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS

MAX_RECORD_BYTES: Final = 2 * 1024 * 1024
_POSITIVE: Final = 0x7FFFFFFF
"""Kafka's partitioner takes the hash without its sign."""
_DAY_MS: Final = 24 * 3600 * 1000
_ADVICE: Final[dict[DeadLetterReason, str]] = {
    "not_json": "write one JSON object a line, in UTF-8",
    "not_an_event": "correct the field as docs/contracts describes it",
    "wrong_topic": "send it to the other topic",
    "unsupported_version": "leave v out, or upgrade clicktally",
    "bad_headers": "send the headers spool, first, last and prev together, or none of them",
    "future": "check the sender's clock and unit: milliseconds since 1970 UTC",
    "too_old": "check the sender's clock and unit: milliseconds since 1970 UTC",
    "too_large": "send fewer events in a record: up to 256 KiB",
}


class Verdict(NamedTuple):
    """What is to be said of a place. Without a `reason` the event counts, and this is advice."""

    place: str
    reason: DeadLetterReason | None
    field: str
    text: str

    def __str__(self) -> str:
        named = f"{self.place}: {self.reason or 'advice'}: "
        return named + (f"field {self.field}: " if self.field else "") + self.text


@dataclass
class Tally:
    """What was checked."""

    events: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    advice: int = 0

    def note(self, verdict: Verdict) -> None:
        """Count what is said."""
        if verdict.reason is None:
            self.advice += 1
        else:
            self.bad[verdict.reason] += 1


class Origin(NamedTuple):
    """The record that lines came in, and what Kafka says of it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    headers: Headers
    partitions: int


def check_line(place: str, topic: str, line: bytes, *, now_ms: int, tally: Tally) -> Iterator[Verdict]:
    """A line of a record. `topic` "" is that of the line's own type."""
    if not line.strip():
        return
    named = type_of(line)
    wanted = topic or TOPIC_OF.get(named, "")
    event = read_line(wanted or CLICKS, line)
    if isinstance(event, LineFault):
        if event.reason == "not_an_event" and not wanted:
            event = LineFault("not_an_event", f"its type is {named[:40]!r}, none of {', '.join(TOPIC_OF)}", "type")
        yield _bad(place, event.reason, event.field, event.detail)
        return
    late = _time_fault(event, now_ms)
    if late is not None:
        yield _bad(place, *late)
        return
    tally.events[str(event.__struct_config__.tag)] += 1
    yield from _link_advice(place, event)


def check_record(value: bytes | None, origin: Origin, *, tally: Tally) -> Iterator[Verdict]:
    """The lines of a record, its headers, and whether its key and partition are its links'."""
    place = f"{origin.topic}-{origin.partition}-{origin.offset}"
    if not value or not value.strip():
        yield _bad(place, "not_json", "", "the record is empty")
        return
    if len(value) > MAX_RECORD_BYTES:
        yield _bad(place, "too_large", "", f"{len(value):,} bytes, at most {MAX_RECORD_BYTES:,} are read")
        return
    try:
        read_headers(origin.headers)
    except PoisonError as error:
        yield _bad(place, error.reason, "", error.detail)
        return
    for number, line in enumerate(value.split(b"\n"), 1):
        yield from check_line(f"{place}:{number}", origin.topic, line, now_ms=origin.timestamp_ms, tally=tally)
    yield from _key_advice(place, value.split(b"\n"), origin)


def _bad(place: str, reason: DeadLetterReason, field: str, detail: str) -> Verdict:
    return Verdict(place, reason, field, f"{detail}: {_ADVICE[reason]}")


def _time_fault(event: AnyEvent, now_ms: int) -> tuple[DeadLetterReason, str, str] | None:
    """By the stream's own bounds, unless they were set otherwise."""
    if isinstance(event, Snapshot):
        return snapshot_fault(event, now_ms)
    ahead_ms = event.time_ms - now_ms
    if ahead_ms > MAX_SKEW_S * 1000:
        return "future", "time_ms", f"it lies {ahead_ms / 1000:,.0f} s in the future"
    if ahead_ms < -MAX_AGE_DAYS * _DAY_MS:
        return (
            "too_old",
            "time_ms",
            f"it is {-ahead_ms / _DAY_MS:,.1f} days old, at most {MAX_AGE_DAYS:g} are taken",
        )
    return None


def _link_advice(place: str, event: AnyEvent) -> Iterator[Verdict]:
    if not event.link:
        return
    try:
        name = read_link_name(event.link)
    except LinkError as error:
        yield Verdict(place, None, "link", f"it counts, for a link that cannot be: {error}")
        return
    if name != event.link:
        yield Verdict(place, None, "link", f"it counts for {event.link!r}, which is not {name!r}: write it so")


def _key_advice(place: str, lines: Sequence[bytes], origin: Origin) -> Iterator[Verdict]:
    keys: set[str] = set()
    for line in lines:
        event = read_line(origin.topic, line) if line.strip() else None
        if event is not None and not isinstance(event, LineFault):
            keys.add(event.key if isinstance(event, Snapshot) else event.link)
    partitions = {(murmur2(key.encode()) & _POSITIVE) % origin.partitions for key in keys}
    if partitions and partitions != {origin.partition}:
        yield Verdict(
            place,
            None,
            "",
            f"it is in partition {origin.partition}, its links belong in {', '.join(map(str, sorted(partitions)))}:"
            f" key each record by its link (this one by {(origin.key or b'').decode(errors='replace')!r}), and let"
            " murmur2 choose the partition (librdkafka: partitioner=murmur2_random)",
        )
