"""Which series of a post counts."""

import pytest

from schemas.series import ORDER, RETIRED, is_retired, metric_of, rank_of, series_name


def test_a_series_is_a_metric_its_scope_and_the_apis_version() -> None:
    assert series_name("views", "v25.0") == "views@v25.0"
    assert series_name("impressions", "v26", "day") == "impressions/day@v26"
    assert series_name("views", "") == "views"
    assert metric_of("impressions/day@v26") == "impressions/day"


def test_versions_of_one_metric_stand_at_one_place() -> None:
    assert rank_of("facebook", "post_media_view@v24.0") == rank_of("facebook", "post_media_view@v25.0")


@pytest.mark.parametrize("platform", sorted(RETIRED))
def test_what_is_retired_counts_only_where_nothing_newer_is_known(platform: str) -> None:
    retired = [rank_of(platform, name) for name in RETIRED[platform]]
    current = rank_of(platform, ORDER[platform][-1])
    assert all(rank < current for rank in retired)
    assert not is_retired(platform, ORDER[platform][-1])
    assert all(is_retired(platform, f"{name}@v1") for name in RETIRED[platform])


def test_a_life_counts_before_its_days() -> None:
    assert rank_of("x", "impression_count@v2") > rank_of("x", "impressions/day@v2")
    assert rank_of("linkedin", "impressionCount") > rank_of("linkedin", "impressionCount/day")


def test_what_stands_in_no_list_goes_before_all_that_do_and_two_of_them_are_in_order() -> None:
    assert rank_of("x", "anything") < rank_of("x", ORDER["x"][0])
    assert rank_of("bluesky", "a") < rank_of("bluesky", "b")


def test_no_platform_names_a_metric_twice() -> None:
    assert [name for name, order in ORDER.items() if len(set(order)) < len(order)] == []
