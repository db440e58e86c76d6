"""When a client is answered under each fsync policy: docs/durability.md promises what is asserted here."""

import os
from pathlib import Path

import pytest

from redirector.serve.counts import Counts
from redirector.serve.recorder import Recorder
from redirector.spool.writer import Fsync, SpoolWriter
from schemas.events import Click


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Writes and syncs in their order; `answer` is for the test to add."""
    seen: list[str] = []
    write, fdatasync, fsync = os.write, os.fdatasync, os.fsync

    def write_seen(fd: int, lines: bytes) -> int:
        seen.append("write")
        return write(fd, lines)

    def fdatasync_seen(fd: int) -> None:
        fdatasync(fd)
        seen.append("fdatasync")

    def fsync_seen(fd: int) -> None:
        fsync(fd)
        seen.append("fsync")

    monkeypatch.setattr("redirector.spool.writer.os.write", write_seen)
    monkeypatch.setattr("redirector.spool.writer.os.fdatasync", fdatasync_seen)
    monkeypatch.setattr("redirector.spool.writer.os.fsync", fsync_seen)
    return seen


def spool_with_a_segment(directory: Path, fsync: Fsync, calls: list[str], segment_bytes: int = 1000) -> SpoolWriter:
    """A spool whose first segment was made before anything is noted."""
    writer = SpoolWriter.open(directory, segment_bytes=segment_bytes, cap_bytes=10_000, fsync=fsync)
    writer.take_seq()
    writer.append(b"{}\n")
    calls.clear()
    return writer


def test_with_always_the_disk_has_the_event_before_the_client_is_answered(tmp_path: Path, calls: list[str]) -> None:
    writer = spool_with_a_segment(tmp_path, "always", calls)
    recorder = Recorder(writer, Counts())
    calls.append(f"answer {recorder.record([Click(time_ms=1, link='a/b')])}")
    assert calls == ["write", "fdatasync", "answer True"]
    writer.close()


def test_with_always_a_new_segments_name_is_on_disk_before_the_answer(tmp_path: Path, calls: list[str]) -> None:
    writer = spool_with_a_segment(tmp_path, "always", calls, segment_bytes=4)
    writer.take_seq()
    writer.append(b"{}\n")
    calls.append("answer")
    assert "fsync" in calls[: calls.index("write")]
    assert calls[-3:] == ["write", "fdatasync", "answer"]
    writer.close()


@pytest.mark.parametrize("fsync", ["interval", "never"])
def test_without_always_the_answer_waits_for_the_write_alone(
    tmp_path: Path, calls: list[str], fsync: Fsync
) -> None:
    writer = spool_with_a_segment(tmp_path, fsync, calls)
    recorder = Recorder(writer, Counts())
    calls.append(f"answer {recorder.record([Click(time_ms=1, link='a/b')])}")
    assert calls == ["write", "answer True"]
    writer.close()


def test_with_interval_a_sync_makes_all_segments_durable(tmp_path: Path, calls: list[str]) -> None:
    writer = spool_with_a_segment(tmp_path, "interval", calls, segment_bytes=4)
    for _ in range(3):
        writer.take_seq()
        writer.append(b"{}\n")
    calls.clear()
    writer.sync()
    assert calls == ["fsync", "fdatasync", "fsync", "fsync", "fsync"]  # the directory, this segment, those before
    writer.close()


def test_with_never_nothing_is_synced_also_not_at_the_end(tmp_path: Path, calls: list[str]) -> None:
    writer = spool_with_a_segment(tmp_path, "never", calls)
    writer.append(b"{}\n")
    writer.sync()
    writer.close()
    assert calls == ["write"]
