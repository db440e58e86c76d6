"""A checkpoint is the old one or the new one, and a drained spool leaves nothing behind."""

import errno
import os
from pathlib import Path

import pytest

from redirector.spool.upkeep import delete_before, remove_drained, reserve_checkpoint, write_checkpoint
from schemas.spool import LOCK_NAME, Checkpoint, read_checkpoint, segment_path, segments

FIRST = Checkpoint(segment=1, offset=10, partitions={"clicks": 3, "impressions": 3}, prev={})
SECOND = Checkpoint(segment=4, offset=0, partitions=FIRST.partitions, prev={"clicks": {2: 7}})


def test_a_checkpoint_reads_back_as_written(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, FIRST)
    write_checkpoint(tmp_path, SECOND)
    assert read_checkpoint(tmp_path) == SECOND


def test_a_checkpoint_that_the_disk_does_not_take_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int, _encoded: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_checkpoint(tmp_path, FIRST)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.upkeep.os.write", full)
        with pytest.raises(OSError, match="No space"):
            write_checkpoint(tmp_path, SECOND)
    assert read_checkpoint(tmp_path) == FIRST
    write_checkpoint(tmp_path, SECOND)
    assert read_checkpoint(tmp_path) == SECOND


def test_a_first_checkpoint_takes_the_place_set_aside_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve_checkpoint(tmp_path)
    (reserved,) = tmp_path.iterdir()
    seen = []
    os_write = os.write

    def look(fd: int, encoded: bytes) -> int:
        seen.append((os.fstat(fd).st_ino, os.fstat(fd).st_size))
        return os_write(fd, encoded)

    inode = reserved.stat().st_ino
    monkeypatch.setattr("redirector.spool.upkeep.os.write", look)
    write_checkpoint(tmp_path, FIRST)
    assert seen == [(inode, 4096)]
    assert read_checkpoint(tmp_path) == FIRST


def test_only_segments_before_the_checkpoint_are_deleted(tmp_path: Path) -> None:
    for first in (1, 4, 9):
        segment_path(tmp_path, first).touch()
    assert delete_before(tmp_path, 4) == 1
    assert segments(tmp_path) == [4, 9]


def test_a_drained_spool_is_removed_whole(tmp_path: Path) -> None:
    spool = tmp_path / ("0" * 16)
    spool.mkdir()
    (spool / LOCK_NAME).touch()
    segment_path(spool, 1).touch()
    write_checkpoint(spool, FIRST)
    remove_drained(spool)
    assert not spool.exists()


def test_a_strangers_file_keeps_a_spool_from_being_removed(tmp_path: Path) -> None:
    spool = tmp_path / ("0" * 16)
    spool.mkdir()
    (spool / "notes.txt").touch()
    with pytest.raises(OSError, match="not empty"):
        remove_drained(spool)
