"""The link cache's writing end: the relay's, one process."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from redirector.links.store import FOLLOWED_AT, FOLLOWER, LINKS, OFFSET, READY, open_environment


class LinkCacheWriter:
    """Changes links and the follower's place in the topic together: a crash never parts them."""

    def __init__(self, directory: Path) -> None:
        self._environment = open_environment(directory, readonly=False)
        self._links = self._environment.open_db(LINKS)
        self._follower = self._environment.open_db(FOLLOWER)

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Make or open the cache. Raises lmdb.Error."""
        directory.mkdir(parents=True, exist_ok=True)
        return cls(directory)

    def apply(
        self,
        changes: Iterable[tuple[bytes, bytes | None]],
        *,
        next_offset: int | None,
        ready: bool,
        now_s: float,
    ) -> None:
        """Put the links whose value is given (Link as JSON), delete those whose value is None.

        `next_offset` is the first offset of the topic that is not in the cache; None leaves it alone, while
        the cache is rebuilt. `ready` sets the mark, it never takes it away. Raises lmdb.Error, with nothing
        changed.
        """
        self._environment.reader_check()  # a reader killed inside `get` would keep its old pages for good
        with self._environment.begin(write=True) as transaction:
            for key, value in changes:
                if value is None:
                    transaction.delete(key, db=self._links)
                else:
                    transaction.put(key, value, db=self._links)
            if next_offset is not None:
                transaction.put(OFFSET, b"%d" % next_offset, db=self._follower)
                transaction.put(FOLLOWED_AT, b"%d" % now_s, db=self._follower)
            if ready:
                transaction.put(READY, b"1", db=self._follower)

    def retain(self, keys: set[bytes]) -> int:
        """Delete the links that are not among `keys`; returns how many."""
        with self._environment.begin(write=True) as transaction:
            stale = [key for key in transaction.cursor(db=self._links).iternext(values=False) if key not in keys]
            for key in stale:
                transaction.delete(key, db=self._links)
        return len(stale)

    def next_offset(self) -> int | None:
        """Where following goes on; None in a new cache."""
        return self._mark(OFFSET)

    def followed_at_s(self) -> int | None:
        """When the place in the topic was last moved, seconds since 1970."""
        return self._mark(FOLLOWED_AT)

    def ready(self) -> bool:
        """Whether the topic was once read to its end."""
        return self._mark(READY) is not None

    def close(self) -> None:
        """Let go of the cache. Safe to repeat."""
        self._environment.close()

    def _mark(self, name: bytes) -> int | None:
        with self._environment.begin(db=self._follower) as transaction:
            value = transaction.get(name)
            return None if value is None else int(value)
