"""The cache answers what its writer last committed, and is empty until there is one."""

from pathlib import Path

import lmdb
import msgspec
import pytest

from redirector.links.cache import LinkCache
from redirector.links.cache_writer import LinkCacheWriter
from schemas.links import Link

X = Link(domain="a.example", slug="x", destination="https://b.example/", campaign="spring")
Y = Link(domain="a.example", slug="ü", destination="https://b.example/y")


def put(link: Link) -> tuple[bytes, bytes]:
    return link.key.encode(), msgspec.json.encode(link)


def commit(directory: Path, *changes: tuple[bytes, bytes | None], offset: int = 1, ready: bool = False) -> None:
    writer = LinkCacheWriter.open(directory)
    writer.apply(changes, next_offset=offset, ready=ready, now_s=1000.5)
    writer.close()


def test_a_cache_that_does_not_exist_yet_is_empty_and_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("redirector.links.cache.time.monotonic", lambda: now[0])
    cache = LinkCache.open(tmp_path / "links")
    assert (cache.get("a.example/x"), cache.version(), cache.ready()) == (None, 0, False)
    commit(tmp_path / "links", put(X), ready=True)
    now[0] += 1
    assert cache.get("a.example/x") == X
    assert cache.ready()
    assert cache.version() > 0
    cache.close()
    cache.close()


def test_links_offset_and_mark_change_together(tmp_path: Path) -> None:
    commit(tmp_path, put(X), put(Y), offset=7)
    commit(tmp_path, (X.key.encode(), None), (b"never/was", None), offset=9)
    cache = LinkCache.open(tmp_path)
    assert cache.get(X.key) is None
    assert cache.get(Y.key) == Y
    assert not cache.ready()
    cache.close()
    writer = LinkCacheWriter.open(tmp_path)
    assert (writer.next_offset(), writer.followed_at_s(), writer.ready()) == (9, 1000, False)
    writer.apply((), next_offset=None, ready=True, now_s=2000)
    assert (writer.next_offset(), writer.followed_at_s(), writer.ready()) == (9, 1000, True)
    writer.close()


def test_the_version_changes_with_every_change(tmp_path: Path) -> None:
    versions = []
    for slug in ("a", "b", "c"):
        commit(tmp_path, put(Link(domain="a.example", slug=slug, destination="https://b.example/")))
        cache = LinkCache.open(tmp_path)
        versions.append((cache.version(), cache.version()))
        cache.close()
    assert len(set(versions)) == 3
    assert all(first == second for first, second in versions)


def test_keys_that_can_be_no_links_find_nothing(tmp_path: Path) -> None:
    commit(tmp_path, put(X))
    cache = LinkCache.open(tmp_path)
    for key in ("", "x" * 512, "a.example/" + "ü" * 300, "a.example/\udcff"):
        assert cache.get(key) is None
    cache.close()


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    commit(tmp_path, put(X), offset=3)
    writer = LinkCacheWriter.open(tmp_path)
    with pytest.raises(lmdb.BadValsizeError):
        writer.apply([(X.key.encode(), None), (b"k" * 512, b"v")], next_offset=5, ready=True, now_s=2)
    assert (writer.next_offset(), writer.ready()) == (3, False)
    writer.close()
    cache = LinkCache.open(tmp_path)
    assert cache.get(X.key) == X
    cache.close()


def test_links_not_seen_while_reading_anew_are_deleted(tmp_path: Path) -> None:
    commit(tmp_path, put(X), put(Y))
    writer = LinkCacheWriter.open(tmp_path)
    assert writer.retain({Y.key.encode()}) == 1
    writer.close()
    cache = LinkCache.open(tmp_path)
    assert (cache.get(X.key), cache.get(Y.key)) == (None, Y)
    cache.close()
