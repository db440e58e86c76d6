"""Mailchimp's campaigns, and our own plain file."""

from pathlib import Path

import pytest

from console.impressions.spreadsheets import FileError
from tests.unit.console.impressions.downloads import BERLIN, MODIFIED_MS, complaints, ms, read, saved, snapshots

MAILCHIMP = (
    "Title,Subject,Audience,Send Date,Send Weekday,Total Recipients,Successful Deliveries,Soft Bounces,"
    "Hard Bounces,Total Bounces,Unique Opens,Open Rate,Total Opens,Unique Clicks,Click Rate,Total Clicks,"
    "Unsubscribes,Unique Id\n"
    'Spring,"Spring, at last",Readers,"Jun 09, 2026 09:30 pm",Tuesday,"5,010","5,000",6,4,10,"1,389",27.78%,2100,'
    "150,3.00%,181,2,3d21b11eb1\n"
    'Old,Old,Readers,"Jun 01, 2026 09:30 am",Monday,10,10,0,0,0,1,10%,1,0,0%,0,0,\n'
)
ROWS = (
    "platform,post,total,link,day,observed_at,published_at,permalink,urls,side.reach,mood\n"
    "Bluesky,3kabc,120,go.example/spring,,2026-11-20T08:00:00Z,2026-11-01,https://bsky.app/profile/a/post/3kabc,,80,good\n"
    "twitter,https://twitter.com/a/status/19,7,,,,,,https://go.example/x,,\n"
    "google_ads,987,5,https://GO.example/g?x=1,2026-11-01,,,,,,\n"
)


def test_a_mailing_was_displayed_where_it_was_delivered(tmp_path: Path) -> None:
    reading = read(saved(tmp_path / "campaigns.csv", MAILCHIMP), zone=BERLIN)
    (mailing,) = snapshots(reading)
    assert (mailing.platform, mailing.post, mailing.series) == ("mailchimp", "3d21b11eb1", "delivered")
    assert mailing.total == 5000
    assert mailing.side == {"sent": 5010, "opens": 2100, "unique_opens": 1389, "clicks": 181, "unique_clicks": 150}
    assert mailing.published_ms == ms("2026-06-09T21:30:00+02:00")
    assert "has no 'Unique Id'" in complaints(reading)["4" if "4" in complaints(reading) else "3"]


def test_plain_rows_say_everything_themselves(tmp_path: Path) -> None:
    reading = read(saved(tmp_path / "mine.csv", ROWS), zone=BERLIN)
    first, second, third = snapshots(reading)
    assert (first.platform, first.post, first.total, first.link) == ("bluesky", "3kabc", 120, "go.example/spring")
    assert (first.observed_ms, first.side, first.series) == (
        ms("2026-11-20T08:00:00+00:00"),
        {"reach": 80},
        "impressions",
    )
    assert (second.platform, second.post, second.observed_ms) == ("x", "19", MODIFIED_MS)
    assert second.urls == ("https://go.example/x",)
    assert (third.platform, third.link, third.series) == ("google-ads", "go.example/g", "impressions/day")
    assert third.start_ms == ms("2026-11-01T00:00:00+01:00")
    assert reading.passed.notes == ["columns that are not known are left out: mood"]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("bluesky,,5,,,", "needs platform and post"),
        (",3k,5,,,", "needs platform and post"),
        ("bluesky,3k,-5,,,", "below zero"),
        ("bluesky,3k,5,go.example,,", "lacks its slash"),
        ("bluesky,3k,5,,2026-11-01T00:00Z,", "half a period"),
        ("bluesky,3k,5,,2026-11-02T00:00Z,2026-11-01T00:00Z", "ends before it begins"),
        ("bluesky,3k,5,,2026-11-01T00:00Z,2026-11-01T00:00Z", "ends before it begins"),
    ],
)
def test_bad_rows_are_told_what_to_do(tmp_path: Path, cells: str, why: str) -> None:
    reading = read(saved(tmp_path / "mine.csv", f"platform,post,total,link,start,end\n{cells}\n"))
    assert why in complaints(reading)["2"]
    assert reading.placed == []


def test_a_time_without_a_zone_is_nobodys(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.csv", "platform,post,total,observed_at\nbluesky,3k,5,2026-11-20 08:00\n")
    with pytest.raises(FileError, match="times without a zone"):
        read(path)
    assert snapshots(read(path, zone=BERLIN))[0].observed_ms == ms("2026-11-20T08:00:00+01:00")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_encoding_and_delimiter_is_found_out(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = "platform,post,total,profile\nbluesky,3kabc,12,Käthe\n".replace(",", delimiter)
    (post,) = snapshots(read(saved(tmp_path / "mine.csv", text, encoding)))
    assert (post.total, post.profile) == (12, "Käthe")


def test_another_encoding_is_named_or_complained_about(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.csv", "platform,post,total,profile\nbluesky,3kabc,12,Käthe\n", "windows-1252")
    assert "--encoding" in complaints(read(path))["2"]
    assert snapshots(read(path, encoding="windows-1252"))[0].profile == "Käthe"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("bluesky,3k,5,2024-01-01T00:00Z,,", "observed_ms: it is 1,"),
        ("bluesky,3k,5,2029-01-01T00:00Z,,", "observed_ms: it lies"),
        ("bluesky,3k,5,,2026-11-01T00:00:00.5Z,2026-11-02T00:00Z", "start_ms: a period begins at a whole second"),
        ("bluesky,3k,5,,2023-11-01T00:00Z,2023-11-02T00:00Z", "end_ms: it is"),
    ],
)
def test_times_that_the_stream_would_not_take_are_told_at_once(tmp_path: Path, cells: str, why: str) -> None:
    reading = read(saved(tmp_path / "mine.csv", f"platform,post,total,observed_at,start,end\n{cells}\n"))
    assert why in complaints(reading)["2"]
    assert reading.placed == []
