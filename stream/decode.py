"""From a Kafka record's bytes to events; what is no event comes back as a dead letter, the rest goes on."""

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from schemas import topics
from schemas.errors import DeadLetterReason
from schemas.events import VERSION, Click, Event, Impression

MAX_RECORD_BYTES: Final = 2 * 1024 * 1024
TOO_LARGE_KEPT_BYTES: Final = 64 * 1024
DETAIL_MAX_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Poison:
    """Bytes of one line (or of a whole record, index 0) that cannot be an event, and why."""

    index: int
    reason: DeadLetterReason
    detail: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """`events[i]` stood on line `indexes[i]` of the record; `indexes` is None when no line was left out."""

    events: list[Event]
    indexes: list[int] | None
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


def decode(topic: str, value: bytes | None) -> Decoded:
    """Decode a record of one of the event topics: a JSON event, or several, one a line. Never raises.

    `decode_lines` also takes two events on a line or one over two, which are poison when they stand beside
    others. So its answer holds only for one event, or where every newline but the last stands between two.
    """
    if not value or not value.strip():
        return Decoded([], None, [Poison(0, "not_json", "the record is empty", value or b"")])
    if len(value) > MAX_RECORD_BYTES:
        detail = f"{len(value)} bytes, at most {MAX_RECORD_BYTES} are read; only its beginning is kept"
        return Decoded([], None, [Poison(0, "too_large", detail, value[:TOO_LARGE_KEPT_BYTES])])
    try:
        events = _DECODERS[topic].decode_lines(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _line_by_line(topic, value)
    if not _one_a_line(events, value) or any(event.v != VERSION for event in events):
        return _line_by_line(topic, value)
    return Decoded(events, None, [])


def _one_a_line(events: list[Event], value: bytes) -> bool:
    if len(events) == 1:
        return True
    octets = np.frombuffer(value, np.uint8)
    newlines = np.flatnonzero(octets[:-1] == _NEWLINE)
    return (
        len(newlines) == len(events) - 1
        and bool((octets[newlines - 1] == _CLOSE).all())
        and bool((octets[newlines + 1] == _OPEN).all())
    )


def _line_by_line(topic: str, value: bytes) -> Decoded:
    events: list[Event] = []
    indexes: list[int] = []
    poison: list[Poison] = []
    for index, line in enumerate(value.split(b"\n")):
        if not line.strip():
            continue
        found = _decode_line(topic, index, line)
        if isinstance(found, Poison):
            poison.append(found)
        else:
            events.append(found)
            indexes.append(index)
    return Decoded(events, indexes, poison)


def _decode_line(topic: str, index: int, line: bytes) -> Event | Poison:
    try:
        head = _HEAD.decode(line)
    except msgspec.ValidationError as error:
        return Poison(index, "not_an_event", str(error)[:DETAIL_MAX_CHARS], line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Poison(index, "not_json", str(error)[:DETAIL_MAX_CHARS], line)
    if head.v != VERSION:
        detail = f"version {str(head.v)[:20]}, this stream reads {VERSION}: upgrade it, then replay the dead letter"
        return Poison(index, "unsupported_version", detail, line)
    if head.type != _TYPES[topic] and head.type in _TYPES.values():
        return Poison(index, "wrong_topic", f"a {head.type} in topic {topic}", line)
    try:
        return _DECODERS[topic].decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Poison(index, "not_an_event", str(error)[:DETAIL_MAX_CHARS], line)
