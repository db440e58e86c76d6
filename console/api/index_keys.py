"""Links by their names: by a hash of each, in a large table that is changed rarely and a small one that is often.

Hashes come from anywhere: among ten million each falls on a page of its own, which is written for it. In the small
table many fall on a page, and so they do when they go to the large one, those of a stretch of hashes at once.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final

import msgspec

TABLES: Final = """
CREATE TABLE IF NOT EXISTS hashes (
    hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (hash, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS new_hashes (
    hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (hash, id)
) WITHOUT ROWID;
"""
_BOTH: Final = ("hashes", "new_hashes")
_NEW_MOST: Final = 524_288
_PARTS: Final = 16
"""Stretches of hashes: one takes as long as some thousand links."""
_ALL_HASHES: Final = 2**64
_QUERY: Final = " UNION ALL ".join(
    f"SELECT links.key, links.id, links.value FROM json_each(?1) AS asked CROSS JOIN {table}"  # noqa: S608 - our own names and question marks
    f" ON {table}.hash = asked.value CROSS JOIN links ON links.id = {table}.id"
    for table in _BOTH
)


def hash_of(key: str) -> int:
    """What a name is found by; names that share one are told apart by themselves."""
    return int.from_bytes(
        hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True
    )


def rows_of(connection: sqlite3.Connection, hashes: Mapping[str, int]) -> Iterator[tuple[str, int, bytes]]:
    """Name, number and record of those of the links that there are, by name and its hash.

    One statement for many costs a third of one for each.
    """
    asked = msgspec.json.encode(sorted(hashes.values())).decode()
    for key, number, value in connection.execute(_QUERY, (asked,)):
        if key in hashes:
            yield key, number, value


class Keys:
    """Where the writer names links; in its transactions alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: Final = connection
        self._new = 0
        self._part = 0
        self.read_again()

    def read_again(self) -> None:
        """After a transaction that was rolled back."""
        self._new = self._connection.execute("SELECT count(*) FROM new_hashes").fetchone()[0]

    def add(self, hashes: Sequence[tuple[int, int]]) -> None:
        """Let links be found by their names: the hash and the number of each."""
        self._connection.executemany("INSERT INTO new_hashes VALUES (?, ?)", sorted(hashes, key=itemgetter(0)))
        self._new += len(hashes)
        for _ in range(_PARTS):
            if self._new <= _NEW_MOST:
                break
            self._move_part()

    def _move_part(self) -> None:
        """Move the next stretch of hashes from the small table to the large one."""
        first = self._part * (_ALL_HASHES // _PARTS) - _ALL_HASHES // 2
        stretch = (first, first + _ALL_HASHES // _PARTS - 1)
        self._part = (self._part + 1) % _PARTS
        self._connection.execute(
            "INSERT INTO hashes SELECT hash, id FROM new_hashes WHERE hash BETWEEN ? AND ? ORDER BY hash, id",
            stretch,
        )
        moved = self._connection.execute("DELETE FROM new_hashes WHERE hash BETWEEN ? AND ?", stretch)
        self._new -= moved.rowcount

    def remove(self, hashes: Sequence[tuple[int, int]]) -> None:
        """These links are no more."""
        self._connection.executemany("DELETE FROM hashes WHERE hash = ? AND id = ?", hashes)
        gone = self._connection.executemany("DELETE FROM new_hashes WHERE hash = ? AND id = ?", hashes)
        self._new -= gone.rowcount

    def forget(self) -> None:
        """There are no links."""
        for table in _BOTH:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self._new = 0
