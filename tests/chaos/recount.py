"""The recount: what must be counted, from Kafka's log and nothing of the product but its documented format."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

DAY_MS: Final = 24 * 3600 * 1000
MAX_AGE_MS: Final = 90 * DAY_MS
SNAPSHOT_MAX_AGE_MS: Final = 730 * DAY_MS
MAX_SKEW_MS: Final = 300 * 1000
TYPE_OF_TOPIC: Final = {"clicks": "click", "impressions": "impression"}

_SNAPSHOT_NEEDS: Final = {"link", "platform", "post", "series", "observed_ms", "total"}

Place = tuple[str, int]
Totals = dict[tuple[str, str], tuple[int, int]]
"""Of each (link, post) the newest snapshot: when it was read, and the total. The load's totals only grow."""
Identity = tuple[str | int, ...]
"""(spool, seq), or (topic, partition, offset, index) of an event that has none."""


class Raw(NamedTuple):
    """A record as it lay in Kafka."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    headers: tuple[tuple[str, bytes], ...]
    key: bytes | None
    value: bytes


class Seen(NamedTuple):
    """An event of the log: what it counts for, and how much."""

    name: str
    times: int


@dataclass
class Recount:
    """`sure` must be counted, exactly; `perhaps` lay in records that retention took and may be, at most.

    Names are "source link". `dead` holds (topic, partition, offset, index) of what can be no event.
    """

    sure: Counter[str] = field(default_factory=Counter)
    perhaps: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    identities: dict[Identity, str] = field(default_factory=dict)
    dead: dict[Identity, str] = field(default_factory=dict)
    totals: Totals = field(default_factory=dict)
    resent: int = 0


def in_gap(gaps: Mapping[Place, Iterable[tuple[int, int]]], place: Place, offset: int) -> bool:
    """Whether an offset lies in a range that the counters say was never read."""
    return any(first <= offset <= last for first, last in gaps.get(place, ()))


def recount(records: Iterable[Raw], gaps: Mapping[Place, list[tuple[int, int]]]) -> Recount:
    """Fold the log with a plain set of identities. `gaps` are inclusive ranges that were never read."""
    counted = Recount()
    taken: dict[Identity, Seen] = {}
    taken_totals: Totals = {}
    for record in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
        if record.topic not in TYPE_OF_TOPIC:
            continue
        if in_gap(gaps, (record.topic, record.partition), record.offset):
            _take(record, taken, taken_totals)
        else:
            _fold(record, counted)
    for identity, seen in taken.items():
        counted.taken[seen.name] += seen.times
        if counted.identities.get(identity):
            counted.perhaps[seen.name] += seen.times
            counted.sure[seen.name] -= seen.times
    _add_totals(counted, taken_totals)
    return counted


def _take(record: Raw, taken: dict[Identity, Seen], totals: Totals) -> None:
    for _, identity, event in _events(record):
        if event is not None and event["type"] == "snapshot":
            _note_total(totals, event)
        elif event is not None:
            taken[identity] = _seen(event)


def _add_totals(counted: Recount, taken: Totals) -> None:
    """The newest total of each post is sure; what retention took beyond it may be counted."""
    for (link, _), (_, total) in counted.totals.items():
        counted.sure[f"snapshot {link}"] += total
    for place, (_, total) in taken.items():
        more = max(0, total - counted.totals.get(place, (0, 0))[1])
        counted.taken[f"snapshot {place[0]}"] += more
        counted.perhaps[f"snapshot {place[0]}"] += more


def _note_total(totals: Totals, event: dict[str, Any]) -> None:
    place = (event["link"], f"{event['platform']} {event['post']}")
    totals[place] = max(totals.get(place, (0, 0)), (event["observed_ms"], event["total"]))


def _fold(record: Raw, counted: Recount) -> None:
    for index, identity, event in _events(record):
        where = (record.topic, record.partition, record.offset, index)
        if event is None:
            counted.dead[where] = "poison"
        elif identity in counted.identities:
            counted.resent += 1
        elif event["time_ms"] > record.timestamp_ms + MAX_SKEW_MS:
            counted.identities[identity] = ""
            counted.dead[where] = "future"
        elif event["time_ms"] < record.timestamp_ms - _max_age_ms(event):
            counted.identities[identity] = ""
            counted.dead[where] = "too_old"
        else:
            seen = _seen(event)
            counted.identities[identity] = seen.name
            if event["type"] == "snapshot":
                _note_total(counted.totals, event)
            else:
                counted.sure[seen.name] += seen.times


def _max_age_ms(event: dict[str, Any]) -> int:
    return SNAPSHOT_MAX_AGE_MS if event["type"] == "snapshot" else MAX_AGE_MS


def _events(record: Raw) -> Iterable[tuple[int, Identity, dict[str, Any] | None]]:
    where: Identity = (record.topic, record.partition, record.offset)
    headers = dict(record.headers)
    spool = ""
    if "spool" in headers:
        try:
            spool = headers["spool"].decode("ascii")
            first, last, prev = (int(headers[name]) for name in ("first", "last", "prev"))
            broken = not (spool and 0 <= prev < first <= last)
        except (KeyError, ValueError):
            broken = True
        if broken:
            yield 0, where, None
            return
    if not record.value.strip():
        yield 0, where, None
        return
    for index, line in enumerate(record.value.split(b"\n")):
        if not line.strip():
            continue
        event = _event(record.topic, line)
        if event is None:
            yield index, where, None
            continue
        own = event.get("spool") or spool
        seq = event.get("seq", 0)
        yield index, (own, seq) if own and seq else (*where, index), event


def _event(topic: str, line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or event.get("v", 1) != 1:
        return None
    if topic == "impressions" and event.get("type") == "snapshot" and event.keys() >= _SNAPSHOT_NEEDS:
        return event | {"time_ms": event["observed_ms"]}
    wrong = event.get("type") != TYPE_OF_TOPIC[topic]
    link, time_ms = event.get("link"), event.get("time_ms")
    if wrong or not isinstance(link, str) or len(link) < 2 or not isinstance(time_ms, int):
        return None
    if topic == "impressions" and not {"source", "kind"} <= event.keys():
        return None
    return event


def _seen(event: dict[str, Any]) -> Seen:
    if event["type"] == "click":
        return Seen(f"click {event['link']}", 1)
    if event["type"] == "snapshot":
        return Seen(f"snapshot {event['link']}", 1)
    return Seen(f"{event['source']} {event['link']}", event.get("count", 1))
