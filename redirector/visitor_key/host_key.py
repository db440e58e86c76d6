"""The host's key in its file: read, made, turned to the next day and replaced, by any process of the host."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from redirector.visitor_key.day_key import DayKey, decode, encode

KEY_NAME: Final = "visitor-key"
LOCK_NAME: Final = "visitor-key.lock"
_FORMER_SECRET: Final = "visitor-secret"  # noqa: S105 - a file of earlier releases, from which every past key follows
_DRAFT_NAME: Final = "visitor-key.draft"
_log: Final = logging.getLogger(__name__)

Seen = tuple[int, int]
"""By which a file is told from the one before it: its inode and when it was written."""


class HostKey:
    """`directory` belongs to one host, and is on a disk that survives a crash of the process.

    The file holds one key, never an earlier one: it is written beside, synced, and put in the old one's place. A
    lock has two processes that turn it at midnight, or one that turns it while another replaces it, come one after
    the other. What a disk keeps of a file that was replaced is the disk's.
    """

    def __init__(self, directory: Path) -> None:
        self._directory: Final = directory
        self._path: Final = directory / KEY_NAME
        self._seen: Seen | None = None
        self._key: DayKey | None = None

    def of(self, day: int) -> DayKey:
        """The host's key of that day: of a later one where the file has none so old. Made if there is none yet.

        Costs a `stat` while nothing changes. Raises OSError.
        """
        if self._key is not None and self._key.day >= day and self._seen == self._stat():
            return self._key
        with self._locked():
            key = self._read()
            if key is None:
                return self._write(DayKey.random(day))
            return key if key.day >= day else self._write(key.on(day))

    def replace(self, key: DayKey) -> None:
        """Have all processes of the host use this one from now on. Raises OSError."""
        with self._locked():
            self._write(key)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> DayKey | None:
        try:
            body = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            key = decode(body)
        except msgspec.DecodeError as error:
            _log.warning("%s holds no key, another is made: visitors of today count anew: %s", self._path, error)
            return None
        self._seen, self._key = self._stat(), key
        return key

    def _write(self, key: DayKey) -> DayKey:
        draft = self._directory / _DRAFT_NAME
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, encode(key))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(self._path)
        (self._directory / _FORMER_SECRET).unlink(missing_ok=True)
        self._seen, self._key = self._stat(), key
        return key

    def _stat(self) -> Seen | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns
