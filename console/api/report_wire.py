"""Reports as the API takes and gives them."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

ROWS_MOST: Final = 100_000
BREAKDOWNS: Final = ("account", "campaign", "post", "channel", "profile", "link")

Format = Literal["json", "csv", "arrow"]
Label = Annotated[str, Meta(max_length=256)]
Time = Annotated[datetime, Meta(tz=True)]
Limit = Annotated[int, Meta(ge=1, le=ROWS_MOST)]
Zone = Annotated[
    str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$", max_length=64, description="time zone, such as Europe/Berlin")
]


class TimeFilters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which counts are meant: those that fit all that is given. `not_…`: all but that one."""

    since: Annotated[Time | None, Meta(description="first minute; left out: 30 days before until")] = None
    until: Annotated[Time | None, Meta(description="first minute left out; left out itself: now")] = None
    account: Label | None = None
    campaign: Label | None = None
    post: Label | None = None
    channel: Label | None = None
    profile: Label | None = None
    not_account: Label | None = None
    not_campaign: Label | None = None
    not_post: Label | None = None
    not_channel: Label | None = None
    not_profile: Label | None = None
    format: Format = "json"


class ReportQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of a report with judgement."""

    limit: Limit = 1000


class BreakdownQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of sums by labels."""

    by: Annotated[str, Meta(max_length=100, description=f"some of {', '.join(BREAKDOWNS)}, comma-separated")]
    limit: Limit = 1000


class SeriesQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of counts over time."""

    unit: Literal["minute", "hour", "day"] = "day"
    zone: Zone = "UTC"
    by: Annotated[
        Literal["", "account", "campaign", "post", "channel", "profile"], Meta(description="one series of each")
    ] = ""
    limit: Limit = 10_000


class HeatMapQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of counts by day of the week and hour."""

    zone: Zone = "UTC"


class PerformanceRow(msgspec.Struct, kw_only=True):
    """What was counted and what it means; docs/reports.md says how each number is made."""

    account: str
    campaign: str | UnsetType = UNSET
    post: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET
    links: int
    posts: int | UnsetType = UNSET
    clicks: int
    gross_clicks: int
    impressions: int
    kinds: list[str]
    ctr: float | None
    ctr_from: float | None
    ctr_to: float | None
    enough_data: bool
    over_100_percent: bool
    range_low: float | None
    range_high: float | None
    position: str
    usual_impressions: float
    pattern: str
    meaning: str
    advice: str


class Counts(msgspec.Struct, kw_only=True):
    """Sums. CTR is the sum of clicks over the sum of impressions, null without impressions."""

    clicks: int
    gross_clicks: int
    impressions: int
    kinds: list[str]
    ctr: float | None


class BreakdownRow(Counts, kw_only=True):
    """Of the links that share these labels."""

    account: str | UnsetType = UNSET
    campaign: str | UnsetType = UNSET
    post: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET
    link: str | UnsetType = UNSET
    links: int


class SeriesRow(Counts, kw_only=True):
    """Of one window, which begins at `start`. Windows without any count are left out."""

    start: datetime
    account: str | UnsetType = UNSET
    campaign: str | UnsetType = UNSET
    post: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET


class HeatMapRow(Counts, kw_only=True):
    """Of one hour of one day of the week. Those without any count are left out."""

    weekday: Annotated[int, Meta(ge=1, le=7, description="1: Monday")]
    hour: Annotated[int, Meta(ge=0, le=23)]


class PerformanceReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[PerformanceRow]


class BreakdownReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[BreakdownRow]


class SeriesReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[SeriesRow]


class HeatMap(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[HeatMapRow]
