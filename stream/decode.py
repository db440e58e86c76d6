"""From a Kafka record's bytes to rows; what is no event comes back as a dead letter, the rest goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from schemas import topics
from schemas.dead_letters import DETAIL_MAX_CHARS, KEPT_BYTES
from schemas.errors import DeadLetterReason
from schemas.events import VERSION, Click, Event, Impression
from schemas.snapshots import Snapshot
from stream.columns import EventColumns
from stream.scanner import Scanner, scanner

MAX_RECORD_BYTES: Final = 2 * 1024 * 1024
LINE_MIN_BYTES: Final = len(b'{"type":"click","time_ms":0,"link":"ab"}')
"""No line that the scanner takes is shorter."""


@dataclass(frozen=True, slots=True)
class Poison:
    """Bytes of one line (or of a whole record, index 0) that cannot be an event, and why."""

    index: int
    reason: DeadLetterReason
    detail: str
    value: bytes
    cut_bytes: int = 0
    """How many more there were."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a record: its events are the rows from `start` on, in the order of their lines.

    `spools` holds, by row, the spools that events name as their own; `snapshots` those that came, by line.
    """

    start: int
    spools: dict[int, str] = field(default_factory=dict)
    poison: list[Poison] = field(default_factory=list)
    snapshots: list[tuple[int, Snapshot]] = field(default_factory=list)


class _Head(msgspec.Struct):
    type: str | None = None
    v: int = VERSION


_DECODERS: Final[dict[str, msgspec.json.Decoder[Event | Snapshot]]] = {
    topics.CLICKS: msgspec.json.Decoder(Click),
    topics.IMPRESSIONS: msgspec.json.Decoder(Impression | Snapshot),
}
_TYPES: Final = {topics.CLICKS: {"click"}, topics.IMPRESSIONS: {"impression", "snapshot"}}
_ALL_TYPES: Final = frozenset().union(*_TYPES.values())
_HEAD: Final = msgspec.json.Decoder(_Head)


def decode(topic: str, value: bytes | None, columns: EventColumns) -> Decoded:
    """Add the events of a record to the columns: one line, one event. Never raises for its bytes.

    The scanner takes lines in the usual form. Where it stops, the next line is decoded by its type, and each time
    it stops twice as many: ten lines or all of them, it is asked a few times, and rows are added many at once.
    """
    decoded = Decoded(len(columns))
    if not value or value.isspace():
        decoded.poison.append(Poison(0, "not_json", "the record is empty", value or b""))
    elif len(value) > MAX_RECORD_BYTES:
        detail = f"{len(value)} bytes, at most {MAX_RECORD_BYTES} are read; only its beginning is kept"
        decoded.poison.append(Poison(0, "too_large", detail, value[:KEPT_BYTES], len(value[KEPT_BYTES:])))
    else:
        scan = scanner() if _is_utf8(value) else None
        if scan is None:
            _decode_lines(topic, 0, value.split(b"\n"), columns, decoded)
        else:
            _scan_and_decode(scan, topic, value, columns, decoded)
    return decoded


def _is_utf8(value: bytes) -> bool:
    if value.isascii():
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _scan_and_decode(scan: Scanner, topic: str, value: bytes, columns: EventColumns, decoded: Decoded) -> None:
    columns.reserve(len(value) // LINE_MIN_BYTES + 1, len(value))
    line = at = 0
    at_once = 1
    while True:
        rows = len(columns)
        at = scan.scan(value, at, line, impressions=topic == topics.IMPRESSIONS, layout=columns.layout)
        line += len(columns) - rows
        if at == len(value):
            return
        end = at - 1
        for _ in range(at_once):
            end = value.find(b"\n", end + 1)
            if end < 0:
                end = len(value)
                break
        lines = value[at:end].split(b"\n")
        _decode_lines(topic, line, lines, columns, decoded)
        line, at = line + len(lines), min(end + 1, len(value))
        at_once *= 2


def _decode_lines(topic: str, first: int, lines: Sequence[bytes], columns: EventColumns, decoded: Decoded) -> None:
    """Decode lines by their type; `first` is the number of the first one."""
    decoder = _DECODERS[topic]
    events: list[Event] = []
    places: list[int] = []
    for index, line in enumerate(lines, first):
        if not line or line.isspace():
            continue
        try:
            event = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            decoded.poison.append(_poison(topic, index, line, error))
            continue
        if event.v > VERSION:
            decoded.poison.append(_newer(index, line, event.v))
            continue
        if isinstance(event, Snapshot):
            decoded.snapshots.append((index, event))
            continue
        if event.spool:
            decoded.spools[len(columns) + len(events)] = event.spool
        events.append(event)
        places.append(index)
    if events:
        columns.extend(events, places)


def _poison(topic: str, index: int, line: bytes, error: Exception) -> Poison:
    """Why a line is no event of the topic; `error` is its type's."""
    try:
        head = _HEAD.decode(line)
    except msgspec.ValidationError as no_head:
        return Poison(index, "not_an_event", str(no_head)[:DETAIL_MAX_CHARS], line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as no_json:
        return Poison(index, "not_json", str(no_json)[:DETAIL_MAX_CHARS], line)
    if not 1 <= head.v <= VERSION:
        return _newer(index, line, head.v)
    if head.type in _ALL_TYPES - _TYPES[topic]:
        return Poison(index, "wrong_topic", f"a {head.type} in topic {topic}", line)
    return Poison(index, "not_an_event", str(error)[:DETAIL_MAX_CHARS], line)


def _newer(index: int, line: bytes, version: int) -> Poison:
    detail = f"version {str(version)[:20]}, this stream reads {VERSION}: upgrade it, then replay the dead letter"
    return Poison(index, "unsupported_version", detail, line)
