"""The spool's writing end: one process, one spool, one `write` for what a client is told was kept."""

import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, Self

from redirector.spool.lock import take_lock
from redirector.spool.upkeep import reserve_checkpoint
from schemas.spool import LOCK_NAME, new_spool_id, segment_path, segments

Fsync = Literal["always", "interval", "never"]

_CLOSED: Final = -1
_REFRESH_S: Final = 0.2
"""How old the count of bytes on disk may get: a full spool takes events again this soon after the relay."""


class SpoolFullError(Exception):
    """The lines were not kept and nothing of them remains in the spool: cap reached, disk full or broken."""


class SpoolWriter:
    """Appends whole lines to a spool of its own, in segments that the relay deletes once they are in Kafka.

    Seqs rise within the spool; an append that failed leaves a hole, which is harmless. Call `take_seq` and
    `append` from one thread and without awaiting in between; `sync` may run in another thread.
    """

    __slots__ = (
        "_always",
        "_cap_bytes",
        "_counted_at",
        "_counted_bytes",
        "_counted_size",
        "_fd",
        "_limit",
        "_lock",
        "_new_names",
        "_path",
        "_retired",
        "_segment",
        "_segment_bytes",
        "_seq",
        "_size",
        "_spool",
        "_through",
        "_with_sync",
        "spool_id",
    )

    def __init__(self, spool: Path, lock: int, *, segment_bytes: int, cap_bytes: int, fsync: Fsync) -> None:
        self.spool_id: Final = spool.name
        self._spool = spool
        self._lock = lock
        self._segment_bytes = segment_bytes
        self._cap_bytes = cap_bytes
        self._always = fsync == "always"
        self._with_sync = fsync != "never"
        self._seq = 0
        self._through = 0  # no line after this append will hold a seq up to here
        self._fd = _CLOSED
        self._segment = 0
        self._path = spool
        self._size = 0
        self._limit = -1
        self._counted_bytes = 0
        self._counted_size = 0
        self._counted_at = -_REFRESH_S
        self._retired: deque[int] = deque()
        self._new_names = False

    @classmethod
    def open(cls, spool_dir: Path, *, segment_bytes: int, cap_bytes: int, fsync: Fsync) -> Self:
        """A new spool below `spool_dir`, which is made if need be, locked until `close` or the process's end.

        The spool appears under its name with the lock already held: the relay takes one that nobody holds
        for a dead writer's. Raises OSError when the directory cannot be made.
        """
        spool_dir.mkdir(parents=True, exist_ok=True)
        spool_id = new_spool_id()
        unborn = spool_dir / f".{spool_id}"
        unborn.mkdir()
        lock = take_lock(unborn / LOCK_NAME, create=True)
        assert lock is not None  # noqa: S101 - nobody else knows the name
        reserve_checkpoint(unborn)
        spool = unborn.rename(spool_dir / spool_id)
        if fsync != "never":
            _sync_directory(spool_dir)
        return cls(spool, lock, segment_bytes=segment_bytes, cap_bytes=cap_bytes, fsync=fsync)

    def take_seq(self) -> int:
        """The next seq, from 1, for the caller to write into its line."""
        self._seq += 1
        return self._seq

    def append(self, lines: bytes) -> None:
        """Keep whole lines, each ending in a newline, all or none. Raises SpoolFullError when none are kept."""
        size = len(lines)
        if self._size + size > self._limit:
            self._make_room(size)
        try:
            written = os.write(self._fd, lines)
            if written == size and self._always:
                os.fdatasync(self._fd)
        except OSError as error:
            self._undo(written=None)
            raise SpoolFullError(f"spool {self._spool}: {error}; the event was not kept") from error
        if written != size:
            self._undo(written=written)
            raise SpoolFullError(f"spool {self._spool}: the disk took {written} of {size} bytes; none was kept")
        self._size += size
        self._through = self._seq

    def sync(self) -> None:
        """Make every line appended so far survive a power cut; nothing to do with fsync "never".

        One at a time, and not while `close` runs. Raises OSError when the disk does not obey.
        """
        if not self._with_sync:
            return
        if self._new_names:
            _sync_directory(self._spool)
            self._new_names = False
        fd = self._fd
        if fd != _CLOSED:
            os.fdatasync(fd)  # a rotation meanwhile only retires it: none but this method closes those
        while self._retired:
            retired = self._retired.popleft()
            try:
                os.fsync(retired)
            finally:
                os.close(retired)

    def close(self) -> None:
        """Seal the spool: the relay ships what is left and removes it. Safe to repeat."""
        if self._lock == _CLOSED:
            return
        try:
            if self._with_sync:
                self.sync()
        finally:
            self._leave_segment()
            while self._retired:
                os.close(self._retired.popleft())
            os.close(self._lock)
            self._lock = _CLOSED

    @property
    def used_bytes(self) -> int:
        """Bytes of this spool on disk, up to 0.2 s behind the relay's deletions.

        Further behind only while the directory cannot be read: nobody but this process adds to it.
        """
        if time.monotonic() - self._counted_at >= _REFRESH_S:
            self._count()
        return self._estimated_bytes

    @property
    def _estimated_bytes(self) -> int:
        return self._counted_bytes + self._size - self._counted_size

    def _make_room(self, size: int) -> None:
        if self._lock == _CLOSED:
            raise SpoolFullError(f"spool {self._spool} is closed; the event was not kept")
        if self.used_bytes + size > self._cap_bytes:
            self._through = self._seq
            raise SpoolFullError(
                f"spool {self._spool} holds {self._cap_bytes} bytes that Kafka has not: the event was not kept; "
                "see whether relay runs and Kafka answers, or raise the cap"
            )
        if self._fd == _CLOSED or (self._size and self._size + size > self._segment_bytes):
            self._rotate()
        room = self._cap_bytes - self.used_bytes
        self._limit = min(max(self._segment_bytes, size), self._size + room)

    def _rotate(self) -> None:
        """Go on in a new segment, named by the first seq it can hold.

        The name must be above the old one's. Lines without a seq of this spool do not raise it: then a seq is
        skipped, or, when one is already written into the lines at hand, they still go to the old segment.
        """
        if self._through < self._segment:
            if self._seq > self._through and self._fd != _CLOSED:
                return
            self._through = self._segment
            self._seq = max(self._seq, self._through)
        first = self._through + 1
        path = segment_path(self._spool, first)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if self._fd != _CLOSED:
                return  # no descriptor, no inode left: what there is to write still goes to the old segment
            self._through = self._seq
            raise SpoolFullError(f"no new segment {path}: {error}; the event was not kept") from error
        self._counted_bytes, self._counted_size = self._estimated_bytes, 0
        self._leave_segment()
        self._fd, self._path, self._segment, self._size = fd, path, first, 0
        self._new_names = self._with_sync
        if self._always:
            self._sync_rotation()

    def _sync_rotation(self) -> None:
        try:
            self.sync()
        except OSError as error:
            self._undo(written=None)
            raise SpoolFullError(f"spool {self._spool}: {error}; the event was not kept") from error

    def _leave_segment(self) -> None:
        if self._fd == _CLOSED:
            return
        fd, self._fd = self._fd, _CLOSED
        self._limit = -1
        if self._with_sync:
            self._retired.append(fd)
        else:
            os.close(fd)

    def _undo(self, written: int | None) -> None:
        """Take back what a failed write may have left, and if it left anything go on in a new segment.

        The relay may already have read the torn bytes: its offset holds only if nothing follows them here.
        An empty segment goes altogether, so that a full disk does not collect them.
        """
        self._through = self._seq
        try:
            if written is None and os.fstat(self._fd).st_size == self._size:
                return
            if self._size:
                os.ftruncate(self._fd, self._size)
            else:
                self._path.unlink()
        except OSError:
            pass  # the torn tail stays, and ends this segment
        self._leave_segment()

    def _count(self) -> None:
        self._counted_at = time.monotonic()
        total = 0
        try:
            present = segments(self._spool)
        except OSError:
            return  # no descriptor left to read the directory with: what was counted last, and added since, stands
        for first in present:
            with suppress(FileNotFoundError):
                total += segment_path(self._spool, first).stat().st_size
        self._counted_bytes, self._counted_size = total, self._size


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
