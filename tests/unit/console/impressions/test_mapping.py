"""A mapping says of posts, by whatever names them, which link they carry."""

from pathlib import Path

import pytest

from console.impressions.mapping import read_mapping
from console.impressions.spreadsheets import FileError
from schemas.posts import post_keys


class SomeLinks:
    def has(self, key: str) -> bool:
        return key in {"go.example/spring", "go.example/autumn"}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "map.csv"
    path.write_text(text, "utf-8")
    return path


def test_posts_are_named_by_id_or_permalink(tmp_path: Path) -> None:
    mapping, faults = read_mapping(
        written(
            tmp_path,
            "post,link,platform\n"
            "1900000000000000001,go.example/spring,\n"
            "https://www.linkedin.com/posts/a-activity-7190000000000000001-b,https://go.example/autumn,\n"
            "987,go.example/autumn,google-ads\n"
            "\n,,\n1900000000000000003,,\n'-_abcdefghi,go.example/spring,youtube\n",
        ),
        SomeLinks(),
    )
    assert faults == []
    assert mapping.link_of(post_keys("x", ["1900000000000000001"])) == "go.example/spring"
    assert mapping.link_of(post_keys("linkedin", ["urn:li:activity:7190000000000000001"])) == "go.example/autumn"
    assert mapping.link_of(post_keys("google-ads", ["987"])) == "go.example/autumn"
    assert mapping.link_of(post_keys("microsoft-ads", ["987"])) == ""
    assert mapping.link_of(post_keys("x", ["1900000000000000002"])) == ""
    assert mapping.link_of(post_keys("x", ["1900000000000000003"])) == "", "its link is to be filled another time"
    assert mapping.link_of(post_keys("youtube", ["-_abcdefghi"])) == "go.example/spring"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1900000000000000001,go.example/gone,", "there is no link go.example/gone"),
        ("1900000000000000001,spring,", "lacks its slash"),
        (",go.example/spring,", "lacks its post"),
        ("987,go.example/spring,", "name the platform beside it"),
        ('"987', "close every quote"),
    ],
)
def test_a_line_that_maps_nothing_is_told_why(tmp_path: Path, line: str, why: str) -> None:
    mapping, faults = read_mapping(written(tmp_path, f"post,link,platform\n{line}\n"), SomeLinks())
    assert [fault.line for fault in faults] == [2]
    assert why in faults[0].text
    assert len(mapping) == 0


def test_a_post_has_one_link(tmp_path: Path) -> None:
    text = "post_id,short_link\n1900000000000000001,go.example/{}\n1900000000000000001,go.example/{}\n"
    _, faults = read_mapping(written(tmp_path, text.format("spring", "spring")), SomeLinks())
    assert faults == []
    _, faults = read_mapping(written(tmp_path, text.format("spring", "autumn")), SomeLinks())
    assert [(fault.line, "keep one" in fault.text) for fault in faults] == [(3, True)]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "post\n1\n"])
def test_another_file_is_no_mapping(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match="header"):
        read_mapping(written(tmp_path, text), SomeLinks())
