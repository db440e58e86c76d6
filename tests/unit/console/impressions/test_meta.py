"""Meta Business Suite's content export: Facebook's and Instagram's posts, for life or by day."""

from pathlib import Path

import pytest

from console.impressions.spreadsheets import FileError
from tests.unit.console.impressions.downloads import BERLIN, complaints, ms, read, saved, snapshots

FACEBOOK = (
    '"Post ID","Page ID","Page name",Title,Description,"Duration (sec)","Publish time","Caption type",Permalink,'
    '"Is crosspost","Is share","Post type",Languages,"Custom labels","Funded content status","Data comment",Date,'
    '{metric},Reach,"Reactions, Comments and Shares",Reactions,Comments,Shares,"Total clicks","Other Clicks",'
    '"Link Clicks"\n'
    '1827720000000001,100045000000021,Acme,"An autumn favourite \n\n""really"": https://go.example/autumn",,0,'
    '"09/28/2026 18:12",N/A,https://www.facebook.com/acme/posts/pfbidNEW1,0,0,Photos,,,,,{date},"1,530",640,4,4,0,0,'
    "40,22,18\n"
)
INSTAGRAM = (
    '"Post ID","Account ID","Account username","Account name",Description,"Duration (sec)","Publish time",'
    'Permalink,"Post type","Data comment",Date,Views,Reach,Likes,Shares,Follows,Comments,Saves\n'
    '18182686000000017,17841400000000063,acme,Acme,"Shore\nline",0,"09/24/2026 15:30",'
    'https://www.instagram.com/p/Ddr9jGEmLMp/,"IG carousel",,Lifetime,99,40,4,0,0,0,0\n'
    '18182686000000018,17841400000000063,acme,Acme,,0,"09/25/2026 15:30",'
    'https://www.instagram.com/reel/Ddr9jGEmLMq/,"IG reel",,Lifetime,,,,0,0,0,0\n'
)


def test_facebooks_posts_are_known_by_number_and_keep_the_name_that_its_api_gives_them(tmp_path: Path) -> None:
    text = "\ufeff" + FACEBOOK.format(metric="Views", date="Lifetime")
    (post,) = snapshots(read(saved(tmp_path / "Sep-01-2026_Sep-30-2026.csv", text)))
    assert (post.platform, post.post, post.other_ids) == (
        "facebook",
        "1827720000000001",
        ("100045000000021_1827720000000001",),
    )
    assert (post.series, post.total, post.is_lifetime, post.is_retired) == ("post_media_view", 1530, True, False)
    assert post.side == {"reach": 640, "clicks": 40, "link_clicks": 18}
    assert post.urls == ("https://go.example/autumn",)
    assert post.profile == "Acme"
    assert post.published_ms == ms("2026-09-28T18:12:00+00:00")


def test_impressions_of_before_are_another_series_than_views(tmp_path: Path) -> None:
    text = FACEBOOK.format(metric="Impressions", date="Lifetime")
    (post,) = snapshots(read(saved(tmp_path / "posts.csv", text)))
    assert (post.series, post.is_retired) == ("post_impressions", True)


def test_a_day_is_one_of_the_accounts_time_zone(tmp_path: Path) -> None:
    path = saved(tmp_path / "posts.csv", FACEBOOK.format(metric="Views", date="10/25/2026"))
    with pytest.raises(FileError, match="--time-zone"):
        read(path)
    (post,) = snapshots(read(path, zone=BERLIN))
    assert post.series == "post_media_view/day"
    assert (post.start_ms, post.end_ms) == (ms("2026-10-25T00:00:00+02:00"), ms("2026-10-26T00:00:00+01:00"))


def test_lifetime_is_lifetime_in_any_language(tmp_path: Path) -> None:
    (post,) = snapshots(
        read(saved(tmp_path / "posts.csv", FACEBOOK.format(metric="Views", date="Gesamte Laufzeit")))
    )
    assert post.is_lifetime


def test_instagrams_empty_views_may_be_withheld_and_are_no_zero(tmp_path: Path) -> None:
    reading = read(saved(tmp_path / "posts.csv", INSTAGRAM))
    (post,) = snapshots(reading)
    assert (post.platform, post.post, post.series, post.total) == ("instagram", "18182686000000017", "views", 99)
    assert post.side == {"reach": 40}
    assert reading.passed.without_number == 1
    assert complaints(reading) == {}


def test_day_before_month_is_seen_by_a_files_dates(tmp_path: Path) -> None:
    text = INSTAGRAM.replace("09/24/2026", "24/09/2026").replace("09/25/2026", "02/10/2026")
    (post,) = snapshots(read(saved(tmp_path / "posts.csv", text)))
    assert post.published_ms == ms("2026-09-24T15:30:00+00:00")


def test_a_permalink_alone_is_no_id(tmp_path: Path) -> None:
    text = FACEBOOK.format(metric="Views", date="Lifetime").replace("1827720000000001,", ",", 1)
    assert "has no 'Post ID'" in complaints(read(saved(tmp_path / "posts.csv", text)))["2"]
