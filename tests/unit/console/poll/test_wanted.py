"""Which posts are asked for, by whom, and which cannot be."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.poll.accounts import Account, XAccount
from console.poll.service import shared_out
from console.poll.state import Post
from console.poll.wanted import Unaskable, Wanted, posts_of_file, posts_of_links, time_of_id
from schemas.links import Link


def link(**fields: Any) -> Link:
    return Link(domain="sho.rt", slug="a", destination="https://example.com", **fields)


@pytest.mark.parametrize(
    ("platform", "fields", "post"),
    [
        ("x", {"post_url": "https://twitter.com/acme/status/1900000000000000001"}, "1900000000000000001"),
        ("x", {"post_id": "1900000000000000001", "channel": "Twitter"}, "1900000000000000001"),
        ("x", {"post_id": "https://x.com/a/status/19"}, "19"),
        ("x", {"post_id": "19", "post_url": "https://x.com/a/status/20"}, "19"),
        ("linkedin", {"post_id": "urn:li:share:222"}, "urn:li:share:222"),
        (
            "linkedin",
            {"post_url": "https://www.linkedin.com/feed/update/urn:li:ugcPost:333/"},
            "urn:li:ugcPost:333",
        ),
        ("facebook", {"post_id": "111_222", "channel": "facebook"}, "222"),
        ("youtube", {"post_url": "https://youtu.be/abcdefghijk"}, "abcdefghijk"),
        ("pinterest", {"post_url": "https://www.pinterest.de/pin/55/"}, "55"),
    ],
)
def test_the_post_of_a_link_is_asked_for_by_its_id(platform: str, fields: dict[str, Any], post: str) -> None:
    (wanted,) = posts_of_links([link(**fields)], platform)
    assert isinstance(wanted, Wanted)
    assert wanted.post.id == post


@pytest.mark.parametrize(
    ("platform", "fields"),
    [
        ("x", {}),
        ("x", {"post_id": "1900000000000000001"}),
        ("x", {"post_id": "1900000000000000001", "channel": "tiktok"}),
        ("x", {"post_id": "https://www.facebook.com/a/posts/222"}),
        ("facebook", {"post_url": "https://x.com/a/status/20"}),
    ],
)
def test_a_post_of_another_platform_or_of_none_is_nobodys(platform: str, fields: dict[str, Any]) -> None:
    assert list(posts_of_links([link(**fields)], platform)) == []


@pytest.mark.parametrize(
    ("platform", "url", "advice"),
    [
        ("linkedin", "https://www.linkedin.com/feed/update/urn:li:activity:7000000000000000000", "urn:li:share"),
        ("facebook", "https://www.facebook.com/acme/posts/pfbid0abc", "by their number"),
        ("instagram", "https://www.instagram.com/p/Abc/", "own list"),
        ("threads", "https://www.threads.com/@acme/post/Abc", "own list"),
    ],
)
def test_a_post_that_its_api_knows_under_another_name_comes_with_advice(
    platform: str, url: str, advice: str
) -> None:
    (wanted,) = posts_of_links([link(post_url=url)], platform)
    assert isinstance(wanted, Unaskable)
    assert advice in wanted.advice


def test_a_post_of_two_links_is_asked_for_once() -> None:
    links = [link(post_id="19", channel="x"), link(post_id="19", channel="x", profile="b")]
    assert len(list(posts_of_links(links, "x"))) == 1


def test_an_id_of_x_tells_when_the_post_was_published() -> None:
    assert (
        datetime.fromtimestamp(time_of_id("x", "1212092628029698048") / 1000, UTC).date().isoformat()
        == "2019-12-31"
    )
    assert time_of_id("x", "20") == 0
    assert time_of_id("facebook", "1212092628029698048") == 0
    (wanted,) = posts_of_links([link(post_id="1212092628029698048", channel="x", published_at_ms=5)], "x")
    assert isinstance(wanted, Wanted)
    assert wanted.post.published_ms == 5, "what somebody said comes first"


def test_a_file_of_posts_has_ids_permalinks_blank_lines_and_comments(tmp_path: Path) -> None:
    file = tmp_path / "posts.txt"
    file.write_text("\ufeff# ours\n\n19\n https://x.com/a/status/20  # the second\nnothing\n", encoding="utf-8")
    wanted = list(posts_of_file(file, "x"))
    assert [one.post.id for one in wanted if isinstance(one, Wanted)] == ["19", "20"]
    assert [one.name for one in wanted if isinstance(one, Unaskable)] == ["nothing"]


def test_posts_go_to_the_account_that_their_link_names_else_to_the_first() -> None:
    accounts: list[Account] = [
        XAccount(name="first", token="t"),  # type: ignore[arg-type] # pydantic makes a secret of it
        XAccount(name="second", token="t", profile="acme"),  # type: ignore[arg-type] # the same
    ]
    wanted = [
        Wanted(Post(id="1"), ("", "")),
        Wanted(Post(id="2"), ("acme", "")),
        Wanted(Post(id="3"), ("", "second")),
        Wanted(Post(id="4"), ("nobody", "")),
    ]
    shares = shared_out(wanted, accounts)
    assert {name: [post.id for post in posts] for name, posts in shares.items()} == {
        "first": ["1", "4"],
        "second": ["2", "3"],
    }
