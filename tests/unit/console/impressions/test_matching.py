"""Posts without a link as a file that one fills, and as a table."""

import io
from pathlib import Path

from rich.console import Console

from console.impressions.mapping import read_mapping
from console.impressions.matching import posts_table, write_posts
from schemas.matching import snapshot_keys
from schemas.snapshots import Snapshot

POSTS = [
    Snapshot(
        observed_ms=1000, platform="youtube", post="-_abc,'defg", series="viewCount", total=1234, urls=("a", "b")
    ),
    Snapshot(
        observed_ms=1000, platform="google-ads", post="987", series="impressions/day", total=5, permalink="[x]"
    ),
]


class AnyLink:
    def has(self, key: str) -> bool:
        return bool(key)


def test_a_list_of_posts_is_a_mapping_once_links_are_in_it(tmp_path: Path) -> None:
    out = io.StringIO()
    write_posts(POSTS, out)
    path = tmp_path / "posts.csv"
    path.write_text(out.getvalue(), "utf-8", newline="")
    mapping, faults = read_mapping(path, AnyLink())
    assert (len(mapping), faults) == (0, [])
    filled = [line.replace(",,", ",go.example/a,", 1) for line in out.getvalue().splitlines()]
    path.write_text("\n".join(filled), "utf-8")
    mapping, faults = read_mapping(path, AnyLink())
    assert faults == []
    assert [mapping.link_of(snapshot_keys(post)) for post in POSTS] == ["go.example/a", "go.example/a"]


def test_people_see_posts_as_they_are() -> None:
    out = io.StringIO()
    Console(file=out, width=160).print(posts_table(POSTS))
    shown = out.getvalue()
    assert "1,234" in shown
    assert "[x]" in shown
    assert "1970-01-01T00:00:01+00:00" in shown
