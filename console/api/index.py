"""The links and records of the topics, to be found by name, label and text: SQLite on this console's disk.

It follows from Kafka: where it is missing, broken, or too far behind it is read anew. One thread writes, any number
read; a reader sees whole transactions only. Each link has a number that grows with the order of their making, by
which pages go on. ADR 20 says why SQLite, and what was measured.
"""

import contextlib
import hashlib
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from console.api.named_records import names_on
from schemas.links import Link, NewerLinkError, read_link

LAYOUT: Final = 2
"""Another number: an index made by other code is read anew."""
LABELS: Final = ("domain", "account", "campaign", "post", "channel", "profile", "variant", "experiment")
"""The fields that a list is filtered by, and the tags."""
_WRITER_CACHE_KIB: Final = 65_536
_READER_CACHE_KIB: Final = 8_192
_NAMES_KEPT: Final = 100_000
_LABELS_KEPT: Final = 50_000
_TEXT_BUFFER_BYTES: Final = 16 * 1024 * 1024
"""Of the text index, in memory until a transaction ends: the usual 1 MB cuts one into segments to be merged."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS links (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, archived INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS labels (
    label INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (label, id)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5 (
    text, content = '', tokenize = 'trigram', detail = none, columnsize = 0
);
CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unrecorded (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class Place(NamedTuple):
    """How far a topic is followed, and when that was last moved (seconds since 1970)."""

    next_offset: int
    followed_at_s: int


Change = tuple[str, bytes | None]
"""A key with its record's value; None deletes it."""


class Index:
    """The open index. `write` and what changes it belong to one thread; everything else may be called from any."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path: Final = directory / "index.sqlite"
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._names_met: Final[set[tuple[str, ...]]] = set()
        self._writer = self._opened()
        self.identity: Final = self._name("identity")
        """Another one whenever the index was made anew: numbers of links mean nothing to another index."""
        self._next_id: int = self._writer.execute("SELECT ifnull(max(id), 0) + 1 FROM links").fetchone()[0]

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._prepared()
        except sqlite3.DatabaseError:
            self._remove()
            return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        connection = self._connected(_WRITER_CACHE_KIB)
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):
            connection.close()
            self._remove()
            connection = self._connected(_WRITER_CACHE_KIB)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)
        connection.execute("INSERT OR IGNORE INTO names VALUES ('identity', ?)", (uuid.uuid4().hex[:16],))
        connection.execute("INSERT INTO texts (texts, rank) VALUES ('hashsize', ?)", (_TEXT_BUFFER_BYTES,))
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
        return connection

    def _remove(self) -> None:
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _connected(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30.0)
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        connection.execute("PRAGMA synchronous = NORMAL")
        with self._lock:
            self._open.append(connection)
        return connection

    def reader(self) -> sqlite3.Connection:
        """This thread's own connection."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self._connected(_READER_CACHE_KIB)
            connection.execute("PRAGMA query_only = ON")
        return connection

    def close(self) -> None:
        """Let go of the file. No thread may be at work in it."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def _name(self, name: str) -> str:
        return str(self._writer.execute("SELECT value FROM names WHERE name = ?", (name,)).fetchone()[0])

    # what is read

    def place(self, topic: str) -> Place | None:
        """How far a topic is followed; None before the first time."""
        marks = dict(
            self.reader().execute("SELECT name, value FROM marks WHERE name IN (?, ?)", _marks_of(topic)).fetchall()
        )
        offset, at = _marks_of(topic)
        return Place(marks[offset], marks[at]) if offset in marks else None

    def link_value(self, key: str) -> bytes | None:
        """A link's record."""
        row = self.reader().execute("SELECT value FROM links WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def link(self, key: str) -> Link | None:
        """The link named `domain/slug`; None too where the record is no link. Raises NewerLinkError."""
        value = self.link_value(key)
        return None if value is None else link_of(value)

    def id_of(self, key: str) -> int | None:
        """The number of a link."""
        row = self.reader().execute("SELECT id FROM links WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def has_links(self, domain: str) -> bool:
        """Whether a domain has any link."""
        row = self.reader().execute(
            "SELECT 1 FROM links WHERE key >= ? AND key < ? LIMIT 1", (f"{domain}/", f"{domain}0")
        )
        return row.fetchone() is not None

    def record(self, key: str) -> bytes | None:
        """The value of a record of the topic `records`."""
        row = self.reader().execute("SELECT value FROM records WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def records(self, prefix: str, *, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Records whose keys begin with `prefix` and follow `after`, in order."""
        rows = self.reader().execute(
            "SELECT key, value FROM records WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
            (after, prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1), limit),
        )
        return [(key, bytes(value)) for key, value in rows]

    def unrecorded(self, limit: int) -> list[tuple[str, bytes]]:
        """Records that names on links call for and that there are not."""
        rows = self.reader().execute("SELECT key, value FROM unrecorded LIMIT ?", (limit,))
        return [(key, bytes(value)) for key, value in rows]

    def size_bytes(self) -> int:
        """How many bytes the index takes on disk."""
        return sum(
            path.stat().st_size
            for end in ("", "-wal")
            if (path := self._path.with_name(self._path.name + end)).exists()
        )

    def count(self) -> int:
        """About how many links there are: exact, but for those deleted since the index was made."""
        row = self.reader().execute("SELECT ifnull(max(id), 0) - ifnull(min(id), 1) + 1 FROM links").fetchone()
        return int(row[0])

    # what is changed

    def forget(self, topic: str) -> None:
        """Forget one topic, before it is read anew."""
        with self._transaction() as connection:
            if topic == "links":
                connection.execute("DELETE FROM links")
                connection.execute("DELETE FROM labels")
                connection.execute("DELETE FROM unrecorded")
                self._names_met.clear()
                connection.execute("INSERT INTO texts (texts) VALUES ('delete-all')")
            else:
                connection.execute("DELETE FROM records")
            connection.execute("DELETE FROM marks WHERE name IN (?, ?)", _marks_of(topic))

    def apply_links(self, changes: Iterable[Change], *, next_offset: int, now_s: float) -> None:
        """Changes of the topic `links` in their order, and how far it is followed then."""
        latest = dict(changes)
        with self._transaction() as connection:
            found = _Found()
            for key, value in latest.items():
                self._apply_link(connection, found, key, value)
            found.write(connection)
            _mark(connection, "links", next_offset, now_s)

    def apply_records(self, changes: Iterable[Change], *, next_offset: int, now_s: float) -> None:
        """The same for the topic `records`."""
        latest = dict(changes)
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM records WHERE key = ?", [(key,) for key, value in latest.items() if value is None]
            )
            connection.executemany(
                "INSERT OR REPLACE INTO records VALUES (?, ?)",
                [(key, value) for key, value in latest.items() if value is not None],
            )
            connection.executemany("DELETE FROM unrecorded WHERE key = ?", [(key,) for key in latest])
            _mark(connection, "records", next_offset, now_s)

    def _apply_link(self, connection: sqlite3.Connection, found: "_Found", key: str, value: bytes | None) -> None:
        row = connection.execute("SELECT id, value FROM links WHERE key = ?", (key,)).fetchone()
        if row is not None and value == row[1]:
            return
        number, before = (self._next_id, None) if row is None else (row[0], _indexed(row[1]))
        if value is None:
            if row is not None:
                connection.execute("DELETE FROM links WHERE id = ?", (number,))
                found.change(number, before, None)
            return
        after = _indexed(value)
        archived = after is not None and after.archived_at_ms is not None
        if row is None:
            self._next_id += 1
            connection.execute("INSERT INTO links VALUES (?, ?, ?, ?)", (number, key, archived, value))
        else:
            connection.execute("UPDATE links SET archived = ?, value = ? WHERE id = ?", (archived, value, number))
        found.change(number, before, after)
        if after is not None:
            self._note_names(connection, after)

    def _note_names(self, connection: sqlite3.Connection, link: Link) -> None:
        """Names that were met before, on millions of links perhaps, cost a look into a set."""
        names = (link.account, link.campaign, link.channel, link.post)
        if names in self._names_met:
            return
        if len(self._names_met) >= _NAMES_KEPT:
            self._names_met.clear()
        self._names_met.add(names)
        for named in names_on(link):
            if connection.execute("SELECT 1 FROM records WHERE key = ?", (named.key,)).fetchone() is None:
                value = msgspec.json.encode(named)
                connection.execute("INSERT OR IGNORE INTO unrecorded VALUES (?, ?)", (named.key, value))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            self._names_met.clear()
            self._next_id = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM links").fetchone()[0]
            raise
        connection.execute("COMMIT")


def link_of(value: bytes) -> Link | None:
    """The link that a record holds; None where it is no link, as on every host. Raises NewerLinkError."""
    try:
        return read_link(value)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def searched_text(link: Link) -> str:
    """What a search looks at, a line each."""
    return "\n".join(
        part
        for part in (
            link.slug,
            link.destination,
            *(url for _, url in link.said.destinations),
            link.title,
            *(getattr(link, name) for name in LABELS[1:]),
            *link.tags,
        )
        if part
    )


@lru_cache(_LABELS_KEPT)
def label(name: str, value: str) -> int:
    """The number under which links with a label are found; two labels share one in 2^63."""
    return int.from_bytes(hashlib.blake2b(f"{name}={value}".encode(), digest_size=8).digest(), signed=True)


ARCHIVED: Final = label("archived", "true")
"""Under which all archived links are found, few among many."""


def labels_of(link: Link) -> set[int]:
    """The numbers of a link's labels that are not empty and of its tags, and ARCHIVED where it was put away."""
    named = {label(name, value) for name in LABELS if (value := getattr(link, name))}
    if link.archived_at_ms is not None:
        named.add(ARCHIVED)
    return named | {label("tag", tag) for tag in link.tags}


def _indexed(value: bytes) -> Link | None:
    """A record's link as far as it can be found by more than its name."""
    try:
        return link_of(value)
    except NewerLinkError:
        return None


class _Found:
    """By what links are to be found and no longer: gathered, for one statement of each kind a transaction."""

    def __init__(self) -> None:
        self._labels: Final[list[tuple[int, int]]] = []
        self._old_labels: Final[list[tuple[int, int]]] = []
        self._texts: Final[list[tuple[int, str]]] = []
        self._old_texts: Final[list[tuple[int, str]]] = []

    def change(self, number: int, before: Link | None, after: Link | None) -> None:
        """A link was one thing and is another, None being nothing; each number once."""
        known = set() if before is None else labels_of(before)
        kept = set() if after is None else labels_of(after)
        self._labels.extend((one, number) for one in kept - known)
        self._old_labels.extend((one, number) for one in known - kept)
        old_text = None if before is None else searched_text(before)
        text = None if after is None else searched_text(after)
        if text != old_text:
            if old_text is not None:
                self._old_texts.append((number, old_text))
            if text is not None:
                self._texts.append((number, text))

    def write(self, connection: sqlite3.Connection) -> None:
        """What is no longer first: a text that changed is both."""
        connection.executemany("DELETE FROM labels WHERE label = ? AND id = ?", self._old_labels)
        # In the order of the table: its pages are then gone through once.
        connection.executemany("INSERT INTO labels VALUES (?, ?)", sorted(self._labels))
        # A contentless index has to be told what it is to forget.
        connection.executemany("INSERT INTO texts (texts, rowid, text) VALUES ('delete', ?, ?)", self._old_texts)
        connection.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", sorted(self._texts))


def _marks_of(topic: str) -> tuple[str, str]:
    return f"{topic}.next_offset", f"{topic}.followed_at_s"


def _mark(connection: sqlite3.Connection, topic: str, next_offset: int, now_s: float) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO marks VALUES (?, ?)",
        list(zip(_marks_of(topic), (next_offset, int(now_s)), strict=True)),
    )
