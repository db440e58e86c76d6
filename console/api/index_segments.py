"""By which terms links are found: a segment of numbers after the other, and the fresh ones beside them.

What is new of a link lies as a text among the fresh ones first, which a search looks through one by one. Where many
are fresh, those of a segment become postings of it by one statement: an entry costs a tenth of what it would alone.
Postings only grow: what a link is no longer found by goes on to lead to it, and whoever looks decides by the link.
"""

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Final

import msgspec
import numpy as np

from console.api.index_postings import (
    SEGMENT,
    Places,
    Posting,
    common,
    packed,
    postings_of_labels,
    postings_of_texts,
    with_places,
)
from console.api.index_terms import Entry

TABLES: Final = """
CREATE TABLE IF NOT EXISTS segments (base INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS terms (
    segment INTEGER NOT NULL, term INTEGER NOT NULL, places BLOB NOT NULL, PRIMARY KEY (segment, term)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fresh (
    id INTEGER PRIMARY KEY, text TEXT NOT NULL, labels BLOB NOT NULL, added TEXT, added_labels BLOB
);
"""
_FRESH_MOST: Final = 32_768
"""Looking through so many takes a search some 10 ms."""
_AT_ONCE: Final = 8_192
"""So many entries of a segment in one transaction become postings at once."""
_KNOWN_BY_NAME: Final = 2_000
"""Terms that are looked up one by one; beyond, a segment's are all gone through."""
_KEEP: Final = """
INSERT INTO fresh VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    text = excluded.text,
    labels = excluded.labels,
    added = added || char(10) || excluded.added,
    added_labels = CAST(added_labels || excluded.added_labels AS BLOB)
"""
"""NULL with anything stays NULL: all of it is new."""


_News = tuple[bytes, tuple[int, ...]]
"""What a link was not found by before: a text's lines, and labels."""


class Segments:
    """Where the writer adds entries; in its transactions alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: Final = connection
        self._bases: list[int] = []
        self._fresh = 0
        self.read_again()

    def read_again(self) -> None:
        """After a transaction that was rolled back, or a topic that was forgotten."""
        self._bases = [base for (base,) in self._connection.execute("SELECT base FROM segments ORDER BY base")]
        self._fresh = self._connection.execute("SELECT count(*) FROM fresh").fetchone()[0]

    def add(self, entries: Sequence[Entry]) -> None:
        """Let links be found by these."""
        for base, some in self._by_segment(entries) if len(entries) >= _AT_ONCE else ((0, entries),):
            if len(some) >= _AT_ONCE:
                self._settle(base, some)
            else:
                self._connection.executemany(_KEEP, map(_row, some))
                self._fresh += len(some)
        while self._fresh > _FRESH_MOST:
            self._settle_fullest()

    def remove(self, numbers: Sequence[int]) -> None:
        """These links are no more, in their table either. A segment goes with the last of its links."""
        self._connection.executemany("DELETE FROM fresh WHERE id = ?", ((number,) for number in numbers))
        for base in {self._bases[place - 1] for number in numbers if (place := bisect_right(self._bases, number))}:
            left = self._connection.execute(
                "SELECT 1 FROM links WHERE id >= ? AND id < ? LIMIT 1", (base, self._end_of(base))
            ).fetchone()
            if left is None:
                self._connection.execute("DELETE FROM terms WHERE segment = ?", (base,))
                self._connection.execute("DELETE FROM segments WHERE base = ?", (base,))
                self._bases.remove(base)

    def forget(self) -> None:
        """Nothing is found any more."""
        for table in ("segments", "terms", "fresh"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self.read_again()

    def _by_segment(self, entries: Sequence[Entry]) -> Iterator[tuple[int, Sequence[Entry]]]:
        """Entries by where the segment begins that they belong to."""
        in_order = sorted(entries, key=itemgetter(0))
        for base, start, end in self._stretches([entry.number for entry in in_order]):
            yield base, in_order[start:end]

    def _stretches(self, numbers: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Where a segment begins, and from where to where numbers are its own, which ascend.

        Those that are no segment's begin new ones.
        """
        start = 0
        while start < len(numbers):
            number = numbers[start]
            place = bisect_right(self._bases, number)
            base = self._bases[place - 1] if place else number
            if number - base >= SEGMENT:
                base = number
            end = bisect_left(numbers, self._end_of(base), start)
            yield base, start, end
            start = end

    def _end_of(self, base: int) -> int:
        """Up to where numbers belong to the segment that begins there, or would."""
        place = bisect_right(self._bases, base)
        return min([base + SEGMENT, *self._bases[place : place + 1]])

    def _settle_fullest(self) -> None:
        """Make postings of the fresh entries of the segment that has most of them."""
        numbers = [number for (number,) in self._connection.execute("SELECT id FROM fresh ORDER BY id")]
        self._fresh = len(numbers)
        stretches = list(self._stretches(numbers))
        if stretches:
            base, _, _ = max(stretches, key=lambda stretch: stretch[2] - stretch[1])
            self._settle(base, ())

    def _settle(self, base: int, entries: Sequence[Entry]) -> None:
        """Make postings of a segment's fresh entries and of these."""
        known = base in self._bases
        if not known:
            self._bases.insert(bisect_right(self._bases, base), base)
            self._connection.execute("INSERT INTO segments VALUES (?)", (base,))
        end = self._end_of(base)
        news = self._fresh_of(base, end)
        self._fresh -= len(news)
        self._connection.execute("DELETE FROM fresh WHERE id >= ? AND id < ?", (base, end))
        for entry in entries:
            added = _added(entry)
            before = news.get(entry.number)
            news[entry.number] = added if before is None else _both(before, added)
        numbers = sorted(news)
        places: Places = (np.array(numbers, np.int64) - base).astype(np.uint16)
        found_by = [news[number] for number in numbers]
        for postings in (
            postings_of_texts(places, [text for text, _ in found_by]),
            postings_of_labels(places, [labels for _, labels in found_by]),
        ):
            self._write(base, postings, known=known)

    def _fresh_of(self, base: int, end: int) -> dict[int, _News]:
        rows = self._connection.execute(
            "SELECT id, ifnull(added, text), ifnull(added_labels, labels) FROM fresh WHERE id >= ? AND id < ?",
            (base, end),
        )
        return {number: (text.encode(), _read_labels(labels)) for number, text, labels in rows}

    def _write(self, base: int, postings: Iterable[Posting], *, known: bool) -> None:
        if not known:
            rows = ((base, term, packed(places)) for term, places in postings)
            self._connection.executemany("INSERT INTO terms VALUES (?, ?, ?)", rows)
            return
        listed = list(postings)
        before = self._known(base, [term for term, _ in listed])
        rows = (
            (base, term, with_places(before[term], places) if term in before else packed(places))
            for term, places in listed
        )
        self._connection.executemany("INSERT OR REPLACE INTO terms VALUES (?, ?, ?)", rows)

    def _known(self, base: int, terms: list[int]) -> dict[int, bytes]:
        if len(terms) <= _KNOWN_BY_NAME:
            rows = self._connection.execute(
                "SELECT term, places FROM terms WHERE segment = ? AND term IN (SELECT value FROM json_each(?))",
                (base, msgspec.json.encode(terms).decode()),
            )
            return dict(rows.fetchall())
        wanted = frozenset(terms)
        rows = self._connection.execute(
            "SELECT term, places FROM terms WHERE segment = ? AND term >= ? AND term <= ?",
            (base, min(terms), max(terms)),
        )
        return {term: places for term, places in rows if term in wanted}


def candidates(
    connection: sqlite3.Connection, terms: Sequence[int], labels: Sequence[int], text: str, *, end: int
) -> Iterator[tuple[int, list[int]]]:
    """Stretches of numbers below `end` from the latest on: where each begins, and which links in it may fit.

    `terms` are the labels and the buckets of `text`, of which there is one. The links come latest first.
    """
    bases = [base for (base,) in connection.execute("SELECT base FROM segments WHERE base < ?", (end,))]
    fresh = _fresh_that_fit(connection, labels, text, end=end)
    query = f"SELECT places FROM terms WHERE segment = ? AND term IN ({', '.join('?' * len(terms))})"  # noqa: S608 - our own names and question marks
    for base in sorted({0, *bases}, reverse=True):
        contents = [places for (places,) in connection.execute(query, (base, *terms))]
        numbers: set[int] = set()
        if len(contents) == len(terms):
            numbers.update((common(contents).astype(np.int64) + base).tolist())
        while fresh and fresh[-1] >= base:
            numbers.add(fresh.pop())
        yield base, sorted((number for number in numbers if number < end), reverse=True)


def _fresh_that_fit(connection: sqlite3.Connection, labels: Sequence[int], text: str, *, end: int) -> list[int]:
    conditions = " AND instr(labels, ?)" * len(labels) + " AND instr(text, ?)" * bool(text)
    rows = connection.execute(
        f"SELECT id FROM fresh WHERE id < ?{conditions} ORDER BY id",  # noqa: S608 - question marks alone
        (end, *(_written((one,)) for one in labels), *([text] if text else [])),
    )
    return [number for (number,) in rows]


def _added(entry: Entry) -> _News:
    text = entry.text if entry.added is None else entry.added
    return text.encode(), entry.labels if entry.added_labels is None else entry.added_labels


def _both(one: _News, other: _News) -> _News:
    return b"\n".join((one[0], other[0])), (*one[1], *other[1])


def _row(entry: Entry) -> tuple[int, str, bytes, str | None, bytes | None]:
    added_labels = None if entry.added_labels is None else _written(entry.added_labels)
    return entry.number, entry.text, _written(entry.labels), entry.added, added_labels


def _written(labels: tuple[int, ...]) -> bytes:
    """Eight bytes each."""
    return array("q", labels).tobytes()


def _read_labels(content: bytes) -> tuple[int, ...]:
    return tuple(array("q", content))
