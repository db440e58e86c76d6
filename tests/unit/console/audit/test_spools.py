"""Spools as an audit finds them, whole and damaged, minded and left alone."""

import time
from pathlib import Path

import msgspec
import pytest

from console.audit.findings import Finding
from console.audit.spools import check_spools, look_at_spools
from redirector.spool.writer import SpoolWriter
from schemas.events import Click
from schemas.spool import CHECKPOINT_NAME, Checkpoint, segment_path, segments

NOW_S = time.time()


def line(seq: int, *, age_s: float = 0.0) -> bytes:
    return msgspec.json.encode(Click(time_ms=int((NOW_S - age_s) * 1000), link="go.example/a", seq=seq)) + b"\n"


def new_writer(directory: Path, *, lines: int = 3, age_s: float = 0.0, segment_bytes: int = 10_000) -> SpoolWriter:
    writer = SpoolWriter.open(directory, segment_bytes=segment_bytes, cap_bytes=100_000, fsync="never")
    for _ in range(lines):
        writer.append(line(writer.take_seq(), age_s=age_s))
    return writer


def write_checkpoint(directory: Path, writer: SpoolWriter, segment: int, offset: int) -> None:
    checkpoint = Checkpoint(segment=segment, offset=offset, partitions={}, prev={})
    (directory / writer.spool_id / CHECKPOINT_NAME).write_bytes(msgspec.json.encode(checkpoint))


def wrong(directory: Path) -> list[Finding]:
    findings = [one for one in check_spools(look_at_spools(directory), now_s=NOW_S) if one.severity != "ok"]
    assert all(one.advice and one.runbook for one in findings)
    return findings


def names(directory: Path) -> list[tuple[str, str]]:
    return [(one.severity, one.name) for one in wrong(directory)]


def test_a_spool_that_is_written_and_shipped_has_no_finding(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, lines=5, segment_bytes=150)
    spool = tmp_path / writer.spool_id
    write_checkpoint(tmp_path, writer, segments(spool)[1], len(line(3)))
    assert names(tmp_path) == []
    (spool_state,) = look_at_spools(tmp_path)
    assert spool_state.owned
    assert spool_state.waiting_bytes == sum(
        segment_path(spool, first).stat().st_size for first in segments(spool)[1:]
    ) - len(line(3))
    writer.close()


def test_looking_does_not_take_the_writers_lock(tmp_path: Path) -> None:
    writer = new_writer(tmp_path)
    look_at_spools(tmp_path)
    writer.append(line(writer.take_seq()))
    assert look_at_spools(tmp_path)[0].owned
    writer.close()


def test_a_spool_of_a_dead_writer_that_nobody_drains_is_found(tmp_path: Path) -> None:
    new_writer(tmp_path).close()
    assert names(tmp_path) == [("warning", "undrained")]


def test_a_drained_spool_of_a_dead_writer_is_fine(tmp_path: Path) -> None:
    writer = new_writer(tmp_path)
    writer.close()
    write_checkpoint(tmp_path, writer, 1, segment_path(tmp_path / writer.spool_id, 1).stat().st_size)
    assert names(tmp_path) == []


def test_events_that_wait_for_long_are_found_by_their_own_time(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, age_s=90.0)
    (waiting,) = wrong(tmp_path)
    assert (waiting.severity, waiting.name) == ("warning", "waiting")
    assert "since 90 s" in waiting.what
    writer.close()


def test_a_torn_tail_is_found_but_not_where_a_writer_is_at_work(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, lines=4, segment_bytes=150)
    spool = tmp_path / writer.spool_id
    with segment_path(spool, segments(spool)[-1]).open("ab") as file:
        file.write(b'{"type":"cl')
    assert names(tmp_path) == []
    with segment_path(spool, segments(spool)[0]).open("ab") as file:
        file.write(b'{"ty')
    (torn,) = wrong(tmp_path)
    assert (torn.severity, torn.name) == ("warning", "torn_tail")
    assert "ends in 4 bytes" in torn.what
    writer.close()
    assert [name for _, name in names(tmp_path)] == ["torn_tail", "torn_tail", "undrained"]


def test_a_long_torn_tail_is_measured_whole(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, lines=1)
    writer.close()
    with segment_path(tmp_path / writer.spool_id, 1).open("ab") as file:
        file.write(b"x" * 50_000)
    assert look_at_spools(tmp_path)[0].torn == {1: 50_000}


@pytest.mark.parametrize(("segment", "offset"), [(1, 10**6), (999, 0)])
def test_a_checkpoint_beyond_the_file_is_found(tmp_path: Path, segment: int, offset: int) -> None:
    writer = new_writer(tmp_path)
    write_checkpoint(tmp_path, writer, segment, offset)
    assert names(tmp_path) == [("broken", "checkpoint_beyond")]
    writer.close()


def test_a_checkpoint_in_a_deleted_segment_is_fine(tmp_path: Path) -> None:
    writer = new_writer(tmp_path, lines=5, segment_bytes=150)
    spool = tmp_path / writer.spool_id
    segment_path(spool, 1).unlink()
    write_checkpoint(tmp_path, writer, 1, 10**6)
    assert names(tmp_path) == []
    writer.close()


def test_a_damaged_checkpoint_is_found(tmp_path: Path) -> None:
    writer = new_writer(tmp_path)
    (tmp_path / writer.spool_id / CHECKPOINT_NAME).write_bytes(b'{"segm')
    assert names(tmp_path) == [("warning", "checkpoint_damaged")]
    writer.close()


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look_at_spools(tmp_path / "elsewhere")
