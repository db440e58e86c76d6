"""One line as an event, or why it is none: by the types, and by the rules that the stream reads lines with."""

import re
from typing import Final, NamedTuple

import msgspec

from schemas import events, snapshots
from schemas.dead_letters import DETAIL_MAX_CHARS
from schemas.errors import DeadLetterReason
from schemas.events import Click, Impression
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS, IMPRESSIONS

AnyEvent = Click | Impression | Snapshot

TOPIC_OF: Final = {"click": CLICKS, "impression": IMPRESSIONS, "snapshot": IMPRESSIONS}
_VERSIONS: Final = {"click": events.VERSION, "impression": events.VERSION, "snapshot": snapshots.VERSION}
_FIELD: Final = re.compile(r"at `\$\.([\w.\[\]…]+)`|field `(\w+)`")
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class LineFault(NamedTuple):
    """Why a line is no event of its topic. `field` is the one that is wrong, "" where it is none."""

    reason: DeadLetterReason
    detail: str
    field: str = ""


class _Head(msgspec.Struct):
    type: str | None = None
    v: int = 1


_decode: Final = {
    CLICKS: msgspec.json.Decoder(Click).decode,
    IMPRESSIONS: msgspec.json.Decoder(Impression | Snapshot).decode,
}
_head: Final = msgspec.json.Decoder(_Head).decode


def read_line(topic: str, line: bytes) -> AnyEvent | LineFault:
    """The event on a line of a record of the topic `clicks` or `impressions`. Never raises for its bytes."""
    try:
        event: AnyEvent = _decode[topic](line)
    except _BROKEN as error:
        return _fault(topic, line, error)
    version = _VERSIONS[str(event.__struct_config__.tag)]
    return event if event.v <= version else _newer(event.v, version)


def type_of(line: bytes) -> str:
    """The type that a line says it is of, "" where it says none."""
    try:
        return _head(line).type or ""
    except _BROKEN:
        return ""


def _fault(topic: str, line: bytes, error: Exception) -> LineFault:
    try:
        head = _head(line)
    except msgspec.ValidationError as no_head:
        return _no_event(no_head)
    except _BROKEN as no_json:
        return LineFault("not_json", str(no_json)[:DETAIL_MAX_CHARS])
    newest = _VERSIONS.get(head.type or "", events.VERSION)
    if not 1 <= head.v <= newest:
        return _newer(head.v, newest)
    if TOPIC_OF.get(head.type or "", topic) != topic:
        return LineFault("wrong_topic", f"a {head.type} in topic {topic}", "type")
    return _no_event(error)


def _no_event(error: Exception) -> LineFault:
    detail = str(error)[:DETAIL_MAX_CHARS]
    field_name = _FIELD.search(detail)
    return LineFault("not_an_event", detail, (field_name[1] or field_name[2] or "") if field_name else "")


def _newer(version: int, newest: int) -> LineFault:
    return LineFault("unsupported_version", f"version {str(version)[:20]}, this release reads {newest}", "v")
