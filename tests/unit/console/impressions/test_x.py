"""X's content export: totals of posts, where they are of the posts' lives."""

from pathlib import Path

import pytest

from console.impressions.spreadsheets import FileError
from tests.unit.console.impressions.downloads import MODIFIED_MS, complaints, ms, read, saved, snapshots

NAME = "account_analytics_content_2026-07-01_2026-07-31.csv"
HEADER = (
    "Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,"
    "Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks\n"
)
ROWS = (
    '"1900000000000000001","Tue, Jul 14, 2026","New &amp; shiny:\n\n""Spring"" https://go.example/spring?x=1&amp;y=2",'
    '"https://x.com/acme/status/1900000000000000001","4,210",31,80,9,4,1,4,6,12,3,25,0,2\n'
    ',"Wed, Jul 15, 2026",No id,"https://x.com/acme/status/1900000000000000002",17,0,0,0,0,0,0,0,0,0,0,0,0\n'
)


def test_posts_are_read_with_their_text_and_numbers(tmp_path: Path) -> None:
    reading = read(saved(tmp_path / NAME, "\ufeff" + HEADER + ROWS))
    first, second = snapshots(reading)
    assert reading.titles == ["content export of X"]
    assert (first.platform, first.post, first.total) == ("x", "1900000000000000001", 4210)
    assert (first.series, first.source, first.is_lifetime) == ("impression_count", "file:x-content", True)
    assert first.urls == ("https://go.example/spring?x=1&y=2",)
    assert first.side == {"link_clicks": 25, "profile_visits": 12, "engagements": 80}
    assert first.published_ms == ms("2026-07-14T00:00:00+00:00")
    assert first.observed_ms == MODIFIED_MS
    assert (second.post, second.total) == ("1900000000000000002", 17)
    assert reading.complaints == []


@pytest.mark.parametrize(("first_day", "taken"), [("2026-07-14", True), ("2026-07-15", False)])
def test_of_a_post_from_before_the_files_period_nobody_knows_what_its_total_is_of(
    tmp_path: Path, first_day: str, taken: bool
) -> None:
    path = saved(tmp_path / f"account_analytics_content_{first_day}_2026-07-31.csv", HEADER + ROWS)
    reading = read(path)
    assert [one.post for one in snapshots(reading)] == (
        ["1900000000000000001", "1900000000000000002"] if taken else ["1900000000000000002"]
    )
    assert ("2" in complaints(reading)) is not taken
    assert len(snapshots(read(path, is_life=True))) == 2


def test_a_renamed_file_is_asked_for_its_period(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.csv", HEADER + ROWS)
    with pytest.raises(FileError, match="--period"):
        read(path)
    assert len(read(path, is_life=True).placed) == 2


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (',"Tue, Jul 14, 2026",t,,5', "has neither a 'Post id' nor a 'Post Link'"),
        ('1.9E+18,"Tue, Jul 14, 2026",t,https://x.com/a/status/19,5', "rounded by a spreadsheet"),
        (
            '19,"Tue, Jul 14, 2026",t,https://x.com/a/status/19,1.2K',
            "column 'Impressions' is '1.2K', which is rounded",
        ),
        ('19,"Tue, Jul 14, 2026",t,https://x.com/a/status/19,-5', "below zero"),
        ('19,"Tue, Jul 14, 2026",t,https://x.com/a/status/19,=1+1', "no whole number"),
        ("19,someday,t,https://x.com/a/status/19,5", "column 'Date' is 'someday', which is no date"),
        ("19,,t,https://x.com/a/status/19,5", "nothing says when the post was published"),
        ('19,"Tue, Jul 14, 2026",t,https://x.com/a/status/19,9999999999999', "more than anything was ever shown"),
    ],
)
def test_a_bad_row_is_named_and_leaves_the_others_alone(tmp_path: Path, row: str, why: str) -> None:
    reading = read(saved(tmp_path / NAME, f"{HEADER}{row}\n{ROWS}"))
    assert len(reading.placed) == 2
    assert list(complaints(reading)) == ["2"]
    assert why in complaints(reading)["2"]


def test_a_row_without_a_number_is_no_zero(tmp_path: Path) -> None:
    row = '19,"Tue, Jul 14, 2026",t,https://x.com/a/status/19,--\n'
    reading = read(saved(tmp_path / NAME, HEADER + row + ",,,,\n"))
    assert (reading.placed, reading.complaints) == ([], [])
    assert (reading.passed.without_number, reading.passed.blank) == (1, 1)


def test_a_post_with_two_totals_is_a_complaint_and_one_twice_is_one(tmp_path: Path) -> None:
    row = '19,"Tue, Jul 14, 2026",t,https://x.com/a/status/19,{}\n'
    reading = read(saved(tmp_path / NAME, HEADER + row.format(5) + row.format(5) + row.format(6)))
    assert [one.total for one in snapshots(reading)] == [5]
    assert list(complaints(reading)) == ["4"]


def test_a_header_in_another_language_is_named_by_who_imports(tmp_path: Path) -> None:
    header = (
        HEADER.replace("Impressions", "Impressionen").replace("Post Link", "Link zum Post").replace("Date", "Datum")
    )
    path = saved(tmp_path / NAME, header + ROWS)
    with pytest.raises(FileError, match=r"no form that is known.*Impressionen"):
        read(path)
    renamed = {"impressionen": "impressions", "link zum post": "permalink", "datum": "date"}
    assert len(read(path, form="x-content", renamed=renamed).placed) == 2
    with pytest.raises(FileError, match=r"lacks permalink.*--column"):
        read(path, form="x-content", renamed={"impressionen": "impressions", "datum": "date"})


def test_the_overview_is_known_and_refused(tmp_path: Path) -> None:
    header = "Date,Impressions,Likes,Engagements,Create Post,Video views,Media views\n"
    path = saved(tmp_path / "account_overview_analytics.csv", header + '"Tue, Jul 14, 2026",229,1,2,1,0,0\n')
    with pytest.raises(FileError, match="Export Content instead"):
        read(path)
