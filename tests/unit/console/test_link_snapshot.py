"""The links as the topic has them at one moment."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from console.link_snapshot import LinkSnapshot
from schemas.links import LINK_VERSION, Link, NewerLinkError


class Record(NamedTuple):
    """A record of the topic."""

    key: bytes | None
    value: bytes | None


def put(domain: str, slug: str, destination: str = "https://example.com/") -> Record:
    link = Link(domain=domain, slug=slug, destination=destination)
    return Record(link.key.encode(), msgspec.json.encode(link))


@pytest.fixture
def snapshot(tmp_path: Path) -> LinkSnapshot:
    made = LinkSnapshot(tmp_path)
    made.take(
        [put("b.example", "2"), put("b.example", "1"), put("b.example.org", ""), put("b", "x"), put("c", "ä")]
    )
    return made


def keys(snapshot: LinkSnapshot, domain: str = "") -> list[str]:
    return [link.key for link in snapshot.links(domain)]


def test_links_come_in_the_order_of_their_keys_and_by_domain(snapshot: LinkSnapshot) -> None:
    assert keys(snapshot) == ["b.example.org/", "b.example/1", "b.example/2", "b/x", "c/ä"]
    assert keys(snapshot, "b.example") == ["b.example/1", "b.example/2"]
    assert keys(snapshot, "c") == ["c/ä"]
    assert keys(snapshot, "d") == []
    assert list(snapshot.domains()) == ["b.example.org", "b.example", "b", "c"]


def test_the_last_record_of_a_key_counts(tmp_path: Path) -> None:
    snapshot = LinkSnapshot(tmp_path)
    snapshot.take([put("a", "1"), put("a", "2"), Record(b"a/1", None), put("a", "2", "https://new.example/")])
    snapshot.take([Record(b"a/none", None)])
    assert keys(snapshot) == ["a/2"]
    link = snapshot.get("a/2")
    assert link is not None
    assert link.destination == "https://new.example/"
    assert (snapshot.get("a/1"), snapshot.has("a/1"), snapshot.has("a/2")) == (None, False, True)


def test_what_is_no_link_is_passed_over_and_what_is_newer_is_told(snapshot: LinkSnapshot) -> None:
    newer = msgspec.json.encode({"domain": "c", "slug": "n", "destination": "https://x", "v": LINK_VERSION + 1})
    snapshot.take(
        [Record(None, b"x"), Record(b"c/bad", b"{"), Record(b"c/n", newer), Record(b"c/" + b"x" * 600, b"{}")]
    )
    assert keys(snapshot, "c") == ["c/ä"]
    assert snapshot.get("c/bad") is None
    assert snapshot.has("c/n")
    with pytest.raises(NewerLinkError):
        snapshot.get("c/n")


def test_no_links_are_no_domains(tmp_path: Path) -> None:
    snapshot = LinkSnapshot(tmp_path)
    assert (keys(snapshot), list(snapshot.domains())) == ([], [])
