"""Mailchimp: `/3.0/reports` and `/3.0/reports/{id}`. What counts is messages delivered; opens stand beside."""

from typing import Final

import msgspec

from schemas.platforms.reading import Collector, ItemError, PayloadError, Reading, Unsaid, payload_of, side_of
from schemas.platforms.times import iso_ms
from schemas.series import series_name

PLATFORM: Final = "mailchimp"
VERSION: Final = "3.0"


class _Bounces(msgspec.Struct):
    hard_bounces: int = 0
    soft_bounces: int = 0
    syntax_errors: int = 0


class _Opens(msgspec.Struct):
    opens_total: int | None = None
    unique_opens: int | None = None
    proxy_excluded_opens: int | None = None
    proxy_excluded_unique_opens: int | None = None


class _Clicks(msgspec.Struct):
    clicks_total: int | None = None
    unique_subscriber_clicks: int | None = None


class _Report(msgspec.Struct):
    id: str
    emails_sent: int | None = None
    bounces: _Bounces | None = None
    opens: _Opens | None = None
    clicks: _Clicks | None = None
    send_time: str | None = None
    list_name: str | None = None


class _Answer(msgspec.Struct):
    reports: list[msgspec.Raw] | None = None
    id: str | None = None
    title: str = ""
    detail: str = ""


_answer: Final = msgspec.json.Decoder(_Answer).decode
_report: Final = msgspec.json.Decoder(_Report).decode


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
    """A report, or a list of them. Raises PayloadError."""
    answer = payload_of(raw, _answer, "Mailchimp: a report, or an object with reports")
    if answer.reports is None and answer.id is None:
        error_text = f"Mailchimp answered with an error: {answer.title}: {answer.detail}"
        raise PayloadError(
            error_text if answer.title else "this is no answer of Mailchimp: it has neither id nor reports"
        )
    collector = Collector(PLATFORM, unsaid)
    parts = (
        [("report", raw)]
        if answer.reports is None
        else [(f"reports[{index}]", one) for index, one in enumerate(answer.reports)]
    )
    for place, part in parts:
        with collector.part(place):
            _read_report(collector, place, _report(part))
    return collector.reading()


def _read_report(collector: Collector, place: str, report: _Report) -> None:
    bounces = report.bounces
    if report.emails_sent is None or bounces is None:
        raise ItemError(f"report {report.id} lacks emails_sent or bounces: what was delivered is not known")
    delivered = report.emails_sent - bounces.hard_bounces - bounces.soft_bounces - bounces.syntax_errors
    if min(bounces.hard_bounces, bounces.soft_bounces, bounces.syntax_errors) < 0:
        raise ItemError(f"report {report.id} has bounces below zero")
    opens, clicks = report.opens or _Opens(), report.clicks or _Clicks()
    collector.add(
        place,
        post=report.id,
        series=series_name("delivered", collector.unsaid.version or VERSION),
        total=delivered,
        published_ms=iso_ms(report.send_time, "send_time"),
        profile=collector.unsaid.profile or (report.list_name or "")[:256],
        side=side_of(
            sent=report.emails_sent,
            opens=opens.opens_total,
            unique_opens=opens.unique_opens,
            opens_without_proxies=opens.proxy_excluded_opens,
            unique_opens_without_proxies=opens.proxy_excluded_unique_opens,
            clicks=clicks.clicks_total,
            unique_clicks=clicks.unique_subscriber_clicks,
        ),
    )
