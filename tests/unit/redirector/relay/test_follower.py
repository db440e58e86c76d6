"""Where following starts, and which records of the topic change the cache."""

import msgspec
import pytest

from redirector.relay.follower import FOLLOWED, Start, where_to_start
from schemas.links import Link
from schemas.tokens import new_token

LINK = Link(domain="a.example", slug="x", destination="https://b.example/")
NOW_S = 1_000_000.0
LINKS, TOKENS = FOLLOWED


def start(stored: int | None, *, followed_at_s: int | None = 999_999, beginning: int = 0, end: int = 50) -> Start:
    return where_to_start(stored, followed_at_s, beginning, end, now_s=NOW_S, rebuild_after_s=3600)


def test_a_new_cache_reads_from_the_beginning() -> None:
    assert start(None, followed_at_s=None, beginning=3) == Start(3, 50, rebuild=False)


def test_a_cache_goes_on_where_it_left_off() -> None:
    assert start(20) == Start(20, 50, rebuild=False)
    assert start(50) == Start(50, 50, rebuild=False)


def test_a_topic_made_anew_is_read_from_its_beginning_and_stale_links_go() -> None:
    assert start(51) == Start(0, 50, rebuild=True)


def test_a_cache_older_than_deletions_are_kept_is_read_anew() -> None:
    assert start(20, followed_at_s=990_000) == Start(0, 50, rebuild=True)


def test_a_topic_whose_beginning_moved_past_the_cache_is_read_anew() -> None:
    assert start(20, beginning=30) == Start(30, 50, rebuild=True)


def test_a_link_is_put_as_it_came_and_a_tombstone_deletes() -> None:
    value = msgspec.json.encode(LINK)
    assert LINKS.read_change(b"a.example/x", value) == (b"a.example/x", value)
    assert LINKS.read_change(b"a.example/x", None) == (b"a.example/x", None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"{}"),
        (b"", None),
        (b"a" * 512, None),
        (b"a.example/x", b"no json"),
        (b"a.example/x", b"{}"),
        (b"a.example/other", msgspec.json.encode(LINK)),
    ],
)
def test_a_record_that_is_no_link_is_refused(key: bytes | None, value: bytes | None) -> None:
    with pytest.raises((ValueError, msgspec.DecodeError)):
        LINKS.read_change(key, value)


def test_a_token_is_put_under_its_id() -> None:
    token, _ = new_token(name="one", roles=("admin",), now_ms=1)
    value = msgspec.json.encode(token)
    assert TOKENS.read_change(token.id.encode(), value) == (token.id.encode(), value)
    with pytest.raises(ValueError, match="the key is"):
        TOKENS.read_change(b"0" * 16, value)
    with pytest.raises(msgspec.DecodeError):
        TOKENS.read_change(LINK.key.encode(), msgspec.json.encode(LINK))
