"""LinkedIn's exports: of a page (.xls), of a member and of a single post (.xlsx)."""

import os
import shutil
from pathlib import Path

import pytest

from console.impressions.spreadsheets import FileError
from tests.unit.console.impressions.downloads import (
    GOLDEN,
    MODIFIED,
    MODIFIED_MS,
    Cells,
    complaints,
    ms,
    read,
    saved,
    snapshots,
    workbook,
)

PAGE = GOLDEN / "acme_content_1795500000000.xls"
"""As LinkedIn writes it, in the format of Excel 97 (made once, with xlwt): thirty days and three posts."""

ACTIVITY = "https://www.linkedin.com/feed/update/urn:li:activity:719000000000000000{}"
TOP_POSTS: Cells = [
    ["Maximum of 50 posts available to include in this list"],
    [],
    ["Post URL", "Post Publish Date", "Engagements", None, "Post URL", "Post Publish Date", "Impressions"],
    [ACTIVITY.format(1), "8/9/2026", "80", None, ACTIVITY.format(2), "8/13/2026", "6,387"],
    [ACTIVITY.format(2), "8/13/2026", "12", None, ACTIVITY.format(1), "8/9/2026", "512"],
    [None, None, None, None, ACTIVITY.format(3), "7/30/2026", "1"],
    [ACTIVITY.format(3), "7/30/2026", "0", None, None, None, None],
]
DISCOVERY: Cells = [["Overall Performance", "8/1/2026 - 8/31/2026"], ["Impressions", "6900"]]


def page(tmp_path: Path, name: str = PAGE.name) -> Path:
    path = tmp_path / name
    shutil.copy(PAGE, path)
    os.utime(path, (MODIFIED.timestamp() + 10**7, MODIFIED.timestamp() + 10**7))
    return path


def test_a_pages_posts_are_read_and_its_days_are_of_no_post(tmp_path: Path) -> None:
    reading = read(page(tmp_path))
    first, second = snapshots(reading)
    assert reading.titles == ["daily metrics of a LinkedIn page", "content export of a LinkedIn page"]
    assert (first.post, first.total, first.series) == ("urn:li:activity:7190000000000000001", 900, "Impressions")
    assert first.urls == ("https://go.example/spring",)
    assert (first.published_ms, first.profile) == (ms("2026-11-03T00:00:00+00:00"), "Ada Example")
    assert (second.post, second.total) == ("urn:li:ugcPost:7190000000000000002", 1234)
    assert reading.complaints == []
    assert reading.passed.without_number == 1
    assert any("belong to no post" in note for note in reading.passed.notes)


def test_a_side_number_below_zero_is_taken_as_it_is(tmp_path: Path) -> None:
    assert [one.side for one in snapshots(read(page(tmp_path)))] == [{"clicks": 37}, {"clicks": -3}]


def test_the_name_says_when_a_page_was_exported(tmp_path: Path) -> None:
    assert read(page(tmp_path)).observed_ms == 1_795_500_000_000
    assert read(page(tmp_path, "content.xls")).observed_ms == MODIFIED_MS + 10**10
    assert read(page(tmp_path), observed_ms=5).observed_ms == 5


def test_a_members_totals_are_those_beside_the_impressions(tmp_path: Path) -> None:
    path = workbook(tmp_path / "AggregateAnalytics_Ada_2026-08-01_2026-08-31.xlsx", {"TOP POSTS": TOP_POSTS})
    reading = read(path)
    assert [(one.post[-1], one.total, one.series) for one in snapshots(reading)] == [
        ("2", 6387, "IMPRESSION"),
        ("1", 512, "IMPRESSION"),
    ]
    assert list(complaints(reading)) == ["TOP POSTS:6"]
    assert "before the file's period" in complaints(reading)["TOP POSTS:6"]


def test_the_discovery_sheet_tells_the_period_of_a_renamed_file(tmp_path: Path) -> None:
    reading = read(workbook(tmp_path / "mine.xlsx", {"DISCOVERY": DISCOVERY, "TOP POSTS": TOP_POSTS}))
    assert (len(reading.placed), len(reading.complaints)) == (2, 1)


def test_dates_of_which_none_tells_the_order_are_asked_for(tmp_path: Path) -> None:
    rows = [*TOP_POSTS[:3], [None, None, None, None, ACTIVITY.format(1), "8/9/2026", "5"]]
    path = workbook(tmp_path / "AggregateAnalytics_Ada_2026-08-01_2026-08-31.xlsx", {"TOP POSTS": rows})
    assert "--dates dmy or --dates mdy" in complaints(read(path))["TOP POSTS:4"]
    assert len(read(path, order="mdy").placed) == 1


def test_a_single_post_is_read_by_its_rows(tmp_path: Path) -> None:
    rows: Cells = [
        ["Post URL", "https://www.linkedin.com/posts/ada_spring-activity-7190000000000000001-AbCd"],
        ["Post Date", "8/10/2026"],
        ["Post Publish Time", "9:05 AM"],
        [],
        ["Discovery"],
        ["Impressions", "6,387"],
        ["Members reached", "4,113"],
        ["Social engagements", "80"],
        ["Link engagements", 6],
        ["Post viewer demographics"],
        ["Impressions", "0"],
    ]
    (post,) = snapshots(read(workbook(tmp_path / "SinglePostAnalytics_Ada_1.xlsx", {"Post analytics": rows})))
    assert (post.post, post.total, post.series) == ("urn:li:activity:7190000000000000001", 6387, "IMPRESSION")
    assert post.side == {"reach": 4113, "engagements": 80, "link_engagements": 6}


def test_a_link_that_names_no_post_is_a_complaint(tmp_path: Path) -> None:
    header = "Post title,Post link,Created date,Impressions\n"
    path = saved(tmp_path / "posts.csv", header + "t,https://www.linkedin.com/company/acme,11/13/2026,5\n")
    assert "names no post of LinkedIn" in complaints(read(path, is_life=True))["2"]
    with pytest.raises(FileError, match="is empty"):
        read(saved(tmp_path / "empty.csv", "\ufeff\n"))
