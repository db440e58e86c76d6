"""What this console wrote and its index does not have yet: the next changes are decided on the index and on this.

Transactions are committed one after the other; the index takes as many as there are at once, and each write costs
it less then.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from console.api.changes import Write
from schemas.topics import LINKS


class Unfollowed:
    """Writes of this session, each until the index has it. One thread changes it, any may read it."""

    def __init__(self) -> None:
        self._links: Final[dict[str, Write]] = {}
        self._records: Final[dict[str, Write]] = {}
        self._domains: Final[dict[object, frozenset[str]]] = {}
        """By transaction, those that got a link."""
        self.count = 0
        """How many writes."""

    def add(self, transaction: object, writes: Sequence[Write]) -> None:
        """Take note of a transaction that was committed."""
        links = [write for write in writes if write.topic == LINKS]
        made = (write.key for write in links if write.value is not None)
        self._domains[transaction] = frozenset(key.partition("/")[0] for key in made)
        self._links.update((write.key, write) for write in links)
        if len(links) < len(writes):
            self._records.update((write.key, write) for write in writes if write.topic != LINKS)
        self.count += len(writes)

    def drop(self, transaction: object, writes: Sequence[Write]) -> None:
        """The index has this transaction now."""
        for write in writes:
            kept = self._links if write.topic == LINKS else self._records
            if kept.get(write.key) is write:  # no later one's
                del kept[write.key]
        del self._domains[transaction]
        self.count -= len(writes)

    def recorded(self) -> frozenset[str]:
        """The records of other kinds that were written."""
        return frozenset(self._records)

    def links(self, keys: Iterable[str]) -> dict[str, bytes | None]:
        """Those of the links that were written: their values, None where they were deleted."""
        if not self._links:
            return {}
        written = ((key, self._links.get(key)) for key in keys)
        return {key: write.value for key, write in written if write is not None}

    def link(self, key: str) -> Write | None:
        """What was written last of a link."""
        return self._links.get(key)

    def record(self, key: str) -> Write | None:
        """What was written last of a record of another kind."""
        return self._records.get(key)

    def has_links(self, domain: str) -> bool:
        """Whether a domain got a link."""
        return any(domain in made for made in tuple(self._domains.values()))
