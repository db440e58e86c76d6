"""The cache's reading end: any number of processes, no lock between them and the relay."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

import lmdb
import msgspec

from redirector.cache.store import MARKS_TABLE, TableName, marks_of, open_environment
from schemas.links import read_link
from schemas.tokens import Token

_REOPEN_S: Final = 0.5

T = TypeVar("T")


class HostCache:
    """The cache as the relay last left it. Empty, and no table ready, until the relay has made it.

    A process opens it once: LMDB refuses a second reader, or a writer, of the same directory in one process.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._environment: Any = None
        self._tables: dict[bytes, Any] = {}
        self._tried_at: dict[bytes, float] = {}
        self.links: Final = CachedTable(self, "links", read_link)
        self.tokens: Final = CachedTable(self, "tokens", msgspec.json.Decoder(Token).decode)

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The cache in `directory`, which need not exist yet."""
        cache = cls(directory)
        cache._is_open()
        return cache

    def read(self, table: bytes, key: bytes, decode: Callable[[Any], T]) -> T | None:
        """The decoded record of `key`; None when there is none, or no such table yet."""
        handle = self._table(table)
        if handle is None:
            return None
        with self._environment.begin(db=handle, buffers=True) as transaction:
            value = transaction.get(key)
            return None if value is None else decode(value)

    def has_prefix(self, table: bytes, prefix: bytes) -> bool:
        """Whether any record's key begins so; not where there is no such table yet."""
        handle = self._table(table)
        if handle is None:
            return False
        with self._environment.begin(db=handle) as transaction:
            cursor = transaction.cursor()
            return bool(cursor.set_range(prefix)) and bool(cursor.key().startswith(prefix))

    def version(self) -> int:
        """A number that changes whenever any record did; 0 until there is a cache. About a microsecond.

        What is read after it is as new, or newer. `info()` names a commit as soon as it is in shared memory, and
        no reader is given that before it is on the disk; so this is the snapshot that a reader is given.
        """
        if not self._is_open():
            return 0
        with self._environment.begin() as transaction:
            return int(transaction.id())

    def close(self) -> None:
        """Let go of the cache. Safe to repeat; the next call of another method opens it again."""
        if self._environment is not None:
            self._environment.close()
            self._environment = None
            self._tables.clear()

    def _is_open(self) -> bool:
        if self._environment is not None:
            return True
        if not self._is_time(b""):
            return False
        try:
            self._environment = open_environment(self._directory, readonly=True)
        except lmdb.Error:
            return False
        return True

    def _table(self, name: bytes) -> Any:
        handle = self._tables.get(name)
        if handle is None and self._is_open() and self._is_time(name):
            try:
                handle = self._tables[name] = self._environment.open_db(name, create=False)
            except lmdb.Error:
                return None
        return handle

    def _is_time(self, name: bytes) -> bool:
        """Whether to look again for what was not there."""
        now = time.monotonic()
        if now - self._tried_at.get(name, -_REOPEN_S) < _REOPEN_S:
            return False
        self._tried_at[name] = now
        return True


class CachedTable(Generic[T]):
    """The records of one followed topic."""

    def __init__(self, cache: HostCache, name: TableName, decode: Callable[[Any], T]) -> None:
        self._cache: Final = cache
        self._name: Final = name.encode()
        self._ready: Final = marks_of(name).ready
        self._decode: Final = decode
        self.version: Final = cache.version

    def get(self, key: str) -> T | None:
        """The record of `key`, None when there is none.

        Raises what its decoder raises: NewerLinkError for a link of a newer release, msgspec.DecodeError.
        """
        if not key:
            return None
        try:
            return self._cache.read(self._name, key.encode(), self._decode)
        except (lmdb.BadValsizeError, UnicodeEncodeError):
            return None  # longer than any key can be, or no text at all

    def has_domain(self, domain: str) -> bool:
        """Whether any record is of this domain, their keys being `domain/…`."""
        try:
            return self._cache.has_prefix(self._name, f"{domain}/".encode())
        except (lmdb.BadValsizeError, UnicodeEncodeError):
            return False

    def ready(self) -> bool:
        """Whether the relay has once read the topic to its end."""
        return self._cache.read(MARKS_TABLE, self._ready, bytes) is not None
