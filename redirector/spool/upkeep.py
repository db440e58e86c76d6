"""What the relay changes in a spool: its checkpoint, shipped segments, and its end."""

import os
from pathlib import Path
from typing import Final

import msgspec

from schemas.spool import CHECKPOINT_NAME, LOCK_NAME, Checkpoint, segment_path, segments

_NEW_CHECKPOINT: Final = CHECKPOINT_NAME + ".new"
_RESERVED_BYTES: Final = 4096


def reserve_checkpoint(spool: Path) -> None:
    """Take the room of a first checkpoint while there is some.

    Otherwise a spool that filled the disk while Kafka was away could never be shipped. Raises OSError.
    """
    (spool / _NEW_CHECKPOINT).write_bytes(b" " * _RESERVED_BYTES)


def write_checkpoint(spool: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint: after a crash it is the old one or the new one, whole. Raises OSError."""
    new = spool / _NEW_CHECKPOINT
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        encoded = msgspec.json.encode(checkpoint)
        if os.write(fd, encoded) != len(encoded):
            raise OSError(f"the disk took only a part of {new}")
        os.ftruncate(fd, len(encoded))  # only now: what was reserved must not be given back first
        os.fdatasync(fd)
    finally:
        os.close(fd)
    new.rename(spool / CHECKPOINT_NAME)


def delete_before(spool: Path, segment: int) -> int:
    """Delete the segments before `segment`; returns how many."""
    shipped = [first for first in segments(spool) if first < segment]
    for first in shipped:
        segment_path(spool, first).unlink(missing_ok=True)
    return len(shipped)


def remove_drained(spool: Path) -> None:
    """Remove a spool whose writer is dead and whose lines are all in Kafka.

    The segments go first and the lock last: a crash in between leaves a spool that is drained again.
    Raises OSError when something else lies in the directory.
    """
    for first in segments(spool):
        segment_path(spool, first).unlink(missing_ok=True)
    for name in (_NEW_CHECKPOINT, CHECKPOINT_NAME, LOCK_NAME):
        (spool / name).unlink(missing_ok=True)
    spool.rmdir()
