"""All links as the topic has them at one moment, in a file of their own for as long as they are needed.

Not in memory: there may be millions. Not from ClickHouse: its copy may be seconds, or an outage, behind.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

import lmdb
import msgspec

from console.compacted import follow_to_end
from console.settings import ConsoleSettings
from schemas.events import LINK_MAX_BYTES
from schemas.links import Link, NewerLinkError, read_link
from schemas.topics import LINKS

_MAP_BYTES: Final = 64 * 1024**3  # address space: no disk, no memory, just the upper limit


class LinkSnapshot:
    """Links by key. Close it."""

    def __init__(self, directory: Path) -> None:
        # Nothing in it must survive: written without waiting for the disk.
        self._environment: Any = lmdb.open(
            str(directory), map_size=_MAP_BYTES, sync=False, metasync=False, writemap=True, map_async=True
        )
        self._reading: Any = None

    @classmethod
    @asynccontextmanager
    async def taken(cls, settings: ConsoleSettings) -> AsyncIterator[Self]:
        """The topic up to where it ends now. Raises TransientError."""
        directory = Path(tempfile.mkdtemp(prefix="clicktally-links-"))
        try:
            snapshot = cls(directory)
            try:
                await follow_to_end(settings.kafka, LINKS, snapshot.take, within_s=settings.deadline_s)
                yield snapshot
            finally:
                snapshot.close()
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def take(self, records: Sequence[Any]) -> None:
        """Apply records of the topic, in their order."""
        with self._environment.begin(write=True) as transaction:
            for record in records:
                key = record.key
                if not key or len(key) > LINK_MAX_BYTES:
                    continue
                if record.value is None:
                    transaction.delete(key)
                else:
                    transaction.put(key, record.value)

    def get(self, key: str) -> Link | None:
        """The link named `key`. Raises NewerLinkError."""
        value = self._read().get(key.encode())
        return None if value is None else _link(value)

    def has(self, key: str) -> bool:
        """Whether there is a link of this name, in whatever form."""
        return self._read().get(key.encode()) is not None

    def domains(self) -> Iterator[str]:
        """Every domain that has a link; jumps from one to the next."""
        cursor = self._read().cursor()
        there = cursor.first()
        while there:
            domain = cursor.key().partition(b"/")[0]
            yield domain.decode(errors="replace")
            there = cursor.set_range(domain + b"0")  # the character after the slash

    def links(self, domain: str = "") -> Iterator[Link]:
        """Links of one domain or of all, in the order of their keys; what this release cannot read is left out."""
        cursor = self._read().cursor()
        start = f"{domain}/".encode() if domain else b""
        there = cursor.set_range(start) if start else cursor.first()
        while there and cursor.key().startswith(start):
            try:
                link = _link(cursor.value())
            except NewerLinkError:
                link = None
            if link is not None:
                yield link
            there = cursor.next()

    def close(self) -> None:
        """Let go of the links. Safe to repeat."""
        if self._reading is not None:
            self._reading.abort()
            self._reading = None
        self._environment.close()

    def _read(self) -> Any:
        if self._reading is None:
            self._reading = self._environment.begin()
        return self._reading


def _link(value: bytes) -> Link | None:
    """None for what is no link, as on every host."""
    try:
        return read_link(value)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
