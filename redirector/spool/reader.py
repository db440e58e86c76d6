"""The spool's reading end: complete lines after a place, over segments, until a dead writer's spool is drained."""

import os
from pathlib import Path
from typing import Final, NamedTuple

from redirector.spool.lock import take_lock
from schemas.dead_letters import KEPT_BYTES
from schemas.spool import LOCK_NAME, segment_path, segments

_NONE: Final = -1


class Place(NamedTuple):
    """Everything in segments before `segment` (its first seq) and in its first `offset` bytes lies behind."""

    segment: int
    offset: int


class Chunk(NamedTuple):
    """Complete lines of one segment; or, `too_long`, the head of one line longer than a chunk may be."""

    start: Place
    lines: bytes
    end: Place
    too_long: bool = False


class SpoolReader:
    """Reads one spool on from `place`, which it moves. Owns it once its writer is dead.

    A segment is only left for the next when that one was seen to exist before the last look at its end, and
    a spool is only drained when its writer was seen to be dead before: nothing can follow a last look.
    """

    def __init__(self, spool: Path, place: Place, *, chunk_bytes: int) -> None:
        self.spool: Final = spool
        self.place = place
        self.torn_tails = 0
        self.torn_bytes = 0
        self.drained = False
        self.more = False
        """Whether the last chunk was cut for its size: there is more to read."""
        self._chunk_bytes = chunk_bytes
        self._fd = _NONE
        self._lock = _NONE
        self._dead = False

    def read(self) -> Chunk | None:
        """The next lines, None when there are none now. Raises OSError when the disk does not give them."""
        while True:
            chunk = self._read_lines()
            if chunk is not None:
                return chunk
            later = [first for first in segments(self.spool) if first > self.place.segment]
            if not later and not self._dead:
                return None
            chunk = self._read_lines()
            if chunk is not None:
                return chunk
            self._note_torn_tail()
            if not later:
                self.drained = True
                return None
            self._close_segment()
            self.place = Place(later[0], 0)

    def look_for_writer(self) -> bool:
        """Whether the writer lives; once it does not, the spool is ours to drain. Costs three system calls."""
        if not self._dead:
            try:
                lock = take_lock(self.spool / LOCK_NAME, create=False)
            except FileNotFoundError:
                self._dead = True
            else:
                if lock is not None:
                    self._lock = lock
                    self._dead = True
        return not self._dead

    def waiting_bytes(self) -> int:
        """Bytes on disk that lie after `place`."""
        waiting = 0
        for first in segments(self.spool):
            if first >= self.place.segment:
                try:
                    size = segment_path(self.spool, first).stat().st_size
                except FileNotFoundError:
                    continue
                waiting += max(0, size - self.place.offset) if first == self.place.segment else size
        return waiting

    def close(self) -> None:
        """Let go of the spool."""
        self._close_segment()
        if self._lock != _NONE:
            os.close(self._lock)
            self._lock = _NONE

    def _read_lines(self) -> Chunk | None:
        if self._fd == _NONE:
            try:
                self._fd = os.open(segment_path(self.spool, self.place.segment), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
        start = self.place
        read = os.pread(self._fd, self._chunk_bytes, start.offset)
        size = read.rfind(b"\n") + 1
        self.more = len(read) == self._chunk_bytes
        if size:
            self.place = Place(start.segment, start.offset + size)
            return Chunk(start, read if size == len(read) else read[:size], self.place)
        if not self.more:
            return None
        return self._read_too_long(start, read)

    def _read_too_long(self, start: Place, read: bytes) -> Chunk | None:
        kept = read[:KEPT_BYTES]
        offset = start.offset
        while read:
            offset += len(read)
            read = os.pread(self._fd, self._chunk_bytes, offset)
            newline = read.find(b"\n")
            if newline >= 0:
                self.place = Place(start.segment, offset + newline + 1)
                return Chunk(start, kept, self.place, too_long=True)
        return None

    def _note_torn_tail(self) -> None:
        if self._fd != _NONE:
            torn = os.fstat(self._fd).st_size - self.place.offset
            if torn > 0:
                self.torn_tails += 1
                self.torn_bytes += torn

    def _close_segment(self) -> None:
        if self._fd != _NONE:
            os.close(self._fd)
            self._fd = _NONE
