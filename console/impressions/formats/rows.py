"""Our own plain CSV, for platforms that have no form here and for numbers that somebody types in.

The columns are the fields of a row that the API takes (docs/contracts), `side.NAME` for a number beside the total.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from console.impressions.forms import Form, Part, plain, read_totals
from console.impressions.lines import FileFacts, Line, PassedOver
from schemas.link_names import read_link_name
from schemas.links import LinkError
from schemas.matching import urls_in
from schemas.platforms.reading import Collector, ItemError, PayloadError, side_of_names
from schemas.posts import platform_named, post_id
from schemas.series import series_name

METRIC: Final = "impressions"
SIDE: Final = "side."


def _read(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    headers = [plain(cell) for cell in part.sheet.rows[part.start - 1].cells]
    side = {name: number for number, name in enumerate(headers) if name.startswith(SIDE)}
    known = {spelling for spellings in ROWS.columns.values() for spelling in spellings} | side.keys()
    if unknown := [name for name in headers if name and name not in known]:
        passed.note(f"columns that are not known are left out: {', '.join(unknown)}")
    lines = part._replace(columns={**part.columns, **side}).lines(facts)
    read_totals(lines, collector, passed, lambda line: _fields(line, facts, side))


def _fields(line: Line, facts: FileFacts, side: Iterable[str]) -> dict[str, Any] | None:
    total = line.total("total")
    if total is None:
        return None
    counts = {name[len(SIDE) :]: line.count(name) for name in side}
    platform, given = platform_named(line.text("platform")), line.identifier("post")
    if not platform or not given:
        raise ItemError("needs platform and post: whose number it is, and of which post")
    scope, period = _period(line, facts)
    observed = line.moment("observed_at")
    fields: dict[str, Any] = {} if observed is None else {"observed_ms": _ms(line, "observed_at", observed, facts)}
    return {
        "platform": platform,
        "post": post_id(platform, given),
        "series": line.text("series") or series_name(METRIC, "", scope),
        "total": total,
        "link": _link(line.text("link")),
        "published_ms": line.published("published_at")[1],
        "permalink": line.text("permalink"),
        "account": line.text("account"),
        "profile": line.text("profile"),
        "urls": urls_in(line.text("urls")),
        "side": side_of_names(counts),
        **fields,
        **period,
    }


def _period(line: Line, facts: FileFacts) -> tuple[str, dict[str, int]]:
    day, start, end = line.moment("day"), line.moment("start"), line.moment("end")
    if day is not None:
        if start is not None or end is not None:
            raise ItemError("names its period twice: give day, or start and end")
        return "day", facts.day(day.date(), "day")._asdict()
    if (start is None) != (end is None):
        raise ItemError("has half a period: give start and end, or neither for a total of the post's life")
    if start is None or end is None:
        return "", {}
    start_ms, end_ms = _ms(line, "start", start, facts), _ms(line, "end", end, facts)
    if start_ms >= end_ms:
        raise ItemError("has a period that ends before it begins")
    return "period", {"start_ms": start_ms, "end_ms": end_ms}


def _ms(line: Line, name: str, moment: datetime, facts: FileFacts) -> int:
    """A time that counts in: without a zone it is nobody's."""
    if moment.tzinfo is None and facts.zone is None:
        raise PayloadError(
            f"column {line.header(name)!r} has times without a zone: end them in Z, or say --time-zone"
        )
    aware = moment if moment.tzinfo else moment.replace(tzinfo=facts.zone)
    return max(0, round(aware.timestamp() * 1000))


def _link(name: str) -> str:
    try:
        return read_link_name(name) if name else ""
    except LinkError as error:
        raise ItemError(str(error)) from error


ROWS: Final = Form(
    name="rows",
    title="plain file of totals",
    platform="",
    columns={
        "platform": ("platform",),
        "post": ("post",),
        "total": ("total", "impressions"),
        **{
            name: (name,)
            for name in (
                "link",
                "series",
                "observed_at",
                "day",
                "start",
                "end",
                "published_at",
                "permalink",
                "account",
                "profile",
                "urls",
            )
        },
    },
    needed=("platform", "post", "total"),
    dates=("day", "start", "end", "observed_at", "published_at"),
    read=_read,
)
