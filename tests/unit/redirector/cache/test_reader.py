"""The cache answers what its writer last committed, and is empty until there is one."""

import subprocess
import sys
from pathlib import Path

import lmdb
import msgspec
import pytest

from redirector.cache.reader import HostCache
from redirector.cache.store import MAP_BYTES
from redirector.cache.writer import CacheWriter
from schemas.links import Link
from schemas.tokens import new_token

X = Link(domain="a.example", slug="x", destination="https://b.example/", campaign="spring")
Y = Link(domain="a.example", slug="ü", destination="https://b.example/y")
COMMITS = 50


def put(link: Link) -> tuple[bytes, bytes]:
    return link.key.encode(), msgspec.json.encode(link)


def commit(directory: Path, *changes: tuple[bytes, bytes | None], offset: int = 1, ready: bool = False) -> None:
    writer = CacheWriter.open(directory)
    writer.table("links").apply(changes, next_offset=offset, ready=ready, now_s=1000.5)
    writer.close()


def test_a_cache_that_does_not_exist_yet_is_empty_and_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("redirector.cache.reader.time.monotonic", lambda: now[0])
    cache = HostCache.open(tmp_path / "links")
    assert (cache.links.get("a.example/x"), cache.version(), cache.links.ready()) == (None, 0, False)
    commit(tmp_path / "links", put(X), ready=True)
    now[0] += 1
    assert cache.links.get("a.example/x") == X
    assert cache.links.ready()
    assert cache.version() > 0
    cache.close()
    cache.close()


def test_links_offset_and_mark_change_together(tmp_path: Path) -> None:
    commit(tmp_path, put(X), put(Y), offset=7)
    commit(tmp_path, (X.key.encode(), None), (b"never/was", None), offset=9)
    cache = HostCache.open(tmp_path)
    assert cache.links.get(X.key) is None
    assert cache.links.get(Y.key) == Y
    assert not cache.links.ready()
    cache.close()
    writer = CacheWriter.open(tmp_path)
    links = writer.table("links")
    assert (links.next_offset(), links.followed_at_s(), links.ready()) == (9, 1000, False)
    links.apply((), next_offset=None, ready=True, now_s=2000)
    assert (links.next_offset(), links.followed_at_s(), links.ready()) == (9, 1000, True)
    writer.close()


def test_the_version_changes_with_every_change(tmp_path: Path) -> None:
    versions = []
    for slug in ("a", "b", "c"):
        commit(tmp_path, put(Link(domain="a.example", slug=slug, destination="https://b.example/")))
        cache = HostCache.open(tmp_path)
        versions.append((cache.version(), cache.version()))
        cache.close()
    assert len(set(versions)) == 3
    assert all(first == second for first, second in versions)


def test_a_version_is_never_newer_than_what_is_read_after_it(tmp_path: Path) -> None:
    """While a commit waits for the disk, what it wrote is in shared memory, and no reader is given it yet."""
    commit(tmp_path, put(X))
    cache = HostCache.open(tmp_path)
    first = cache.version()
    command = [sys.executable, "-c", _COMMITTER, str(tmp_path), str(COMMITS), msgspec.json.encode(X).decode()]
    with subprocess.Popen(command) as committer:
        newest = 0
        while newest < COMMITS and committer.poll() in (None, 0):
            version = cache.version()
            link = cache.links.get(X.key)
            assert link is not None
            newest = link.created_at_ms or 0
            assert newest >= version - first
    assert (newest, cache.version() - first) == (COMMITS, COMMITS)
    cache.close()


_COMMITTER = """
import sys
from pathlib import Path
import msgspec
from redirector.cache.writer import CacheWriter
from schemas.links import Link

link = msgspec.json.decode(sys.argv[3].encode(), type=Link)
writer = CacheWriter.open(Path(sys.argv[1]))
for number in range(1, int(sys.argv[2]) + 1):
    numbered = msgspec.json.encode(msgspec.structs.replace(link, created_at_ms=number))
    writer.table("links").apply([(link.key.encode(), numbered)], next_offset=number, ready=True, now_s=1)
writer.close()
"""


def test_keys_that_can_be_no_links_find_nothing(tmp_path: Path) -> None:
    commit(tmp_path, put(X))
    cache = HostCache.open(tmp_path)
    for key in ("", "x" * 512, "a.example/" + "ü" * 300, "a.example/\udcff"):
        assert cache.links.get(key) is None
    cache.close()


@pytest.mark.parametrize(
    ("domain", "has"),
    [
        ("a.example", True),
        ("z.example", True),
        ("a.exampl", False),
        ("a.examples", False),
        ("a", False),
        ("example", False),
        ("zz.example", False),
        ("", False),
        ("x" * 600, False),
        ("\udcff", False),
    ],
)
def test_a_domain_is_known_by_its_links(tmp_path: Path, domain: str, has: bool) -> None:
    assert not HostCache.open(tmp_path / "none").links.has_domain(domain)
    commit(tmp_path / "links", put(X), put(Y), (b"z.example/", b"{}"))
    cache = HostCache.open(tmp_path / "links")
    assert cache.links.has_domain(domain) is has
    cache.close()


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    commit(tmp_path, put(X), offset=3)
    writer = CacheWriter.open(tmp_path)
    links = writer.table("links")
    with pytest.raises(lmdb.BadValsizeError):
        links.apply([(X.key.encode(), None), (b"k" * 512, b"v")], next_offset=5, ready=True, now_s=2)
    assert (links.next_offset(), links.ready()) == (3, False)
    writer.close()
    cache = HostCache.open(tmp_path)
    assert cache.links.get(X.key) == X
    cache.close()


@pytest.mark.parametrize("at_most", [1, 2, 3, 4, 100])
def test_links_not_seen_while_reading_anew_are_deleted_in_steps(tmp_path: Path, at_most: int) -> None:
    commit(tmp_path, put(X), put(Y), (b"a.example/", b"{}"), (b"z.example/x", b"{}"))
    writer = CacheWriter.open(tmp_path)
    deleted, after, steps = 0, b"", 0
    while True:
        swept = writer.table("links").retain({Y.key.encode()}, after=after, at_most=at_most)
        deleted, steps = deleted + swept.deleted, steps + 1
        if swept.last is None:
            break
        after = swept.last
    writer.close()
    assert (deleted, steps) == (3, -(-4 // at_most))
    cache = HostCache.open(tmp_path)
    assert (cache.links.get(X.key), cache.links.get(Y.key)) == (None, Y)
    cache.close()


def test_tables_and_their_marks_do_not_touch(tmp_path: Path) -> None:
    token, _ = new_token(name="one", roles=("admin",), now_ms=1)
    commit(tmp_path, put(X), offset=7, ready=True)
    writer = CacheWriter.open(tmp_path)
    tokens = writer.table("tokens")
    assert (tokens.next_offset(), tokens.ready()) == (None, False)
    tokens.apply([(token.key.encode(), msgspec.json.encode(token))], next_offset=2, ready=False, now_s=5)
    assert (writer.table("links").next_offset(), tokens.next_offset()) == (7, 2)
    writer.close()
    cache = HostCache.open(tmp_path)
    assert (cache.links.get(X.key), cache.tokens.get(token.id)) == (X, token)
    assert (cache.links.get(token.id), cache.tokens.get(X.key)) == (None, None)
    assert (cache.links.ready(), cache.tokens.ready()) == (True, False)
    cache.close()


def test_a_table_that_comes_later_is_found_without_opening_the_cache_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("redirector.cache.reader.time.monotonic", lambda: now[0])
    token, _ = new_token(name="one", roles=("admin",), now_ms=1)
    made_by_an_older_relay(tmp_path)
    cache = HostCache.open(tmp_path)
    assert (cache.links.get(X.key), cache.tokens.get(token.id), cache.tokens.ready()) == (X, None, False)
    writer = subprocess.run([sys.executable, "-c", _WRITER, tmp_path, msgspec.json.encode(token)], check=True)
    assert writer.returncode == 0
    now[0] += 1
    assert (cache.tokens.get(token.id), cache.tokens.ready()) == (token, True)
    cache.close()


_WRITER = """
import sys
from pathlib import Path
import msgspec
from redirector.cache.writer import CacheWriter
from schemas.tokens import Token

value = sys.argv[2].encode()
writer = CacheWriter.open(Path(sys.argv[1]))
token = msgspec.json.decode(value, type=Token)
writer.table("tokens").apply([(token.key.encode(), value)], next_offset=1, ready=True, now_s=1)
writer.close()
"""


def made_by_an_older_relay(directory: Path) -> None:
    """A cache that knows no other table than links."""
    environment = lmdb.open(str(directory), map_size=MAP_BYTES, max_dbs=2)
    links, follower = environment.open_db(b"links"), environment.open_db(b"follower")
    with environment.begin(write=True) as transaction:
        key, value = put(X)
        transaction.put(key, value, db=links)
        transaction.put(b"ready", b"1", db=follower)
    environment.close()
