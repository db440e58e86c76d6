"""Google Ads, Mailchimp, and rows of our own form."""

import copy
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from schemas.platforms.known import READERS
from schemas.platforms.reading import PayloadError, Unsaid
from tests.builders import NOW_MS
from tests.unit.schemas.platforms.payloads import (
    GOOGLE_SEARCH,
    GOOGLE_STREAM,
    MAILCHIMP,
    ROWS,
    complaints,
    one,
    read,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000


def ads(**row: Any) -> Any:
    """An answer of `search` whose row has other fields."""
    copied = copy.deepcopy(GOOGLE_SEARCH)
    copied["results"][0] |= row
    return copied


def test_a_stream_of_batches_and_a_page_of_search_say_the_same() -> None:
    streamed, searched = (
        one("google-ads", GOOGLE_STREAM, zone=BERLIN),
        one("google-ads", GOOGLE_SEARCH, zone=BERLIN),
    )
    assert streamed == searched
    assert (streamed.post, streamed.total, streamed.urls) == ("987", 1200, ("https://sho.rt/g1",))
    assert streamed.side == {"clicks": 34, "spend_micros": 5_600_000}
    assert streamed.series == "impressions/day"


def test_a_day_begins_at_midnight_of_the_accounts_time_zone() -> None:
    snapshot = one("google-ads", GOOGLE_STREAM, zone=BERLIN)
    assert snapshot.start_ms == 1_793_487_600_000  # 2026-10-31T23:00Z
    assert snapshot.end_ms - snapshot.start_ms == 24 * HOUR_MS


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_on_which_clocks_change_has_its_hours(day: str, hours: int) -> None:
    snapshot = one("google-ads", ads(segments={"date": day}), zone=BERLIN)
    assert snapshot.end_ms - snapshot.start_ms == hours * HOUR_MS


def test_a_row_may_name_its_time_zone_itself() -> None:
    row = ads(customer={"timeZone": "America/New_York"})
    assert one("google-ads", row).start_ms == 1_793_505_600_000  # 2026-11-01T04:00Z


def test_without_a_time_zone_no_day_is_guessed() -> None:
    assert "say time_zone=" in complaints("google-ads", GOOGLE_SEARCH)["results[0]"]
    assert "not known" in complaints("google-ads", ads(customer={"timeZone": "Mars/Olympus"}))["results[0]"]


@pytest.mark.parametrize("metrics", [{"clicks": "3"}, {}, None])
def test_a_zero_that_was_left_out_is_one_where_it_was_asked_for(metrics: object) -> None:
    row = ads(metrics=metrics)
    assert one("google-ads", row, zone=UTC).total == 0
    row["fieldMask"] = "segments.date,metrics.clicks"
    assert "select metrics.impressions" in complaints("google-ads", row, zone=UTC)["results[0]"]


def test_without_a_mask_other_metrics_tell_that_a_zero_was_left_out() -> None:
    row = ads(metrics={"clicks": "0"})
    del row["fieldMask"]
    assert one("google-ads", row, zone=UTC).total == 0
    row["results"][0]["metrics"] = None
    assert complaints("google-ads", row, zone=UTC) != {}


def test_a_row_that_is_split_by_another_segment_is_not_taken_for_the_whole() -> None:
    row = ads(segments={"date": "2026-11-01", "device": "MOBILE"})
    assert "split by segments.device" in complaints("google-ads", row, zone=UTC)["results[0]"]


def test_hours_are_a_series_of_their_own() -> None:
    snapshot = one("google-ads", ads(segments={"date": "2026-11-01", "hour": 23}), zone=UTC)
    assert (snapshot.series, snapshot.end_ms - snapshot.start_ms) == ("impressions/hour", HOUR_MS)
    assert (
        "0 to 23"
        in complaints("google-ads", ads(segments={"date": "2026-11-01", "hour": 24}), zone=UTC)["results[0]"]
    )


def test_a_row_without_day_or_without_ad_is_refused() -> None:
    assert "select segments.date" in complaints("google-ads", ads(segments={}), zone=UTC)["results[0]"]
    assert "names no ad" in complaints("google-ads", ads(adGroupAd=None), zone=UTC)["results[0]"]


def test_the_same_ad_and_day_with_two_totals_is_refused_and_with_one_total_is_one() -> None:
    row = ads()
    row["results"].append(copy.deepcopy(row["results"][0]))
    assert one("google-ads", row, zone=UTC).total == 1200
    row["results"][1]["metrics"]["impressions"] = "7"
    reading = read("google-ads", row, zone=UTC)
    assert [one.total for one in reading.snapshots] == [1200]
    assert "at results[0]" in reading.complaints[0].error


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]])
def test_an_error_of_google_is_no_answer_in_an_array_or_by_itself(wrap: Any) -> None:
    error = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "later", "details": []}}
    with pytest.raises(PayloadError, match="RESOURCE_EXHAUSTED"):
        read("google-ads", wrap(error))


def test_an_answer_without_rows_has_none() -> None:
    assert read("google-ads", [{"fieldMask": "metrics.impressions", "requestId": "r"}]).placed == []


def test_a_mailings_total_is_what_was_delivered_and_opens_stand_beside() -> None:
    snapshot = one("mailchimp", MAILCHIMP)
    assert (snapshot.post, snapshot.series, snapshot.total) == ("42694e9e57", "delivered@3.0", 992)
    assert (snapshot.side["opens"], snapshot.side["unique_opens"], snapshot.side["sent"]) == (400, 300, 1000)
    assert read("mailchimp", {"reports": [MAILCHIMP], "total_items": 1}).snapshots[0] == snapshot


def test_what_was_delivered_is_not_guessed() -> None:
    unbounced = {name: value for name, value in MAILCHIMP.items() if name != "bounces"}
    assert "not known" in complaints("mailchimp", unbounced)["report"]
    more = MAILCHIMP | {"bounces": {"hard_bounces": 1001}}
    assert "Expected `int` >= 0" in complaints("mailchimp", more)["report"]
    assert "below zero" in complaints("mailchimp", MAILCHIMP | {"bounces": {"hard_bounces": -1}})["report"]


def test_rows_name_their_platform_link_period_and_side() -> None:
    first, second = read("rows", ROWS, zone=BERLIN, account="acme").snapshots
    assert (first.platform, first.link, first.series, first.side) == (
        "bluesky",
        "sho.rt/b1",
        "impressions",
        {"likes": 2},
    )
    assert (second.platform, second.series, second.start_ms) == ("taboola", "impressions/day", 1_793_487_600_000)
    assert second.account == "acme"


def test_a_platform_of_many_names_is_one() -> None:
    assert one("rows", [{"platform": "twitter", "post": "1", "total": 1}]).platform == "x"


@pytest.mark.parametrize("other", [{"end": 2 * HOUR_MS + NOW_MS}, {"link": "go.example/b"}])
def test_rows_of_one_post_with_another_end_or_link_are_two_though_their_totals_are_equal(
    other: dict[str, Any],
) -> None:
    row = {
        "platform": "a",
        "post": "1",
        "total": 7,
        "link": "go.example/a",
        "start": NOW_MS,
        "end": NOW_MS + HOUR_MS,
    }
    reading = read("rows", [row, row | other, row])
    assert [placed.snapshot.total for placed in reading.placed] == [7, 7]


def test_rows_come_one_a_line_too() -> None:
    lines = b"\n".join(msgspec.json.encode(row) for row in ROWS)
    assert len(READERS["rows"](lines, Unsaid(observed_ms=NOW_MS)).placed) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"totl": 3}, "unknown field"),
        ({"total": -1}, ">= 0"),
        ({"total": "12"}, "Expected `int`"),
        ({"total": 10**12 + 1}, "more than anything was ever shown"),
        ({"platform": "Bluesky!"}, "platform"),
        ({"platform": ""}, "names no platform"),
        ({"post": ""}, "post"),
        ({"day": "2026-13-01"}, "a day such as"),
        ({"day": "2026-11-01", "start": 1}, "twice"),
        ({"start": 1}, "half a period"),
        ({"start": 5, "end": 5}, "before it begins"),
        ({"link": "nowhere"}, "lacks its slash"),
        ({"observed_at": "yesterday"}, "observed_at"),
        ({"account": "other"}, "the token's"),
        ({"side": {"x": 2**53}}, "no count of anything"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(row: dict[str, Any], reason: str) -> None:
    good = {"platform": "bluesky", "post": "3k", "total": 10}
    reading = read("rows", [good | row, good], account="acme")
    assert len(reading.placed) == 1
    assert reason in reading.complaints[0].error


def test_the_last_total_that_is_believed_is_a_trillion() -> None:
    assert one("rows", [{"platform": "a", "post": "1", "total": 10**12}]).total == 10**12
