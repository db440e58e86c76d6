"""Rows of our own form, for any platform that has no reader, or for numbers that somebody types in.

One flat object a row, in an array, one a line, or alone; docs/contracts/snapshots-api.md describes the fields.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.link_names import read_link_name
from schemas.links import LinkError
from schemas.platforms.reading import (
    Collector,
    ItemError,
    PayloadError,
    Reading,
    Unsaid,
    opening,
    payload_of,
    side_of_names,
)
from schemas.platforms.times import Period, day_of, iso_ms
from schemas.posts import platform_named
from schemas.series import series_name
from schemas.snapshots import SIDE_MAX

PLATFORM: Final = "rows"
METRIC: Final = "impressions"

PlatformName = Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9_-]*)?$", max_length=32)]
_When = str | int


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One total. Times are milliseconds since 1970 UTC or ISO 8601; a period is `day`, or `start` and `end`."""

    post: str
    total: int
    platform: PlatformName = ""
    link: str = ""
    series: str = ""
    observed_at: _When | None = None
    day: str = ""
    start: _When | None = None
    end: _When | None = None
    published_at: _When | None = None
    account: str = ""
    profile: str = ""
    permalink: str = ""
    other_ids: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    side: Annotated[dict[str, int], Meta(max_length=SIDE_MAX)] = {}
    provisional: bool = False


_rows: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_lines: Final = msgspec.json.Decoder(msgspec.Raw).decode_lines
_row: Final = msgspec.json.Decoder(Row).decode


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid, *, platform: str = "") -> Reading:
    """The rows of a body; `platform` is of those that name none. Raises PayloadError."""
    collector = Collector(platform, unsaid)
    if opening(raw) == b"[":
        rows = payload_of(raw, _rows, "rows: an array, or one a line")
    else:
        rows = payload_of(bytes(memoryview(raw)), _lines, "rows: an array, or one a line")
    if not rows:
        raise PayloadError("there is no row in it: send an array of rows, or one a line")
    for index, one in enumerate(rows):
        place = f"[{index}]"
        with collector.part(place):
            _read_row(collector, place, _row(one), platform)
    return collector.reading()


def _read_row(collector: Collector, place: str, row: Row, platform: str) -> None:
    unsaid = collector.unsaid
    name = platform_named(row.platform) or platform
    if not name:
        raise ItemError("it names no platform: give platform, such as bluesky")
    if unsaid.account and row.account not in ("", unsaid.account):
        raise ItemError(f"its account is {row.account[:64]!r}, the token's {unsaid.account!r}: leave it out")
    scope, period = _period(row, unsaid)
    collector.add(
        place,
        platform=name,
        post=row.post,
        series=row.series or series_name(METRIC, unsaid.version, scope),
        total=row.total,
        link=_link(row.link),
        observed_ms=unsaid.observed_ms if row.observed_at is None else _ms(row.observed_at, "observed_at"),
        published_ms=0 if row.published_at is None else _ms(row.published_at, "published_at"),
        account=row.account or unsaid.account,
        profile=row.profile or unsaid.profile,
        permalink=row.permalink,
        other_ids=row.other_ids,
        urls=row.urls,
        side=side_of_names(dict(row.side)),
        provisional=row.provisional,
        **({} if period is None else period._asdict()),
    )


def _link(name: str) -> str:
    try:
        return read_link_name(name) if name else ""
    except LinkError as error:
        raise ItemError(str(error)) from error


def _period(row: Row, unsaid: Unsaid) -> tuple[str, Period | None]:
    if row.day:
        if row.start is not None or row.end is not None:
            raise ItemError("it names its period twice: give day, or start and end")
        return "day", day_of(row.day, unsaid.day_zone, "day")
    if (row.start is None) != (row.end is None):
        raise ItemError("it has half a period: give start and end, or neither for a lifetime total")
    if row.start is None or row.end is None:
        return "", None
    period = Period(_ms(row.start, "start"), _ms(row.end, "end"))
    if period.start_ms >= period.end_ms:
        raise ItemError(f"its period ends, {row.end}, before it begins, {row.start}")
    return "period", period


def _ms(when: _When, name: str) -> int:
    return when if isinstance(when, int) else iso_ms(when, name)
