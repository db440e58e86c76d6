"""The cache's writing end: the relay's, one process."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Self

from redirector.cache.store import MARKS_TABLE, TABLES, Marks, TableName, marks_of, open_environment

Change = tuple[bytes, bytes | None]
"""A key with its record as JSON; None deletes it."""


class Swept(NamedTuple):
    """How many records one step of `retain` deleted, and the key it looked at last; None when it saw all."""

    deleted: int
    last: bytes | None


class CacheWriter:
    """All tables of a host's cache, opened for writing."""

    def __init__(self, directory: Path) -> None:
        self._environment = open_environment(directory, readonly=False)
        self._marks = self._environment.open_db(MARKS_TABLE)
        self._tables = {name: self._environment.open_db(name.encode()) for name in TABLES}

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Make or open the cache. Raises lmdb.Error and OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        return cls(directory)

    def table(self, name: TableName) -> "TableWriter":
        """One table with its marks."""
        return TableWriter(self._environment, self._tables[name], self._marks, marks_of(name))

    def close(self) -> None:
        """Let go of the cache. Safe to repeat. No thread may be at work in it: LMDB would wait for ever."""
        self._environment.close()


class TableWriter:
    """Changes records and the follower's place in the topic together: a crash never parts them."""

    def __init__(self, environment: Any, table: Any, marks_table: Any, marks: Marks) -> None:
        self._environment = environment
        self._table = table
        self._marks_table = marks_table
        self._marks = marks

    def apply(self, changes: Iterable[Change], *, next_offset: int | None, ready: bool, now_s: float) -> None:
        """Put the records whose value is given, delete those whose value is None.

        `next_offset` is the first offset of the topic that is not in the table; None leaves it alone, while
        the table is rebuilt. `ready` sets the mark, it never takes it away. Raises lmdb.Error, with nothing
        changed.
        """
        self._environment.reader_check()  # a reader killed inside `get` would keep its old pages for good
        with self._environment.begin(write=True) as transaction:
            for key, value in changes:
                if value is None:
                    transaction.delete(key, db=self._table)
                else:
                    transaction.put(key, value, db=self._table)
            if next_offset is not None:
                transaction.put(self._marks.offset, b"%d" % next_offset, db=self._marks_table)
                transaction.put(self._marks.followed_at, b"%d" % now_s, db=self._marks_table)
            if ready:
                transaction.put(self._marks.ready, b"1", db=self._marks_table)

    def retain(self, keys: set[bytes], *, after: bytes, at_most: int) -> Swept:
        """One step of deleting what is not among `keys`: looks at the next `at_most` keys that follow `after`.

        In steps, so that no other table waits long for its turn to write. Raises lmdb.Error.
        """
        with self._environment.begin(write=True) as transaction:
            cursor = transaction.cursor(db=self._table)
            on_record = cursor.set_range(after + b"\0") if after else cursor.first()
            seen, stale = 0, []
            last = None
            while on_record and seen < at_most:
                last = cursor.key()
                seen += 1
                if last not in keys:
                    stale.append(last)
                on_record = cursor.next()
            for key in stale:
                transaction.delete(key, db=self._table)
        return Swept(len(stale), last if on_record else None)

    def next_offset(self) -> int | None:
        """Where following goes on; None in a new table."""
        return self._mark(self._marks.offset)

    def followed_at_s(self) -> int | None:
        """When the place in the topic was last moved, seconds since 1970."""
        return self._mark(self._marks.followed_at)

    def ready(self) -> bool:
        """Whether the topic was once read to its end."""
        return self._mark(self._marks.ready) is not None

    def _mark(self, name: bytes) -> int | None:
        with self._environment.begin(db=self._marks_table) as transaction:
            value = transaction.get(name)
            return None if value is None else int(value)
