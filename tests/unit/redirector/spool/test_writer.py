"""What a client was told was kept is kept, whole; what it was told was not leaves nothing behind."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from redirector.spool.lock import take_lock
from redirector.spool.writer import Fsync, SpoolFullError, SpoolWriter
from schemas.spool import LOCK_NAME, segment_path, segments, spools

Write = Callable[[int, bytes], int]


def new_writer(
    spool_dir: Path, *, segment_bytes: int = 1000, cap_bytes: int = 100_000, fsync: Fsync = "never"
) -> SpoolWriter:
    return SpoolWriter.open(spool_dir, segment_bytes=segment_bytes, cap_bytes=cap_bytes, fsync=fsync)


def put(writer: SpoolWriter, size: int = 100) -> bytes:
    line = b"%d" % writer.take_seq()
    line = line.ljust(size - 1, b".") + b"\n"
    writer.append(line)
    return line


def read_all(spool: Path) -> bytes:
    return b"".join(segment_path(spool, first).read_bytes() for first in segments(spool))


def test_a_new_spool_appears_with_its_lock_already_held(tmp_path: Path) -> None:
    writer = new_writer(tmp_path / "spools")
    (spool,) = spools(tmp_path / "spools")
    assert spool.name == writer.spool_id
    assert take_lock(spool / LOCK_NAME, create=False) is None
    writer.close()
    lock = take_lock(spool / LOCK_NAME, create=False)
    assert lock is not None
    os.close(lock)


@pytest.mark.parametrize("fsync", ["always", "interval", "never"])
def test_lines_come_back_in_order_over_segments_named_by_their_first_seq(tmp_path: Path, fsync: Fsync) -> None:
    writer = new_writer(tmp_path, segment_bytes=250, fsync=fsync)
    lines = [put(writer) for _ in range(7)]
    writer.sync()
    writer.close()
    writer.close()
    (spool,) = spools(tmp_path)
    assert read_all(spool) == b"".join(lines)
    assert segments(spool) == [1, 3, 5, 7]


def test_a_line_longer_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, segment_bytes=250)
    lines = [put(writer), put(writer, 700), put(writer)]
    writer.close()
    (spool,) = spools(tmp_path)
    assert segments(spool) == [1, 2, 3]
    assert read_all(spool) == b"".join(lines)


def test_lines_that_take_no_seq_still_rotate(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, segment_bytes=250)
    for _ in range(5):
        writer.append(b"own".ljust(99, b".") + b"\n")
    last = put(writer)
    writer.close()
    (spool,) = spools(tmp_path)
    assert segments(spool) == [1, 2, 3]
    assert read_all(spool).endswith(last)
    assert last.startswith(b"3.")


def test_a_seq_in_the_line_at_hand_is_never_below_its_segments_name(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, segment_bytes=250)
    for _ in range(2):
        writer.append(b"own".ljust(99, b".") + b"\n")
    lines = [put(writer), put(writer)]
    writer.close()
    (spool,) = spools(tmp_path)
    assert segments(spool) == [1, 2]
    assert segment_path(spool, 2).read_bytes() == lines[1]


def test_a_full_spool_refuses_until_the_relay_deleted_a_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("redirector.spool.writer.time.monotonic", lambda: now[0])
    writer = new_writer(tmp_path, segment_bytes=200, cap_bytes=500)
    lines = [put(writer) for _ in range(5)]
    assert writer.used_bytes == 500
    with pytest.raises(SpoolFullError, match="raise the cap"):
        put(writer)
    (spool,) = spools(tmp_path)
    assert read_all(spool) == b"".join(lines)
    segment_path(spool, 1).unlink()
    now[0] += 1
    put(writer)
    assert writer.used_bytes == 400
    writer.close()


def short(os_write: Write, taken: int) -> Write:
    return lambda fd, lines: os_write(fd, lines[:taken])


@pytest.mark.parametrize("fsync", ["always", "never"])
def test_a_short_write_leaves_nothing_and_ends_its_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: Fsync
) -> None:
    writer = new_writer(tmp_path, fsync=fsync)
    kept = put(writer)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.writer.os.write", short(os.write, 60))
        with pytest.raises(SpoolFullError, match="60 of 100"):
            put(writer)
    later = put(writer)
    writer.close()
    (spool,) = spools(tmp_path)
    assert segments(spool) == [1, 3]
    assert read_all(spool) == kept + later


def test_short_writes_into_empty_segments_leave_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = new_writer(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.writer.os.write", short(os.write, 60))
        for _ in range(3):
            with pytest.raises(SpoolFullError):
                put(writer)
    (spool,) = spools(tmp_path)
    assert segments(spool) == []
    kept = put(writer)
    writer.close()
    assert read_all(spool) == kept


def test_a_torn_tail_that_cannot_be_cut_off_ends_its_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fd: int, _size: int) -> None:
        raise OSError(errno.EIO, "broken")

    writer = new_writer(tmp_path)
    kept = put(writer)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.writer.os.write", short(os.write, 60))
        patch.setattr("redirector.spool.writer.os.ftruncate", refuse)
        with pytest.raises(SpoolFullError):
            put(writer)
    later = put(writer)
    writer.close()
    (spool,) = spools(tmp_path)
    assert segment_path(spool, 1).read_bytes() == kept + b"2".ljust(60, b".")
    assert segment_path(spool, 3).read_bytes() == later


def test_a_full_disk_refuses_and_takes_events_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int, _lines: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = new_writer(tmp_path)
    kept = put(writer)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.writer.os.write", full)
        with pytest.raises(SpoolFullError, match="No space left"):
            put(writer)
    later = put(writer)
    writer.close()
    (spool,) = spools(tmp_path)
    assert segments(spool) == [1]
    assert read_all(spool) == kept + later


def test_a_line_that_cannot_be_made_durable_was_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_fd: int) -> None:
        raise OSError(errno.EIO, "broken")

    writer = new_writer(tmp_path, fsync="always")
    kept = put(writer)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.writer.os.fdatasync", broken)
        with pytest.raises(SpoolFullError, match="broken"):
            put(writer)
    writer.close()
    (spool,) = spools(tmp_path)
    assert read_all(spool) == kept


def test_a_disk_that_takes_no_new_segment_refuses_the_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = new_writer(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.writer.os.open", full)
        with pytest.raises(SpoolFullError, match="no new segment"):
            put(writer)
    put(writer)
    writer.close()


def test_a_closed_spool_takes_nothing(tmp_path: Path) -> None:
    writer = new_writer(tmp_path)
    writer.close()
    with pytest.raises(SpoolFullError, match="closed"):
        put(writer)
