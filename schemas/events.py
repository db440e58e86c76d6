"""The events that travel from a spool through Kafka to ClickHouse: one JSON object, one line.

Unknown fields are ignored, so that a newer producer can add some; a change of meaning raises `VERSION`.
"""

from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

VERSION: Final = 1

UA_MAX_CHARS: Final = 512
REFERRER_MAX_CHARS: Final = 512
LINK_MAX_BYTES: Final = 511
"""Longest `domain/slug` in UTF-8 bytes: LMDB's longest key."""

TrafficClass = Literal["human", "bot", "prefetch", "duplicate", "unknown"]
ImpressionSource = Literal["pixel", "beacon", "api", "platform"]
ImpressionKind = Literal["served", "rendered", "viewable", "platform"]

TRAFFIC_CLASSES: Final[tuple[TrafficClass, ...]] = get_args(TrafficClass)
IMPRESSION_SOURCES: Final[tuple[ImpressionSource, ...]] = get_args(ImpressionSource)
IMPRESSION_KINDS: Final[tuple[ImpressionKind, ...]] = get_args(ImpressionKind)

LinkKey = Annotated[str, Meta(min_length=2, max_length=LINK_MAX_BYTES, description="domain/slug of the link")]
NUMBER_LIMIT: Final = 2**53
"""Every number on the wire is below: what any JSON reader keeps exact, and any column can hold."""

Seq = Annotated[
    int, Meta(ge=0, lt=NUMBER_LIMIT, description="the event's number in its spool, from 1; 0: it has none")
]
TimeMs = Annotated[int, Meta(ge=0, lt=NUMBER_LIMIT, description="event time, milliseconds since 1970 UTC")]
Visitor = Annotated[
    int,
    Meta(ge=0, lt=NUMBER_LIMIT, description="keyed hash of the visitor, new every day; 0: none, they asked not to"),
]
UserAgent = Annotated[str, Meta(max_length=UA_MAX_CHARS, description="user agent, cut to 512 characters")]
Referrer = Annotated[
    str, Meta(max_length=REFERRER_MAX_CHARS, description="referring page without query and fragment")
]
Purpose = Annotated[
    str, Meta(max_length=64, description="value of Sec-Purpose, Purpose, X-Purpose or X-Moz, if sent")
]
SpoolId = Annotated[
    str,
    Meta(
        max_length=64,
        description="spool of the event's identity where it is not the batch's: derived from an Idempotency-Key",
    ),
]
Version = Annotated[int, Meta(ge=1, description="version of this schema")]


class Click(msgspec.Struct, tag_field="type", tag="click", frozen=True, omit_defaults=True, gc=False):
    """One GET that was answered with the redirect. It says nothing of a landing."""

    time_ms: TimeMs
    link: LinkKey
    seq: Seq = 0
    spool: SpoolId = ""
    visitor: Visitor = 0
    ua: UserAgent = ""
    referrer: Referrer = ""
    purpose: Purpose = ""
    v: Version = VERSION


class Impression(msgspec.Struct, tag_field="type", tag="impression", frozen=True, omit_defaults=True, gc=False):
    """`count` displays of the content that carries the link."""

    time_ms: TimeMs
    link: LinkKey
    source: ImpressionSource
    kind: ImpressionKind
    count: Annotated[int, Meta(ge=1, le=1_000_000_000, description="how many displays")] = 1
    seq: Seq = 0
    spool: SpoolId = ""
    visitor: Visitor = 0
    ua: UserAgent = ""
    referrer: Referrer = ""
    purpose: Purpose = ""
    v: Version = VERSION


Event = Click | Impression


class Routing(msgspec.Struct, frozen=True, gc=False):
    """The little of an event that the relay needs to send it on its way."""

    type: Literal["click", "impression"]
    link: LinkKey
    seq: Seq = 0
    spool: SpoolId = ""
