"""Google Ads: `googleAds:searchStream` (an array of batches) and `:search` (one page), totals of an ad's days.

64-bit numbers are texts, and a number that is zero may be left out. A day is one of the account's time zone.
"""

from datetime import tzinfo
from typing import Final

import msgspec

from schemas.platforms.reading import (
    Collector,
    ItemError,
    PayloadError,
    Reading,
    Unsaid,
    opening,
    payload_of,
    side_of,
    whole,
)
from schemas.platforms.times import HOUR_MS, Period, day_of, zone_of
from schemas.series import series_name

PLATFORM: Final = "google-ads"

_IMPRESSIONS: Final = "metrics.impressions"
_HOURS: Final = 24


class _Refusal(msgspec.Struct):
    message: str = ""
    status: str = ""
    code: int = 0


class _Batch(msgspec.Struct, rename="camel"):
    results: list[msgspec.Raw] = []
    field_mask: str = ""
    error: _Refusal | None = None
    request_id: str | None = None
    next_page_token: str | None = None


class _Ad(msgspec.Struct, rename="camel"):
    id: str | int | None = None
    final_urls: list[str] = []


class _AdGroupAd(msgspec.Struct, rename="camel"):
    ad: _Ad | None = None
    resource_name: str = ""


class _Named(msgspec.Struct, rename="camel"):
    id: str | int | None = None
    time_zone: str | None = None


class _Metrics(msgspec.Struct, rename="camel"):
    impressions: str | int | None = None
    clicks: str | int | None = None
    cost_micros: str | int | None = None


class _Row(msgspec.Struct, rename="camel"):
    ad_group_ad: _AdGroupAd | None = None
    campaign: _Named | None = None
    customer: _Named | None = None
    segments: dict[str, msgspec.Raw] = {}
    metrics: _Metrics | None = None


_batch: Final = msgspec.json.Decoder(_Batch).decode
_batches: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_row: Final = msgspec.json.Decoder(_Row).decode
_text: Final = msgspec.json.Decoder(str).decode
_number: Final = msgspec.json.Decoder(int).decode


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
    """The rows of all batches. Raises PayloadError."""
    collector = Collector(PLATFORM, unsaid)
    is_stream = opening(raw) == b"["
    parts = payload_of(raw, _batches, "Google Ads") if is_stream else [raw]
    for number, part in enumerate(parts):
        batch = payload_of(part, _batch, "Google Ads: an array of batches, or an object with results")
        if batch.error is not None:
            error = batch.error
            raise PayloadError(f"Google Ads answered with an error: {error.code} {error.status} {error.message}")
        if not batch.results and not batch.field_mask and batch.request_id is None:
            raise PayloadError("this is no answer of Google Ads: it has no results")
        prefix = f"[{number}]." if is_stream else ""
        for index, one in enumerate(batch.results):
            place = f"{prefix}results[{index}]"
            with collector.part(place):
                _read_row(collector, place, _row(one), batch.field_mask)
    return collector.reading()


def _read_row(collector: Collector, place: str, row: _Row, field_mask: str) -> None:
    ad = row.ad_group_ad.ad if row.ad_group_ad else None
    if row.ad_group_ad is None or ad is None or ad.id is None:
        raise ItemError("it names no ad: select ad_group_ad.ad.id FROM ad_group_ad")
    scope, period = _period(row.segments, _zone(collector.unsaid, row))
    numbers = row.metrics or _Metrics()
    collector.add(
        place,
        post=str(ad.id),
        other_ids=(row.ad_group_ad.resource_name,) if row.ad_group_ad.resource_name else (),
        series=series_name("impressions", collector.unsaid.version, scope),
        total=_impressions(row.metrics, field_mask),
        profile=collector.unsaid.profile or (str(row.campaign.id) if row.campaign and row.campaign.id else ""),
        urls=ad.final_urls,
        side=side_of(clicks=numbers.clicks, spend_micros=numbers.cost_micros),
        **period._asdict(),
    )


def _impressions(metrics: _Metrics | None, field_mask: str) -> int:
    """What a row says; nothing is zero where it was asked for: the mask names it, or other metrics are there."""
    impressions = None if metrics is None else whole(metrics.impressions, "impressions")
    if impressions is not None:
        return impressions
    selected = _IMPRESSIONS in field_mask.split(",") if field_mask else metrics is not None
    if not selected:
        raise ItemError("it has no metrics.impressions: select metrics.impressions")
    return 0


def _zone(unsaid: Unsaid, row: _Row) -> tzinfo:
    if row.customer is not None and row.customer.time_zone:
        return zone_of(row.customer.time_zone)
    if unsaid.zone is None:
        raise ItemError(
            "its day is one of the account's time zone, and nothing says which: say time_zone=Europe/Berlin, or"
            " select customer.time_zone"
        )
    return unsaid.zone


def _period(segments: dict[str, msgspec.Raw], zone: tzinfo) -> tuple[str, Period]:
    """The day, or hour, of a row. Any other segment splits it: each part alone would be taken for the whole."""
    if "date" not in segments:
        raise ItemError("it has no day: select segments.date, the total of a longer time cannot be corrected later")
    others = sorted(segments.keys() - {"date", "hour"})
    if others:
        raise ItemError(f"it is split by segments.{others[0][:40]}: select no segments but date and hour")
    day = day_of(_text(segments["date"]), zone, "segments.date")
    if "hour" not in segments:
        return "day", day
    hour = _number(segments["hour"])
    if not 0 <= hour < _HOURS:
        raise ItemError(f"segments.hour is {hour}: it should be 0 to 23")
    return "hour", Period(day.start_ms + hour * HOUR_MS, day.start_ms + (hour + 1) * HOUR_MS)
