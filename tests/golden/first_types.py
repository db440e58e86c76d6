"""The event types of the first release, as they were: what an old stream and an old relay make of a line."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

VERSION: Final = 1
_LIMIT: Final = 2**53
_Link = Annotated[str, Meta(min_length=2, max_length=511)]
_Number = Annotated[int, Meta(ge=0, lt=_LIMIT)]


class Click(msgspec.Struct, tag_field="type", tag="click", frozen=True, omit_defaults=True):
    """A click."""

    time_ms: _Number
    link: _Link
    seq: _Number = 0
    spool: Annotated[str, Meta(max_length=64)] = ""
    visitor: _Number = 0
    ua: Annotated[str, Meta(max_length=512)] = ""
    referrer: Annotated[str, Meta(max_length=512)] = ""
    purpose: Annotated[str, Meta(max_length=64)] = ""
    v: Annotated[int, Meta(ge=1)] = VERSION


class Impression(msgspec.Struct, tag_field="type", tag="impression", frozen=True, omit_defaults=True):
    """An impression."""

    time_ms: _Number
    link: _Link
    source: Literal["pixel", "beacon", "api", "platform"]
    kind: Literal["served", "rendered", "viewable", "platform"]
    count: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1
    seq: _Number = 0
    spool: Annotated[str, Meta(max_length=64)] = ""
    visitor: _Number = 0
    ua: Annotated[str, Meta(max_length=512)] = ""
    referrer: Annotated[str, Meta(max_length=512)] = ""
    purpose: Annotated[str, Meta(max_length=64)] = ""
    v: Annotated[int, Meta(ge=1)] = VERSION


class Head(msgspec.Struct):
    """What the first stream looked at before anything else: any other version was a dead letter."""

    type: str | None = None
    v: int = VERSION


class Routing(msgspec.Struct, frozen=True):
    """What the first relay needed."""

    type: Literal["click", "impression"]
    link: _Link
    seq: _Number = 0
    spool: Annotated[str, Meta(max_length=64)] = ""
