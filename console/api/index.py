"""The links and records of the topics, to be found by name, label and text: SQLite on this console's disk.

It follows from Kafka: where it is missing, broken, or too far behind it is read anew. One thread writes, any number
read; a reader sees whole transactions only. Each link has a number that grows with the order of their making, by
which pages go on. ADR 20 says why SQLite, and what was measured.
"""

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from console.api.index_terms import TermChanges
from console.api.named_records import names_on
from schemas.links import Link, NewerLinkError, read_link

LAYOUT: Final = 2
"""Another number: an index made by other code is read anew."""
_WRITER_CACHE_KIB: Final = 65_536
_READER_CACHE_KIB: Final = 8_192
_NAMES_KEPT: Final = 100_000
_TEXT_BUFFER_BYTES: Final = 32 * 1024 * 1024
"""Of the text index, in memory until a transaction ends: the usual 1 MB cuts one into segments to be merged."""
_LOG_PAGES: Final = 4_096
"""Of the log, 16 MiB, before a commit moves them into their places: most are written several times until then."""
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
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_PAGES * 4096}")
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

    def link_values(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The records of those of the links that there are."""
        return {key: bytes(value) for key, _, value in _rows_of(self.reader(), keys)}

    def link(self, key: str) -> Link | None:
        """The link named `domain/slug`; None too where the record is no link. Raises NewerLinkError."""
        value = self.link_value(key)
        return None if value is None else link_of(value)

    def readable(self, key: str) -> Link | None:
        """The same; None too for a form that only newer releases read."""
        value = self.link_value(key)
        return None if value is None else _indexed(value)

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
            self._apply_latest(connection, latest)
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

    def _apply_latest(self, connection: sqlite3.Connection, latest: dict[str, bytes | None]) -> None:
        known = {key: (number, value) for key, number, value in _rows_of(connection, list(latest))}
        terms = TermChanges()
        new: list[tuple[int, str, bool, bytes]] = []
        changed: list[tuple[bool, bytes, int]] = []
        gone: list[tuple[int]] = []
        for key, value in latest.items():
            number, value_before = known.get(key, (0, None))
            if value == value_before:
                continue
            before = None if value_before is None else _indexed(value_before)
            after = None if value is None else _indexed(value)
            archived = after is not None and after.archived_at_ms is not None
            if value is None:
                gone.append((number,))
            elif value_before is not None:
                changed.append((archived, value, number))
            else:
                number = self._next_id
                self._next_id += 1
                new.append((number, key, archived, value))
            terms.change(number, before, after)
            if after is not None:
                self._note_names(connection, after)
        connection.executemany("DELETE FROM links WHERE id = ?", gone)
        connection.executemany("UPDATE links SET archived = ?, value = ? WHERE id = ?", changed)
        connection.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", new)
        terms.write(connection)

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


def _indexed(value: bytes) -> Link | None:
    """A record's link as far as this release can read it."""
    try:
        return link_of(value)
    except NewerLinkError:
        return None


def _rows_of(connection: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, int, bytes]]:
    """Key, number and record of those of the links that there are; in one statement, at a third of the cost."""
    plain = [key for key in keys if "\0" not in key]
    query = "SELECT key, id, value FROM links WHERE key IN (SELECT value FROM json_each(?))"
    yield from connection.execute(query, (msgspec.json.encode(plain).decode(),))
    if len(plain) < len(keys):  # a text in JSON ends at its first zero
        for key in keys:
            if "\0" in key:
                yield from connection.execute("SELECT key, id, value FROM links WHERE key = ?", (key,))


def _marks_of(topic: str) -> tuple[str, str]:
    return f"{topic}.next_offset", f"{topic}.followed_at_s"


def _mark(connection: sqlite3.Connection, topic: str, next_offset: int, now_s: float) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO marks VALUES (?, ?)",
        list(zip(_marks_of(topic), (next_offset, int(now_s)), strict=True)),
    )
