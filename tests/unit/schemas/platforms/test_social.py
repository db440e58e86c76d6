"""Answers of X, LinkedIn, TikTok, YouTube and Pinterest."""

import copy
from typing import Any

import pytest

from schemas.platforms.reading import PayloadError
from schemas.platforms.times import DAY_MS
from tests.builders import NOW_MS
from tests.unit.schemas.platforms.payloads import (
    LINKEDIN_MEMBER,
    LINKEDIN_PAGE,
    PINTEREST,
    TIKTOK,
    X_ANALYTICS,
    YOUTUBE,
    X,
    complaints,
    one,
    read,
)

NOVEMBER_1_MS = 1_793_491_200_000


def changed(payload: Any, **post: Any) -> Any:
    """An answer of X whose post has other fields."""
    copied = copy.deepcopy(payload)
    copied["data"][0] |= post
    return copied


def test_an_answer_of_x_gives_its_posts_and_says_for_which_x_has_none() -> None:
    reading = read("x", X)
    (snapshot,) = reading.snapshots
    assert (snapshot.platform, snapshot.post, snapshot.series) == (
        "x",
        "1900000000000000001",
        "impression_count@v2",
    )
    assert (snapshot.total, snapshot.observed_ms, snapshot.is_lifetime) == (4210, NOW_MS, True)
    assert snapshot.urls == ("https://sho.rt/x1",)
    assert snapshot.published_ms == NOVEMBER_1_MS + 9 * 3_600_000
    assert complaints("x", X) == {
        "errors[0]": "X has no numbers for post 1900000000000000002: Not Found Error",
    }


def test_of_a_long_post_the_links_of_its_note_come_first() -> None:
    note = {"entities": {"urls": [{"expanded_url": "https://sho.rt/x2", "unwound_url": "https://example.com/"}]}}
    snapshot = read("x", changed(X, note_tweet=note)).snapshots[0]
    assert snapshot.urls == ("https://sho.rt/x2", "https://example.com/", "https://sho.rt/x1")


def test_what_only_the_owner_of_a_post_sees_is_kept_beside_its_total() -> None:
    private = {"impression_count": 9, "url_link_clicks": 5, "user_profile_clicks": 2, "engagements": 8}
    paid = {"promoted_metrics": {"impression_count": 1000}, "organic_metrics": {"impression_count": 3210}}
    snapshot = read("x", changed(X, non_public_metrics=private, **paid)).snapshots[0]
    assert snapshot.total == 4210
    assert snapshot.side == {
        "link_clicks": 5,
        "profile_visits": 2,
        "engagements": 8,
        "organic_impressions": 3210,
        "promoted_impressions": 1000,
    }


def test_a_post_without_impressions_is_no_zero() -> None:
    assert "has no impression_count" in complaints("x", changed(X, public_metrics={"like_count": 3}))["data[0]"]


def test_the_older_place_of_impressions_is_read_and_marked_as_retired() -> None:
    snapshot = read("x", changed(X, public_metrics={}, non_public_metrics={"impression_count": 7})).snapshots[0]
    assert (snapshot.total, snapshot.is_retired) == (7, True)


def test_a_zero_from_before_x_counted_says_nothing() -> None:
    metrics = {"impression_count": 0}
    last, first = "2022-12-14T23:59:59.999Z", "2022-12-15T00:00:00.000Z"
    assert "0 says nothing" in complaints("x", changed(X, created_at=last, public_metrics=metrics))["data[0]"]
    assert read("x", changed(X, created_at=first, public_metrics=metrics)).snapshots[0].total == 0


def test_a_single_post_is_read_like_a_list_of_one() -> None:
    reading = read("x", {"data": X["data"][0]})
    assert [(placed.place, placed.snapshot.total) for placed in reading.placed] == [("data", 4210)]


@pytest.mark.parametrize("payload", [{"title": "Unauthorized", "detail": "no", "status": 401}, {}, {"meta": {}}])
def test_an_error_of_x_is_no_answer(payload: object) -> None:
    with pytest.raises(PayloadError):
        read("x", payload)


def test_analytics_are_totals_of_periods_in_a_series_of_their_own() -> None:
    first, second = read("x", X_ANALYTICS).snapshots
    assert (first.series, first.start_ms, first.end_ms) == (
        "impressions/day@v2",
        NOVEMBER_1_MS,
        NOVEMBER_1_MS + DAY_MS,
    )
    assert (first.total, first.side) == (100, {"link_clicks": 3})
    assert (second.total, second.start_ms) == (0, NOVEMBER_1_MS + DAY_MS)


def test_how_long_a_lonely_period_is_must_be_said() -> None:
    lonely = copy.deepcopy(X_ANALYTICS)
    del lonely["data"][0]["timestamped_metrics"][1]
    assert "granularity=" in complaints("x", lonely)["data[0]"]
    assert one("x", lonely, granularity="hourly").series == "impressions/hour@v2"
    assert "none of hourly, daily, weekly" in complaints("x", lonely, granularity="total")["data[0]"]


def test_a_page_of_linkedin_has_lifetime_totals_with_reach_and_clicks_beside_them() -> None:
    snapshot = one("linkedin", LINKEDIN_PAGE, version="202605")
    assert (snapshot.post, snapshot.other_ids) == ("urn:li:share:222", ())
    assert (snapshot.series, snapshot.total, snapshot.is_lifetime) == ("impressionCount@202605", 900, True)
    assert (snapshot.side, snapshot.profile) == (
        {"unique_impressions": 640, "clicks": 37},
        "urn:li:organization:111",
    )


@pytest.mark.parametrize(("days", "scope"), [(1, "day"), (30, "month")])
def test_with_time_intervals_a_page_has_totals_of_periods(days: int, scope: str) -> None:
    payload = copy.deepcopy(LINKEDIN_PAGE)
    end_ms = NOVEMBER_1_MS + days * DAY_MS
    payload["elements"][0]["timeRange"] = {"start": NOVEMBER_1_MS, "end": end_ms}
    snapshot = one("linkedin", payload)
    assert (snapshot.series, snapshot.start_ms, snapshot.end_ms) == (
        f"impressionCount/{scope}",
        NOVEMBER_1_MS,
        end_ms,
    )


def test_activity_and_share_of_a_post_are_both_kept() -> None:
    payload = copy.deepcopy(LINKEDIN_PAGE)
    payload["elements"][0]["activity"] = "urn:li:activity:777"
    snapshot = one("linkedin", payload)
    assert (snapshot.post, snapshot.other_ids) == ("urn:li:share:222", ("urn:li:activity:777",))


def test_a_pages_post_that_was_asked_for_and_is_not_in_the_answer_has_zero() -> None:
    reading = read("linkedin", LINKEDIN_PAGE, posts=("urn:li:share:222", "urn:li:share:9"))
    assert [(one.post, one.total) for one in reading.snapshots] == [
        ("urn:li:share:222", 900),
        ("urn:li:share:9", 0),
    ]


def with_paging(**paging: Any) -> Any:
    return LINKEDIN_PAGE | {"paging": {"start": 0, "count": 10, "links": [], **paging}}


@pytest.mark.parametrize(
    "payload",
    [
        {"elements": []},
        {"elements": [LINKEDIN_PAGE["elements"][0] | {"timeRange": {"start": 0, "end": DAY_MS}}]},
        {"elements": [LINKEDIN_PAGE["elements"][0], {"share": "urn:li:share:9"}]},
        {"elements": [LINKEDIN_PAGE["elements"][0], {"share": 9}]},
        with_paging(count=1),
        with_paging(links=[{"rel": "next", "href": "/x"}]),
    ],
)
def test_what_may_only_be_elsewhere_or_unreadable_has_no_zero(payload: Any) -> None:
    reading = read("linkedin", payload, posts=("urn:li:share:9", "urn:li:share:10"))
    assert [one.post for one in reading.snapshots if not one.total] == []


def test_a_members_post_that_is_not_in_the_answer_is_not_known_to_have_zero() -> None:
    reading = read("linkedin", LINKEDIN_MEMBER, posts=("urn:li:share:333", "urn:li:share:9"))
    assert [one.post for one in reading.snapshots] == ["urn:li:share:333"]


@pytest.mark.parametrize("metric", ["IMPRESSION", {"com.linkedin.analytics.MetricTypeV1": "IMPRESSION"}])
def test_a_members_metric_is_read_in_both_spellings(metric: object) -> None:
    payload = copy.deepcopy(LINKEDIN_MEMBER)
    payload["elements"][0]["metricType"] = metric
    snapshot = one("linkedin", payload)
    assert (snapshot.post, snapshot.total, snapshot.series) == ("urn:li:share:333", 512, "IMPRESSION")


def test_a_members_other_metrics_stand_beside_impressions_that_come_with_them() -> None:
    reach = copy.deepcopy(LINKEDIN_MEMBER)
    reach["elements"][0] |= {"metricType": "MEMBERS_REACHED", "count": 300}
    assert one("linkedin", [reach, LINKEDIN_MEMBER]).side == {"reach": 300}
    assert "send both answers in one array" in complaints("linkedin", reach)["elements[0]"]


def test_an_answer_that_is_an_error_leaves_the_others_of_its_array_alone() -> None:
    reading = read("linkedin", [{"status": 429, "message": "later"}, LINKEDIN_MEMBER])
    assert [one.total for one in reading.snapshots] == [512]
    assert [(complaint.place, "429 later" in complaint.error) for complaint in reading.complaints] == [
        ("[0]", True)
    ]


def test_a_members_day_is_a_period() -> None:
    payload = copy.deepcopy(LINKEDIN_MEMBER)
    first = {"year": 2026, "month": 11, "day": 1}
    payload["elements"][0]["dateRange"] = {"start": first, "end": first | {"day": 2}}
    snapshot = one("linkedin", payload)
    assert (snapshot.series, snapshot.start_ms, snapshot.end_ms) == (
        "IMPRESSION/day",
        NOVEMBER_1_MS,
        NOVEMBER_1_MS + DAY_MS,
    )
    payload["elements"][0]["dateRange"] = {"start": first, "end": first}
    assert one("linkedin", payload).end_ms == NOVEMBER_1_MS + DAY_MS


def test_a_whole_pages_and_a_whole_members_total_are_of_no_post() -> None:
    page, member = copy.deepcopy(LINKEDIN_PAGE), copy.deepcopy(LINKEDIN_MEMBER)
    del page["elements"][0]["share"]
    del member["elements"][0]["targetEntity"]
    assert "whole page's total" in complaints("linkedin", page)["elements[0]"]
    assert "all the member's posts" in complaints("linkedin", member)["elements[0]"]


def test_an_error_of_linkedin_is_no_answer() -> None:
    with pytest.raises(PayloadError, match="426 sunset"):
        read("linkedin", {"status": 426, "serviceErrorCode": 1, "message": "sunset"})


def test_tiktoks_error_called_ok_is_success() -> None:
    snapshot = one("tiktok", TIKTOK)
    assert (snapshot.post, snapshot.total, snapshot.series) == ("7077642457847994444", 301, "view_count@v2")
    assert (snapshot.urls, snapshot.published_ms) == (("https://sho.rt/t1",), 1_793_520_000_000)


def test_any_other_error_of_tiktok_is_no_answer() -> None:
    with pytest.raises(PayloadError, match="rate_limit_exceeded"):
        read("tiktok", {**TIKTOK, "error": {"code": "rate_limit_exceeded", "message": "slow down"}})


def test_numbers_of_youtube_are_texts() -> None:
    snapshot = one("youtube", YOUTUBE)
    assert (snapshot.post, snapshot.total, snapshot.series) == ("dQw4w9WgXcQ", 1234, "viewCount@v3")
    assert (snapshot.urls, snapshot.profile) == (("https://sho.rt/y1",), "UC1")


@pytest.mark.parametrize("count", ["12 k", "", "1.2", "1e3", "٣"])
def test_a_text_that_is_no_number_is_refused(count: str) -> None:
    payload = {"items": [{"id": "a", "statistics": {"viewCount": count}}]}
    assert "should be a whole number" in complaints("youtube", payload)["items[0]"]


def test_a_video_that_hides_its_numbers_is_no_zero() -> None:
    assert (
        "no statistics.viewCount" in complaints("youtube", {"items": [{"id": "a", "statistics": {}}]})["items[0]"]
    )


def test_days_of_pinterest_that_may_change_are_marked_and_those_without_numbers_told() -> None:
    reading = read("pinterest", PINTEREST, post="813744226420795884")
    assert [(one.start_ms, one.total, one.provisional) for one in reading.snapshots] == [
        (NOVEMBER_1_MS, 40, False),
        (NOVEMBER_1_MS + DAY_MS, 7, True),
    ]
    assert reading.snapshots[0].series == "IMPRESSION/day@v5"
    assert reading.snapshots[0].side == {"link_clicks": 2}
    (complaint,) = reading.complaints
    assert complaint.place == "all.daily_metrics[2]"
    assert "PROCESSING" in complaint.error


def test_of_which_pin_an_answer_is_must_be_said() -> None:
    with pytest.raises(PayloadError, match="post="):
        read("pinterest", PINTEREST)
    assert [one.post for one in read("pinterest", {"5": PINTEREST}).snapshots] == ["5", "5"]
