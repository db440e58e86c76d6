"""The events that travel from a spool through Kafka to ClickHouse: one JSON object, one line.

These types are the table of fields: the scanner, the columns, the rows of `events`, the JSON Schemas and the pages
for other producers follow from `FIELDS`, which is read from them.

A field that is not there means its default, and an unknown one is ignored: so a newer producer can add some, and an
older reader counts its events all the same. `v` is the meaning, not the set of fields: it is raised when an event
would be counted wrongly by who ignores what is new. A reader takes every version up to its own.
"""

from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from schemas.fields import NOT_STORED, Column, read_fields

VERSION: Final = 1
"""Written only where it is above 1."""

UA_MAX_CHARS: Final = 512
REFERRER_MAX_CHARS: Final = 512
UTM_MAX_CHARS: Final = 128
LANGUAGE_MAX_CHARS: Final = 16
CLICK_ID_MAX_CHARS: Final = 64
DESTINATION_MAX: Final = 65_535
LINK_MAX_BYTES: Final = 511
"""Longest `domain/slug` in UTF-8 bytes: LMDB's longest key."""
PLATFORM_MAX_CHARS: Final = 32
POST_MAX_CHARS: Final = 256
"""Longest name of a platform, and of a post on it."""

TrafficClass = Literal["human", "bot", "prefetch", "duplicate", "unknown", "unverified"]
ImpressionSource = Literal["pixel", "beacon", "api", "platform"]
ImpressionKind = Literal["served", "rendered", "viewable", "platform"]
Network = Literal["", "datacenter", "mail_scanner", "office"]

TRAFFIC_CLASSES: Final[tuple[TrafficClass, ...]] = get_args(TrafficClass)
CLICK_CLASSES: Final = tuple(name for name in TRAFFIC_CLASSES if name != "unverified")
"""Those that a click may have: what is unverified is whether a pixel was seen, and a click has none."""
IMPRESSION_SOURCES: Final[tuple[ImpressionSource, ...]] = get_args(ImpressionSource)
IMPRESSION_KINDS: Final[tuple[ImpressionKind, ...]] = get_args(ImpressionKind)
NETWORKS: Final[tuple[Network, ...]] = get_args(Network)
"""Classes of networks that we write; on the wire any text is one, so that a new class is no dead letter."""

NUMBER_LIMIT: Final = 2**53
"""Every number on the wire is below: what any JSON reader keeps exact, and any column can hold."""


LinkKey = Annotated[
    str,
    Meta(min_length=2, max_length=LINK_MAX_BYTES, description="domain/slug of the link"),
    Column("String"),
]
Seq = Annotated[
    int,
    Meta(ge=0, lt=NUMBER_LIMIT, description="the event's number in its spool, from 1; 0: it has none"),
    Column("UInt64"),
]
SpoolId = Annotated[
    str,
    Meta(
        max_length=64,
        description="spool of the event's identity where it is not the batch's: derived from an Idempotency-Key",
    ),
]


class EventFields(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, kw_only=True):
    """What clicks and impressions have in common."""

    time_ms: Annotated[
        int,
        Meta(ge=0, lt=NUMBER_LIMIT, description="event time, milliseconds since 1970 UTC"),
        Column("DateTime64(3, 'UTC')", "time"),
    ]
    link: LinkKey
    seq: Seq = 0
    spool: SpoolId = ""
    visitor: Annotated[
        int,
        Meta(
            ge=0,
            lt=NUMBER_LIMIT,
            description="keyed hash of the visitor, new every day; 0: none, they asked not to",
        ),
        Column("UInt64"),
    ] = 0
    ua: Annotated[str, Meta(max_length=UA_MAX_CHARS, description="user agent, cut to 512 characters")] = ""
    referrer: Annotated[
        str, Meta(max_length=REFERRER_MAX_CHARS, description="referring page without query and fragment")
    ] = ""
    purpose: Annotated[
        str, Meta(max_length=64, description="value of Sec-Purpose, Purpose, X-Purpose or X-Moz, if sent")
    ] = ""
    country: Annotated[str, Meta(max_length=2, description="country of the address, ISO 3166-1 alpha-2")] = ""
    region: Annotated[
        str, Meta(max_length=3, description="region of the address, ISO 3166-2 without the country")
    ] = ""
    language: Annotated[
        str,
        Meta(
            max_length=LANGUAGE_MAX_CHARS,
            description="first of Accept-Language: language, region if given, in lower case, such as en-gb",
        ),
    ] = ""
    network: Annotated[
        str, Meta(max_length=32, description="class of the address: datacenter, mail_scanner, office; empty: other")
    ] = ""
    utm_source: Annotated[str, Meta(max_length=UTM_MAX_CHARS, description="utm_source of the request")] = ""
    utm_medium: Annotated[str, Meta(max_length=UTM_MAX_CHARS, description="utm_medium of the request")] = ""
    utm_campaign: Annotated[str, Meta(max_length=UTM_MAX_CHARS, description="utm_campaign of the request")] = ""
    utm_term: Annotated[str, Meta(max_length=UTM_MAX_CHARS, description="utm_term of the request")] = ""
    utm_content: Annotated[str, Meta(max_length=UTM_MAX_CHARS, description="utm_content of the request")] = ""
    destination: Annotated[
        int,
        Meta(
            ge=0,
            le=DESTINATION_MAX,
            description="number of the link's destination: 0 its own, from 1 its variants and rules,"
            " 65534 before its start, 65535 after its end",
        ),
        Column("UInt16"),
    ] = 0
    click_id: Annotated[
        str,
        Meta(max_length=CLICK_ID_MAX_CHARS, description="id of the click that the destination was given"),
        Column("String"),
    ] = ""
    scan: Annotated[int, Meta(ge=0, le=1, description="1: by the link's QR code"), Column("UInt8")] = 0
    v: Annotated[int, Meta(ge=1, lt=NUMBER_LIMIT, description="version of this schema"), NOT_STORED] = VERSION


class Click(EventFields, tag_field="type", tag="click", frozen=True, omit_defaults=True, gc=False, kw_only=True):
    """One GET that was answered with the redirect. It says nothing of a landing."""


class Impression(
    EventFields, tag_field="type", tag="impression", frozen=True, omit_defaults=True, gc=False, kw_only=True
):
    """`count` displays of the content that carries the link."""

    source: Annotated[ImpressionSource, Meta(description="who counted it")]
    kind: Annotated[
        ImpressionKind,
        Meta(description="what was counted"),
        Column("LowCardinality(String)", "impression_kind"),
    ]
    count: Annotated[int, Meta(ge=1, le=1_000_000_000, description="how many displays"), Column("Int64")] = 1


Event = Click | Impression
FIELDS: Final = read_fields(Click, Impression)


class ClickRouting(msgspec.Struct, tag_field="type", tag="click", frozen=True, gc=False):
    """The little of a click that the relay needs to send it on its way."""

    link: LinkKey
    seq: Seq = 0
    spool: SpoolId = ""


class ImpressionRouting(msgspec.Struct, tag_field="type", tag="impression", frozen=True, gc=False):
    """The same of an impression."""

    link: LinkKey
    seq: Seq = 0
    spool: SpoolId = ""


class SnapshotRouting(msgspec.Struct, tag_field="type", tag="snapshot", frozen=True, gc=False):
    """The same of a snapshot (schemas.snapshots); its link need not be known."""

    platform: Annotated[str, Meta(min_length=1, max_length=PLATFORM_MAX_CHARS)]
    post: Annotated[str, Meta(min_length=1, max_length=POST_MAX_CHARS)]
    link: Annotated[str, Meta(max_length=LINK_MAX_BYTES)] = ""
    seq: Seq = 0
    spool: SpoolId = ""

    @property
    def key(self) -> str:
        """What it is partitioned by."""
        return self.link or post_key(self.platform, self.post)


Routing = ClickRouting | ImpressionRouting | SnapshotRouting


def post_key(platform: str, post: str) -> str:
    """Kafka's key of a snapshot whose link is not known: no link's key has a colon before its slash."""
    return f"{platform}:{post}"
