"""The link cache's reading end: any number of processes, no lock between them and the relay."""

import time
from pathlib import Path
from typing import Any, Final, Self

import lmdb
import msgspec

from redirector.links.store import FOLLOWER, LINKS, READY, open_environment
from schemas.links import Link

_REOPEN_S: Final = 0.5


class LinkCache:
    """The links as the relay last saw them. Empty and not ready until the relay has made the cache.

    A process opens it once: LMDB refuses a second reader, or a writer, of the same directory in one process.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._environment: Any = None
        self._links: Any = None
        self._follower: Any = None
        self._tried_at = -_REOPEN_S
        self._decode = msgspec.json.Decoder(Link).decode

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The cache in `directory`, which need not exist yet."""
        cache = cls(directory)
        cache._is_open()
        return cache

    def get(self, key: str) -> Link | None:
        """The link of `domain/slug`, None when there is none."""
        if not key or not self._is_open():
            return None
        try:
            with self._environment.begin(db=self._links, buffers=True) as transaction:
                value = transaction.get(key.encode())
                return None if value is None else self._decode(value)
        except (lmdb.BadValsizeError, UnicodeEncodeError):
            return None  # longer than any link's key can be, or no text at all

    def version(self) -> int:
        """A number that changes whenever a link did; 0 until there is a cache. About a microsecond."""
        return int(self._environment.info()["last_txnid"]) if self._is_open() else 0

    def ready(self) -> bool:
        """Whether the relay has once read the `links` topic to its end."""
        if not self._is_open():
            return False
        with self._environment.begin(db=self._follower) as transaction:
            return transaction.get(READY) is not None

    def close(self) -> None:
        """Let go of the cache. Safe to repeat; the next call of another method opens it again."""
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def _is_open(self) -> bool:
        if self._environment is not None:
            return True
        now = time.monotonic()
        if now - self._tried_at < _REOPEN_S:
            return False
        self._tried_at = now
        try:
            environment = open_environment(self._directory, readonly=True)
        except lmdb.Error:
            return False
        try:
            self._links = environment.open_db(LINKS, create=False)
            self._follower = environment.open_db(FOLLOWER, create=False)
        except lmdb.Error:
            environment.close()
            return False
        self._environment = environment
        return True
