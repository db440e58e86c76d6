"""Series: a platform's metric by name, scope and version, and which of a post's series is the one that counts.

`impression_count@v2` is a lifetime total of X's API v2, `impressions/day@v26` what Google Ads reports by day. The
scope is part of the name: a life and its days, or days and months, are never added up. The version is the API's;
versions of one metric go on with each other, two metrics never do.
"""

from typing import Final, NamedTuple

SERIES_MAX_CHARS: Final = 64

ORDER: Final[dict[str, tuple[str, ...]]] = {
    "x": (
        "impressions/week",
        "impressions/hour",
        "impressions/day",
        "non_public_metrics.impression_count",
        "impression_count",
    ),
    "linkedin": ("IMPRESSION/day", "IMPRESSION", "impressionCount/month", "impressionCount/day", "impressionCount"),
    "facebook": ("post_impressions", "post_media_view"),
    "instagram": ("impressions", "plays", "ig_reels_aggregated_all_plays_count", "views"),
    "threads": ("views",),
    "tiktok": ("view_count",),
    "youtube": ("viewCount",),
    "pinterest": ("IMPRESSION/day",),
    "google-ads": ("impressions/hour", "impressions/day"),
    "microsoft-ads": ("Impressions/day",),
    "meta-ads": ("impressions/day",),
    "mailchimp": ("delivered",),
}
"""What counts displays, by platform, the one that counts last: a life before its days, what is current before what
is retired. What stands in no list goes before all that do."""

RETIRED: Final[dict[str, frozenset[str]]] = {
    "x": frozenset({"non_public_metrics.impression_count"}),
    "facebook": frozenset({"post_impressions"}),
    "instagram": frozenset({"impressions", "plays", "ig_reels_aggregated_all_plays_count"}),
}
"""Metrics that a platform replaced by another of another meaning."""


class Rank(NamedTuple):
    """The place of a series among those of its platform: the highest of a post's counts. `metric` settles ties."""

    place: int
    metric: str


def series_name(metric: str, version: str, scope: str = "") -> str:
    """A series by its metric, the scope of its totals (`day`; empty: a life) and the API's version if known."""
    name = f"{metric}/{scope}" if scope else metric
    return f"{name}@{version}" if version else name


def metric_of(series: str) -> str:
    """A series without its version: what two series must share to go on with each other."""
    return series.partition("@")[0]


def rank_of(platform: str, series: str) -> Rank:
    """Where a series stands. Those of one metric stand at one place, whatever their versions."""
    metric = metric_of(series)
    order = ORDER.get(platform, ())
    return Rank(order.index(metric) if metric in order else -1, metric)


def is_retired(platform: str, series: str) -> bool:
    """Whether the platform has replaced this metric."""
    return metric_of(series) in RETIRED.get(platform, ())
