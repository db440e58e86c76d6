"""Reports as the API takes and gives them."""

from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from console.api.by_labels import LABELS, LABELS_OR_LINK
from schemas.events import LINK_MAX_BYTES

ROWS_MOST: Final = 100_000
POSTS_MOST: Final = 100

Format = Literal["json", "csv", "arrow", "sql"]
TrafficClass = Literal["human", "bot", "prefetch", "duplicate", "unknown", "all"]
Kind = Literal["served", "rendered", "viewable", "platform"]
Label = Annotated[str, Meta(max_length=256)]
LinkName = Annotated[str, Meta(max_length=LINK_MAX_BYTES)]
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
    previous: Annotated[
        bool, Meta(description="with totals, and with what the same time before had: clicks_before and the like")
    ] = False


class TotalsQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of all that fits, together."""


class LinkFilters(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A query that may be of one link, or of the links of a kind."""

    link: Annotated[LinkName | None, Meta(description="domain/slug; left out: all")] = None
    having: Annotated[
        Kind | None, Meta(description="only links that have impressions of this kind from since to until")
    ] = None


class Chosen(LinkFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A query that may ask for other clicks than people's, and for impressions of one kind."""

    traffic: Annotated[TrafficClass, Meta(description="traffic class of the clicks; all: gross")] = msgspec.field(
        name="class", default="human"
    )
    kind: Annotated[
        Kind | None, Meta(description="kind of the impressions; left out: that by which each link is divided")
    ] = None


class BreakdownQuery(Chosen, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of sums by labels."""

    by: Annotated[str, Meta(max_length=100, description=f"some of {', '.join(LABELS_OR_LINK)}, comma-separated")]
    limit: Limit = 1000


class SeriesQuery(Chosen, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of counts over time."""

    unit: Literal["minute", "hour", "day"] = "day"
    zone: Zone = "UTC"
    by: Annotated[
        str,
        Meta(
            max_length=100,
            description=f"one series of each: some of {', '.join(LABELS)}, comma-separated; empty: one of all",
        ),
    ] = ""
    posts: Annotated[
        list[Label], Meta(max_length=POSTS_MOST, description="of some posts alone: one each, given several times")
    ] = []
    limit: Limit = 10_000


class HeatMapQuery(Chosen, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of counts by day of the week and hour."""

    zone: Zone = "UTC"


class VariantsQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of experiments."""

    experiment: Label | None = None
    limit: Limit = 1000


class DestinationsQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of links' destinations."""

    link: Annotated[LinkName | None, Meta(description="domain/slug; left out: all")] = None
    limit: Limit = 1000


class QualityQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of what may be wrong."""


class UnknownSlugsQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of what was asked for in vain: of the UTC days in which since and until lie, and those between."""

    domain: Label | None = None
    slug: Label | None = None
    reason: Literal["unknown", "expired", "deleted"] | None = None
    limit: Limit = 1000


class AnnotationsQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of what happened to posts."""

    limit: Limit = 1000


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
    clicks_before: int | UnsetType = UNSET
    gross_clicks_before: int | UnsetType = UNSET
    impressions_before: int | UnsetType = UNSET
    ctr_before: float | UnsetType | None = UNSET


class Counts(msgspec.Struct, kw_only=True):
    """Sums. CTR is the sum of clicks over the sum of impressions, null without impressions."""

    clicks: int
    gross_clicks: int
    impressions: int
    kinds: list[str]
    ctr: float | None


class TotalsRow(Counts, kw_only=True):
    """All that fits together: of the time asked for (`now`), or of the same time before it (`before`)."""

    period: Literal["now", "before"]
    links: int
    ctr_from: float | None
    ctr_to: float | None


class LabelledCounts(Counts, kw_only=True):
    """With those of LABELS that rows are by."""

    account: str | UnsetType = UNSET
    campaign: str | UnsetType = UNSET
    post: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET


class BreakdownRow(LabelledCounts, kw_only=True):
    """Of the links that share these labels."""

    link: str | UnsetType = UNSET
    links: int
    ctr_from: float | None
    ctr_to: float | None


class SeriesRow(LabelledCounts, kw_only=True):
    """Of one window, which begins at `start`. Windows without any count are left out."""

    start: datetime


class HeatMapRow(Counts, kw_only=True):
    """Of one hour of one day of the week. Those without any count are left out."""

    weekday: Annotated[int, Meta(ge=1, le=7, description="1: Monday")]
    hour: Annotated[int, Meta(ge=0, le=23)]


class PerformanceReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[PerformanceRow]
    totals: list[TotalsRow] | UnsetType = UNSET


class TotalsReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[TotalsRow]


class VariantRow(msgspec.Struct, kw_only=True):
    """A variant of an experiment; docs/reports.md says how each number is made."""

    account: str
    experiment: str
    variant: str
    is_control: bool
    links: int
    clicks: int
    gross_clicks: int
    impressions: int
    kinds: list[str]
    ctr: float | None
    ctr_from: float | None
    ctr_to: float | None
    weight: float
    measure: str
    difference: float | None
    difference_from: float | None
    difference_to: float | None
    lift: float | None
    enough_data: bool
    p_value: float | None
    p_adjusted: float | None
    against_control: str
    sample_ratio_p: float | None
    sample_ratio_mismatch: bool
    is_winner: bool
    verdict: str


class VariantsReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[VariantRow]


class DestinationRow(msgspec.Struct, kw_only=True):
    """One destination of one link; docs/reports.md says how each number is made."""

    link: str
    account: str
    destination: Annotated[int, Meta(description="its number, as clicks have it")]
    name: str
    kind: Literal["own", "variant", "rule", "early", "expired", "retired"]
    url: str
    clicks: int
    gross_clicks: int
    scans: int
    visitors: int
    expected_share: float | None
    share: float | None
    split_since: datetime | None
    sample_ratio_p: float | None
    sample_ratio_mismatch: bool


class DestinationsReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[DestinationRow]


class Finding(msgspec.Struct, kw_only=True):
    """One thing that may be wrong, or that tells how far the numbers go."""

    finding: str
    amount: int
    examples: list[str]
    meaning: str


class QualityReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[Finding]


class UnknownSlugRow(msgspec.Struct, kw_only=True):
    """GETs of a UTC day for one slug that leads nowhere, from one page's host. Without a domain: for all others.

    Labels are those of a link that expired or was deleted.
    """

    day: date
    domain: str
    slug: str
    reason: Literal["unknown", "expired", "deleted"]
    referrer_host: str
    account: str
    campaign: str
    post: str
    channel: str
    profile: str
    requests: int


class UnknownSlugs(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[UnknownSlugRow]


class Annotation(msgspec.Struct, kw_only=True):
    """What happened to a post at a time. `impressions`: by how many a platform corrected them."""

    at: datetime
    what: Literal["published", "revised", "definition changed"]
    account: str
    campaign: str
    post: str
    channel: str
    profile: str
    detail: str
    impressions: int


class AnnotationsReport(msgspec.Struct, kw_only=True):
    """Rows, and the time that they are about."""

    since: datetime
    until: datetime
    rows: list[Annotation]


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
