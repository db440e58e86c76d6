"""Clicks by what their requests said: the report's query, its statement over `breakdown_1d`, its rows."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from console.api.by_labels import LABELS, LABELS_OR_LINK, Labels, names_by
from console.api.report_filters import of_links, wanted_links, where
from console.api.report_wire import LinkFilters, TrafficClass
from console.api.reports import Statement, times_of
from schemas.breakdowns import DIMENSIONS

BY: Final = (*DIMENSIONS, "class", *LABELS_OR_LINK)
_DAY: Final = timedelta(days=1)

Value = Annotated[str, Meta(max_length=256)] | None


class ClicksQuery(LinkFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of clicks by what their requests said. Days are whole ones of UTC."""

    by: Annotated[str, Meta(max_length=200, description=f"some of {', '.join(BY)}, comma-separated")]
    traffic: Annotated[TrafficClass, Meta(description="traffic class of the clicks; all: gross")] = msgspec.field(
        name="class", default="human"
    )
    most: Annotated[int, Meta(ge=1, le=10_000, description="values shown one by one; the others are one row")] = 100
    device: Value = None
    os: Value = None
    browser: Value = None
    referrer_source: Value = None
    referrer_medium: Value = None
    referrer_host: Value = None
    country: Value = None
    region: Value = None
    language: Value = None
    utm_source: Value = None
    utm_medium: Value = None
    utm_campaign: Value = None
    utm_term: Value = None
    utm_content: Value = None
    destination: Value = None
    scan: Value = None
    not_device: Value = None
    not_os: Value = None
    not_browser: Value = None
    not_referrer_source: Value = None
    not_referrer_medium: Value = None
    not_referrer_host: Value = None
    not_country: Value = None
    not_region: Value = None
    not_language: Value = None
    not_utm_source: Value = None
    not_utm_medium: Value = None
    not_utm_campaign: Value = None
    not_utm_term: Value = None
    not_utm_content: Value = None
    not_destination: Value = None
    not_scan: Value = None


class ClicksRow(Labels, kw_only=True):
    """The clicks that share these values; `is_other`: those of all values that are not among the first."""

    device: str | UnsetType = UNSET
    os: str | UnsetType = UNSET
    browser: str | UnsetType = UNSET
    referrer_source: str | UnsetType = UNSET
    referrer_medium: str | UnsetType = UNSET
    referrer_host: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    region: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    utm_source: str | UnsetType = UNSET
    utm_medium: str | UnsetType = UNSET
    utm_campaign: str | UnsetType = UNSET
    utm_term: str | UnsetType = UNSET
    utm_content: str | UnsetType = UNSET
    destination: str | UnsetType = UNSET
    scan: str | UnsetType = UNSET
    class_: Annotated[str | UnsetType, Meta(description="traffic class")] = msgspec.field(
        default=UNSET, name="class"
    )
    is_other: bool
    clicks: int
    gross_clicks: int


class ClicksReport(msgspec.Struct, kw_only=True):
    """Rows, and the days that they are about: from the first to before the last."""

    since: datetime
    until: datetime
    rows: list[ClicksRow]


def clicks_by(query: ClicksQuery, account: str, now: datetime) -> Statement:
    """Clicks of a class, and of all, by one or more values, the first ones and all others. Raises Problem."""
    since, until = times_of(query, now)
    first = since.replace(hour=0, minute=0)
    end = until.replace(hour=0, minute=0)
    end = end if end == until else end + _DAY
    by = names_by(query.by, BY)
    wanted = wanted_links(query, account)
    conditions, parameters = wanted.among("counted.link"), wanted.parameters
    for name in DIMENSIONS:
        for given, sign in ((name, "="), (f"not_{name}", "!=")):
            value = getattr(query, given)
            if value is not None:
                conditions.append(f"toString(counted.{name}) {sign} {{{given}:String}}")
                parameters = (*parameters, (given, value))
    only, more = of_links(query, "counted.link", since, until)
    parameters = (*parameters, *more)
    days = [f"counted.day >= '{first:%F}'", f"counted.day < '{end:%F}'"]
    columns = ", ".join(by)
    of_class = "1" if query.traffic == "all" else f"counted.class = '{query.traffic}'"
    values = ", ".join(f"toString({'named' if name in LABELS else 'counted'}.{name}) AS {name}" for name in by)
    shown = ", ".join(f"if(place <= {query.most}, {name}, 'other') AS {name}" for name in by)
    text = (
        f"SELECT {shown}, toBool(place > {query.most}) AS is_other, sum(chosen) AS clicks,"  # noqa: S608 - closed sets
        f" sum(gross) AS gross_clicks FROM"
        f" (SELECT *, row_number() OVER (ORDER BY chosen DESC, gross DESC, {columns}) AS place FROM"
        f" (SELECT {values}, sumIf(counted.clicks, {of_class}) AS chosen,"
        f" sum(counted.clicks) AS gross"
        f" FROM breakdown_1d AS counted{wanted.join_names(by)}"
        f"{where([*days, *only, *conditions])} GROUP BY {columns})) GROUP BY {columns}, is_other"
        f" ORDER BY is_other, clicks DESC, gross_clicks DESC, {columns}"
    )
    return Statement(text, parameters, first.astimezone(UTC), end.astimezone(UTC))
