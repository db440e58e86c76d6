"""From a Kafka record's bytes to rows; what is no event comes back as a dead letter, the rest goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from schemas import topics
from schemas.dead_letters import DETAIL_MAX_CHARS, KEPT_BYTES
from schemas.errors import DeadLetterReason
from schemas.events import VERSION, Click, Event, Impression
from stream.columns import EventColumns
from stream.scanner import Scanner, scanner

MAX_RECORD_BYTES: Final = 2 * 1024 * 1024
LINE_MIN_BYTES: Final = len(b'{"type":"click","time_ms":0,"link":"ab"}')
"""No line that the scanner takes is shorter."""
ODD_LINES_MAX: Final = 20
"""How many lines of a record are decoded alone between scanned ones (10 us each, 2 when decoded at once)."""


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

    `spools` holds, by row, the spools that events name as their own.
    """

    start: int
    spools: dict[int, str]
    poison: list[Poison]


class _Head(msgspec.Struct):
    type: str | None = None
    v: int = VERSION


_NEWLINE, _OPEN, _CLOSE = b"\n{}"

_DECODERS: Final[dict[str, msgspec.json.Decoder[Event]]] = {
    topics.CLICKS: msgspec.json.Decoder(Click),
    topics.IMPRESSIONS: msgspec.json.Decoder(Impression),
}
_TYPES: Final = {topics.CLICKS: "click", topics.IMPRESSIONS: "impression"}
_HEAD: Final = msgspec.json.Decoder(_Head)


def decode(topic: str, value: bytes | None, columns: EventColumns) -> Decoded:
    """Add the events of a record to the columns: a JSON event, or several, one a line. Never raises for its bytes.

    The scanner takes lines in the usual form. The others are decoded by the type, each alone; where there are
    more than ODD_LINES_MAX of them, or the scanner was not built, what is left of the record is decoded at once.
    """
    decoded = Decoded(len(columns), {}, [])
    if not value or value.isspace():
        decoded.poison.append(Poison(0, "not_json", "the record is empty", value or b""))
    elif len(value) > MAX_RECORD_BYTES:
        detail = f"{len(value)} bytes, at most {MAX_RECORD_BYTES} are read; only its beginning is kept"
        decoded.poison.append(Poison(0, "too_large", detail, value[:KEPT_BYTES], len(value[KEPT_BYTES:])))
    else:
        line, at = 0, 0
        scan = scanner()
        if scan is not None and _is_utf8(value):
            line, at = _scan(scan, topic, value, columns, decoded)
        if at < len(value):
            _decode_at_once(topic, value[at:], line, columns, decoded)
    return decoded


def _is_utf8(value: bytes) -> bool:
    if value.isascii():
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _scan(scan: Scanner, topic: str, value: bytes, columns: EventColumns, decoded: Decoded) -> tuple[int, int]:
    """Scan the lines; returns the number and the first byte of the line from which on nothing was read."""
    columns.reserve(len(value) // LINE_MIN_BYTES + 1, len(value))
    impressions = topic == topics.IMPRESSIONS
    line = at = 0
    for _ in range(ODD_LINES_MAX):
        rows = len(columns)
        at = scan.scan(value, at, line, impressions=impressions, layout=columns.layout)
        line += len(columns) - rows
        if at == len(value):
            break
        end = value.find(b"\n", at)
        odd = value[at : end if end >= 0 else len(value)]
        if not at and isinstance(_decode_line(topic, 0, odd), Poison):
            break  # the record may be one event over several lines
        _decode_alone(topic, line, odd, columns, decoded)
        line, at = line + 1, min(at + len(odd) + 1, len(value))
    return line, at


def _decode_at_once(topic: str, value: bytes, line: int, columns: EventColumns, decoded: Decoded) -> None:
    """Decode lines of which the first is number `line`, at once if each is an event.

    `decode_lines` also takes two events on a line or one over two, which are poison when they stand beside
    others. So its answer holds only for one event, or where every newline but the last stands between two.
    """
    try:
        events = _DECODERS[topic].decode_lines(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        events = []
    current = all(event.v <= VERSION for event in events)
    if len(events) == 1 and line == 0 and current:
        before = value[: len(value) - len(value.lstrip())]
        _add(events, [before.count(b"\n")], columns, decoded)
        return
    if current and _one_a_line(events, value):
        _add(events, range(line, line + len(events)), columns, decoded)
        return
    for index, one in enumerate(value.split(b"\n"), line):
        _decode_alone(topic, index, one, columns, decoded)


def _decode_alone(topic: str, index: int, line: bytes, columns: EventColumns, decoded: Decoded) -> None:
    if not line.strip():
        return
    event = _decode_line(topic, index, line)
    if isinstance(event, Poison):
        decoded.poison.append(event)
    else:
        _add([event], [index], columns, decoded)


def _add(events: Sequence[Event], lines: Sequence[int], columns: EventColumns, decoded: Decoded) -> None:
    rows = range(len(columns), len(columns) + len(events))
    columns.extend(events, lines)
    decoded.spools.update((row, event.spool) for row, event in zip(rows, events, strict=True) if event.spool)


def _one_a_line(events: list[Event], value: bytes) -> bool:
    if not events or value[0] == _NEWLINE:
        return False
    octets = np.frombuffer(value, np.uint8)
    newlines = np.flatnonzero(octets[:-1] == _NEWLINE)
    return (
        len(newlines) == len(events) - 1
        and bool((octets[newlines - 1] == _CLOSE).all())
        and bool((octets[newlines + 1] == _OPEN).all())
    )


def _decode_line(topic: str, index: int, line: bytes) -> Event | Poison:
    try:
        head = _HEAD.decode(line)
    except msgspec.ValidationError as error:
        return Poison(index, "not_an_event", str(error)[:DETAIL_MAX_CHARS], line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Poison(index, "not_json", str(error)[:DETAIL_MAX_CHARS], line)
    if not 1 <= head.v <= VERSION:
        detail = f"version {str(head.v)[:20]}, this stream reads {VERSION}: upgrade it, then replay the dead letter"
        return Poison(index, "unsupported_version", detail, line)
    if head.type != _TYPES[topic] and head.type in _TYPES.values():
        return Poison(index, "wrong_topic", f"a {head.type} in topic {topic}", line)
    try:
        return _DECODERS[topic].decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Poison(index, "not_an_event", str(error)[:DETAIL_MAX_CHARS], line)
