"""One post, one link: whoever asks, and in whichever order links came to be."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.matching import PostIndex, link_keys, link_of, snapshot_keys, urls_in
from schemas.snapshots import URLS_MAX, Snapshot

POST = "1900000000000000001"


class SomeLinks:
    """Links by name, and the posts they name."""

    def __init__(self, *names: str, index: PostIndex | None = None) -> None:
        self._names = names
        self._index = index or PostIndex()

    def has(self, key: str) -> bool:
        return key in self._names

    def of_post(self, keys: Sequence[str]) -> str:
        return self._index.of_post(keys)


class OnePostMapping:
    """A mapping of one post."""

    def __init__(self, key: str, link: str) -> None:
        self._key, self._link = key, link

    def link_of(self, keys: Sequence[str]) -> str:
        return self._link if self._key in keys else ""


def post(*urls: str) -> Snapshot:
    return Snapshot(observed_ms=1, platform="x", post=POST, series="impression_count@2", total=1, urls=urls)


def index(*links: tuple[str, str]) -> PostIndex:
    made = PostIndex()
    for link, post_id in links:
        made.add(link, post_id=post_id, post_url="", channel="")
    return made


def test_the_first_address_that_is_ours_is_the_link() -> None:
    links = SomeLinks("go.example/a", "go.example/b")
    assert (
        link_of(post("https://example.com/a", "https://go.example/b", "https://go.example/a"), links)
        == "go.example/b"
    )


def test_an_address_goes_before_the_post_that_a_link_names_and_a_mapping_before_both() -> None:
    links = SomeLinks("go.example/a", "go.example/b", index=index(("go.example/b", POST)))
    carried = post("https://go.example/a")
    assert link_of(carried, links) == "go.example/a"
    assert link_of(carried, links, OnePostMapping(f"x:{POST}", "go.example/c")) == "go.example/c"
    assert link_of(carried, links, OnePostMapping("x:19", "go.example/c")) == "go.example/a"
    assert link_of(post(), links) == "go.example/b"


def test_without_anything_that_tells_there_is_no_link() -> None:
    assert link_of(post("https://go.example/gone"), SomeLinks("go.example/a")) == ""


def test_of_links_that_name_one_post_the_first_by_name_is_meant_whichever_came_first() -> None:
    pairs = [("go.example/b", POST), ("go.example/a", f"https://x.com/a/status/{POST}"), ("go.example/c", POST)]
    for order in permutations(pairs):
        assert link_of(post(), SomeLinks(index=index(*order))) == "go.example/a"


def test_further_ids_and_the_permalink_name_the_post_too() -> None:
    snapshot = Snapshot(
        observed_ms=1,
        platform="linkedin",
        post="urn:li:share:222",
        other_ids=("urn:li:activity:333",),
        permalink="https://www.linkedin.com/feed/update/urn:li:ugcPost:444",
        series="impressionCount",
        total=1,
    )
    assert snapshot_keys(snapshot) == ("linkedin:222", "linkedin:333", "linkedin:444")


@pytest.mark.parametrize(
    "url",
    [
        "https://go.example/spring",
        "go.example/spring",
        "http://GO.example:80/spring?utm_source=x&fbclid=IwAR1#top",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fgo.example%2Fspring%3Ffbclid%3DIwAR1&h=AT1",
        "https://l.instagram.com/?u=https%3A%2F%2Fgo.example%2Fspring",
        "https://www.linkedin.com/safety/go?url=https%3A%2F%2Fgo.example%2Fspring&trk=x",
        "https://www.google.com/url?q=https://go.example/spring&sa=D",
    ],
)
def test_an_address_is_ours_however_it_was_sent_on(url: str) -> None:
    assert list(link_keys([url])) == ["go.example/spring"]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("New: https://go.example/a, and (go.example/b).", ("https://go.example/a", "go.example/b")),
        ("see https://go.example/wiki_(a) now", ("https://go.example/wiki_(a)",)),
        ("&quot;https://go.example/a?x=1&amp;y=2&quot;", ("https://go.example/a?x=1&y=2",)),
        ("https://go.example/a\nhttps://go.example/a", ("https://go.example/a",)),
        ("write to me@go.example/a, 1/2 and/or 3.5/4", ()),
        ("", ()),
    ],
)
def test_addresses_are_found_in_a_posts_text(text: str, urls: tuple[str, ...]) -> None:
    assert urls_in(text) == urls


@pytest.mark.parametrize(("many", "kept"), [(URLS_MAX, URLS_MAX), (URLS_MAX + 1, URLS_MAX)])
def test_a_text_gives_no_more_addresses_than_a_snapshot_holds(many: int, kept: int) -> None:
    assert len(urls_in(" ".join(f"https://go.example/{number}" for number in range(many)))) == kept


@given(st.text(max_size=200))
def test_no_text_breaks_the_search_for_addresses(text: str) -> None:
    list(link_keys(urls_in(text)))
    list(link_keys([text]))


@given(st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True))
def test_a_link_in_a_sentence_is_found_again(slug: str) -> None:
    assert list(link_keys(urls_in(f"Spring is here (https://go.example/{slug})!"))) == [f"go.example/{slug}"]
