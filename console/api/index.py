"""The links and records of the topics, to be found by name, label and text: SQLite on this console's disk.

It follows from Kafka: where it is missing, broken, or too far behind it is read anew. One thread writes, any number
read; a reader sees whole transactions only. Each link has a number that grows with the order of their making, by
which pages go on. `index_keys.py` finds links by name, `index_segments.py` by label and text. ADR 20 says why
SQLite, and what was measured.
"""

import contextlib
import sqlite3
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from console.api import index_keys, index_segments
from console.api.index_keys import Keys, hash_of, rows_of
from console.api.index_segments import Segments
from console.api.index_terms import Entry, entry_of
from console.api.named_records import names_on
from schemas.links import Link, NewerLinkError, read_link

LAYOUT: Final = 4
"""Another number: an index made by other code is read anew."""
_WRITER_CACHE_KIB: Final = 65_536
_READER_CACHE_KIB: Final = 8_192
_NAMES_KEPT: Final = 100_000
_LOG_PAGES: Final = 4_096
"""Of the log, 16 MiB, before a commit moves them into their places: most are written several times until then."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS links (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, archived INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS domains (domain TEXT PRIMARY KEY, links INTEGER NOT NULL) WITHOUT ROWID;
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

    def __init__(self, directory: Path, *, damaged: bool = False) -> None:
        """`damaged`: whatever is there is made anew."""
        directory.mkdir(parents=True, exist_ok=True)
        self._path: Final = directory / "index.sqlite"
        self.made_anew = ""
        """Why what was there is not used: `damaged`, or of another `layout`; empty: it is, or there was nothing."""
        if damaged:
            self._remove("damaged")
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._names_met: Final[set[tuple[str, ...]]] = set()
        self._writer = self._opened()
        self._keys: Final = Keys(self._writer)
        self._segments: Final = Segments(self._writer)
        self._next_id: int = self._writer.execute("SELECT ifnull(max(id), 0) + 1 FROM links").fetchone()[0]

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._prepared()
        except sqlite3.OperationalError:
            raise  # it is locked, or the disk is full: no reason to read all topics anew
        except sqlite3.DatabaseError:
            self._remove("damaged")
            return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        connection = self._connected(_WRITER_CACHE_KIB)
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):
            connection.close()
            self._remove("layout")
            connection = self._connected(_WRITER_CACHE_KIB)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES + index_keys.TABLES + index_segments.TABLES)
        connection.execute("INSERT OR IGNORE INTO names VALUES ('identity', ?)", (_new_identity(),))
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
        return connection

    def _remove(self, why: str) -> None:
        self.made_anew = why
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

    # what is read

    def identity(self) -> str:
        """Another one whenever the links are read anew: their numbers mean nothing to another index."""
        return str(self.reader().execute("SELECT value FROM names WHERE name = 'identity'").fetchone()[0])

    def place(self, topic: str) -> Place | None:
        """How far a topic is followed; None before the first time."""
        marks = dict(
            self.reader().execute("SELECT name, value FROM marks WHERE name IN (?, ?)", _marks_of(topic)).fetchall()
        )
        offset, at = _marks_of(topic)
        return Place(marks[offset], marks[at]) if offset in marks else None

    def link_value(self, key: str) -> bytes | None:
        """A link's record."""
        return self.link_values((key,)).get(key)

    def link_values(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The records of those of the links that there are."""
        hashes = {key: hash_of(key) for key in keys}
        return {key: value for key, _, value in rows_of(self.reader(), hashes)}

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
        return next((number for _, number, _ in rows_of(self.reader(), {key: hash_of(key)})), None)

    def has_links(self, domain: str) -> bool:
        """Whether a domain has any link."""
        row = self.reader().execute("SELECT 1 FROM domains WHERE domain = ? AND links > 0", (domain,))
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
        # By two queries: one with both would go through all links.
        first, last = (
            self.reader().execute("SELECT (SELECT min(id) FROM links), (SELECT max(id) FROM links)").fetchone()
        )
        return 0 if last is None else int(last - first + 1)

    # what is changed

    def forget(self, topic: str) -> None:
        """Forget one topic, before it is read anew."""
        with self._transaction() as connection:
            if topic == "links":
                for table in ("links", "domains", "unrecorded"):
                    connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
                self._keys.forget()
                self._segments.forget()
                self._names_met.clear()
                connection.execute("UPDATE names SET value = ? WHERE name = 'identity'", (_new_identity(),))
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
        hashes = {key: hash_of(key) for key in latest}
        known = {key: (number, value) for key, number, value in rows_of(connection, hashes)}
        entries: list[Entry] = []
        new: list[tuple[int, str, bool, bytes]] = []
        changed: list[tuple[bool, bytes, int]] = []
        gone: dict[str, int] = {}
        for key, value in latest.items():
            number, value_before = known.get(key, (0, None))
            if value == value_before:
                continue
            if value is None:
                gone[key] = number
                continue
            before = None if value_before is None else _indexed(value_before)
            after = _indexed(value)
            archived = after is not None and after.archived_at_ms is not None
            if value_before is not None:
                changed.append((archived, value, number))
            else:
                number = self._next_id
                self._next_id += 1
                new.append((number, key, archived, value))
            if after is not None:
                self._note_names(connection, after)
                entry = entry_of(number, before, after)
                if entry is not None:
                    entries.append(entry)
        connection.executemany("DELETE FROM links WHERE id = ?", ((number,) for number in gone.values()))
        connection.executemany("UPDATE links SET archived = ?, value = ? WHERE id = ?", changed)
        connection.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", new)
        self._keys.remove([(hashes[key], number) for key, number in gone.items()])
        self._keys.add([(hashes[key], number) for number, key, _, _ in new])
        self._segments.remove([*gone.values()])
        self._segments.add(entries)
        domains = Counter(key.partition("/")[0] for _, key, _, _ in new)
        domains.subtract(key.partition("/")[0] for key in gone)
        connection.executemany(
            "INSERT INTO domains VALUES (?, ?) ON CONFLICT (domain) DO UPDATE SET links = links + excluded.links",
            list(domains.items()),
        )

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
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite takes some back by itself, as where the disk is full
                connection.execute("ROLLBACK")
            self._names_met.clear()
            self._next_id = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM links").fetchone()[0]
            self._keys.read_again()
            self._segments.read_again()
            raise


def _new_identity() -> str:
    return uuid.uuid4().hex[:16]


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


def _marks_of(topic: str) -> tuple[str, str]:
    return f"{topic}.next_offset", f"{topic}.followed_at_s"


def _mark(connection: sqlite3.Connection, topic: str, next_offset: int, now_s: float) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO marks VALUES (?, ?)",
        list(zip(_marks_of(topic), (next_offset, int(now_s)), strict=True)),
    )
