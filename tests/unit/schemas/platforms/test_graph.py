"""Meta's insights: Facebook, Instagram, Threads."""

from contextlib import suppress
from typing import Any

import pytest

from schemas.platforms.reading import PayloadError
from tests.unit.schemas.platforms.payloads import (
    FACEBOOK,
    FACEBOOK_POSTS,
    INSTAGRAM,
    THREADS,
    complaints,
    one,
    read,
)


def metric(name: str, *rows: Any, post: str = "111_222", **fields: Any) -> dict[str, Any]:
    """A metric with its values."""
    return {
        "name": name,
        "period": "lifetime",
        "values": list(rows),
        "id": f"{post}/insights/{name}/lifetime",
    } | fields


def test_views_of_a_post_count_and_its_clicks_stand_beside_them_kind_by_kind() -> None:
    snapshot = one("facebook", FACEBOOK, version="v25.0")
    assert (snapshot.post, snapshot.other_ids) == ("222", ("111_222",))
    assert (snapshot.series, snapshot.total) == ("post_media_view@v25.0", 1530)
    assert snapshot.side == {"link_clicks": 18, "other_clicks": 40, "photo_view_clicks": 3}
    assert not snapshot.is_retired


def test_rows_of_a_breakdown_are_parts_of_one_total() -> None:
    rows = [{"value": 9, "is_from_ads": "0"}, {"value": 20, "is_from_ads": "1"}]
    assert one("facebook", {"data": [metric("post_media_view", *rows)]}).total == 29


@pytest.mark.parametrize(
    "rows",
    [
        [{"value": 9, "is_from_ads": "0"}, {"value": 9, "is_from_followers": "1"}],
        [{"value": 9}, {"value": 20}],
        [{"value": 9, "is_from_ads": "0"}, {"value": -2, "is_from_ads": "1"}],
        [{"value": 9, "is_from_ads": "0"}, {"value": {"a": 1}, "is_from_ads": "1"}],
    ],
)
def test_values_that_are_no_parts_of_one_total_are_not_added_up(rows: list[Any]) -> None:
    reading = read("facebook", {"data": [metric("post_media_view", *rows)]})
    assert reading.placed == []
    assert reading.complaints[0].place == "data[0]"


def test_a_retired_metric_is_read_and_marked() -> None:
    snapshot = one("facebook", {"data": [metric("post_impressions", {"value": 12})]})
    assert (snapshot.series, snapshot.total, snapshot.is_retired) == ("post_impressions", 12, True)


def test_beside_the_metric_that_replaced_it_a_retired_one_does_not_count() -> None:
    payload = {"data": [metric("post_impressions", {"value": 12}), metric("post_media_view", {"value": 30})]}
    snapshot = one("facebook", payload)
    assert (snapshot.series, snapshot.total, snapshot.side) == ("post_media_view", 30, {"post_impressions": 12})


def test_reach_is_kept_beside_and_the_older_reach_under_another_name() -> None:
    payload = {
        "data": [
            metric("post_media_view", {"value": 30}),
            metric("post_total_media_view_unique", {"value": 20}),
            metric("post_impressions_unique", {"value": 19}),
        ]
    }
    assert one("facebook", payload).side == {"reach": 20, "unique_impressions": 19}


def test_a_list_of_posts_brings_their_links_times_and_addresses() -> None:
    snapshot = one("facebook", FACEBOOK_POSTS)
    assert (snapshot.post, snapshot.total, snapshot.published_ms) == ("222", 20, 1_793_523_600_000)
    assert snapshot.permalink == "https://www.facebook.com/111/posts/pfbid02"
    assert snapshot.urls[0] == "https://sho.rt/f1?fbclid=IwAR"
    assert snapshot.urls[-1] == "https://go.example/spring"


def test_posts_by_their_ids_and_several_answers_in_an_array_are_read() -> None:
    two = {"data": [metric("post_media_view", {"value": 2}, post="5_6")]}
    assert [one.post for one in read("facebook", [FACEBOOK, two]).snapshots] == ["222", "6"]
    by_id = {
        "111_222": FACEBOOK,
        "5_6": {"insights": {"data": [metric("post_media_view", {"value": 2})]}, "id": "5_6"},
    }
    assert [one.post for one in read("facebook", by_id).snapshots] == ["222", "6"]


def test_metrics_of_several_posts_in_one_answer_are_told_apart_by_their_ids() -> None:
    metrics = [metric("post_media_view", {"value": number}, post=f"1_{number}") for number in (3, 4)]
    assert [(one.post, one.total) for one in read("facebook", {"data": metrics}).snapshots] == [
        ("3", 3),
        ("4", 4),
    ]


def test_without_an_id_the_post_must_be_said() -> None:
    nameless = {"data": [metric("views", {"value": 2}, id="")]}
    assert "say post=" in complaints("instagram", nameless)["data[0]"]
    assert one("instagram", nameless, post="178").post == "178"


def test_instagrams_views_count_and_its_retired_impressions_only_without_them() -> None:
    snapshot = one("instagram", INSTAGRAM, version="v25.0")
    assert (snapshot.post, snapshot.series, snapshot.total) == ("178", "views@v25.0", 77)
    assert snapshot.side == {"reach": 60}
    retired = one("instagram", {"data": [metric("impressions", {"value": 3}, post="178")]})
    assert (retired.series, retired.is_retired) == ("impressions", True)


def test_a_total_value_is_a_value() -> None:
    total = {
        "name": "views",
        "period": "lifetime",
        "total_value": {"value": 8},
        "id": "178/insights/views/lifetime",
    }
    assert one("instagram", {"data": [total]}).total == 8


def test_an_empty_answer_is_no_zero() -> None:
    assert "withholds the numbers" in complaints("instagram", {"data": []})["data"]


def test_threads_has_views() -> None:
    snapshot = one("threads", THREADS)
    assert (snapshot.platform, snapshot.post, snapshot.series, snapshot.total) == ("threads", "180", "views", 5)


def test_an_attached_link_of_threads_is_among_its_links() -> None:
    post = {"id": "180", "link_attachment_url": "https://sho.rt/th", "text": "now", "insights": THREADS}
    assert one("threads", {"data": [post]}).urls == ("https://sho.rt/th",)


def test_a_metric_by_day_is_not_taken_for_the_lifetimes() -> None:
    payload = {"data": [metric("post_media_view", {"value": 2}, period="day")]}
    assert "for the lifetime" in read("facebook", payload).complaints[0].error


def test_a_call_that_a_retired_metric_failed_says_so() -> None:
    error = {"error": {"message": "(#100) invalid metric", "type": "OAuthException", "code": 100}}
    with pytest.raises(PayloadError, match="one retired metric fails the whole call"):
        read("facebook", error)


def test_one_answer_that_is_an_error_leaves_the_others_alone() -> None:
    error = {"error": {"message": "too few viewers", "code": 10}}
    for payload, place in (([error, FACEBOOK], "[0]"), ({"9": error, "222": FACEBOOK}, "9")):
        reading = read("facebook", payload)
        assert [one.post for one in reading.snapshots] == ["222"]
        assert [(complaint.place, "too few viewers" in complaint.error) for complaint in reading.complaints] == [
            (place, True)
        ]


@pytest.mark.parametrize("payload", [{}, {"a": 1}, [], 3, "text", None, [[FACEBOOK]]])
def test_what_is_no_answer_is_none(payload: object) -> None:
    with suppress(PayloadError):
        assert read("facebook", payload).placed == []
