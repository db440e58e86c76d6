"""Every complete line comes back once, however the file ends and wherever segments do."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.spool.lock import take_lock
from redirector.spool.reader import Place, SpoolReader
from redirector.spool.writer import SpoolWriter
from schemas.dead_letters import KEPT_BYTES
from schemas.spool import LOCK_NAME, segment_path, segments, spools

lines_of_spools = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"") + b"\n"), max_size=12)

START = Place(0, 0)


def new_reader(spool: Path, place: Place = START, chunk_bytes: int = 1000) -> SpoolReader:
    return SpoolReader(spool, place, chunk_bytes=chunk_bytes)


def read_on(reader: SpoolReader) -> bytes:
    chunks = []
    while (chunk := reader.read()) is not None:
        chunks.append(chunk.lines)
    return b"".join(chunks)


def dead_spool(directory: Path, *contents: bytes) -> Path:
    spool = directory / ("0" * 16)
    spool.mkdir()
    (spool / LOCK_NAME).touch()
    for number, content in enumerate(contents, 1):
        segment_path(spool, number).write_bytes(content)
    return spool


@given(lines=lines_of_spools, chunk_bytes=st.integers(40, 200), cut=st.integers(0, 400))
def test_any_prefix_of_a_file_yields_its_complete_lines_and_one_torn_tail(
    lines: list[bytes], chunk_bytes: int, cut: int
) -> None:
    content = b"".join(lines)[:cut]
    complete = content[: content.rfind(b"\n") + 1]
    with tempfile.TemporaryDirectory() as directory:
        spool = dead_spool(Path(directory), content)
        reader = new_reader(spool, chunk_bytes=chunk_bytes)
        assert not reader.look_for_writer()
        assert read_on(reader) == complete
        assert reader.drained
        assert reader.torn_tails == (len(complete) < len(content))
        assert reader.torn_bytes == len(content) - len(complete)
        reader.close()


@given(contents=st.lists(lines_of_spools, min_size=1, max_size=4), torn=st.binary(max_size=20), start=st.data())
def test_reading_goes_on_from_any_place_over_sealed_segments(
    contents: list[list[bytes]], torn: bytes, start: st.DataObject
) -> None:
    torn = torn.replace(b"\n", b"")
    whole = b"".join(line for lines in contents for line in lines)
    with tempfile.TemporaryDirectory() as directory:
        spool = dead_spool(Path(directory), *(b"".join(lines) + torn for lines in contents))
        number = start.draw(st.integers(1, len(contents)))
        skipped = start.draw(st.integers(0, len(contents[number - 1])))
        offset = sum(map(len, contents[number - 1][:skipped]))
        behind = sum(len(line) for lines in contents[: number - 1] for line in lines) + offset
        reader = new_reader(spool, Place(number, offset))
        reader.look_for_writer()
        assert read_on(reader) == whole[behind:]
        assert reader.torn_tails == (len(contents) - number + 1 if torn else 0)
        reader.close()


def test_a_living_writers_half_line_is_left_until_it_is_whole(tmp_path: Path) -> None:
    spool = dead_spool(tmp_path, b"one\ntw")
    lock = take_lock(spool / LOCK_NAME, create=False)
    assert lock is not None
    reader = new_reader(spool)
    assert reader.look_for_writer()
    assert read_on(reader) == b"one\n"
    with segment_path(spool, 1).open("ab") as segment:
        segment.write(b"o\n")
    assert read_on(reader) == b"two\n"
    os.close(lock)
    assert not reader.look_for_writer()
    assert read_on(reader) == b""
    assert reader.drained
    reader.close()


def test_what_was_appended_just_before_the_next_segment_is_not_missed(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path, segment_bytes=10, cap_bytes=1000, fsync="never")
    (spool,) = spools(tmp_path)
    reader = new_reader(spool)
    assert read_on(reader) == b""
    for line in (b"aaaa\n", b"bbbb\n", b"cccc\n"):
        writer.take_seq()
        writer.append(line)
    assert reader.waiting_bytes() == 15
    assert read_on(reader) == b"aaaa\nbbbb\ncccc\n"
    assert reader.waiting_bytes() == 0
    assert reader.look_for_writer()
    writer.close()
    reader.close()


def test_lines_appended_between_the_last_look_and_a_rotation_are_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = dead_spool(tmp_path, b"a\n")
    reader = new_reader(spool)
    reader.look_for_writer()
    assert reader.read() is not None

    def rotate_meanwhile(path: Path) -> list[int]:
        with segment_path(spool, 1).open("ab") as segment:
            segment.write(b"late\n")
        segment_path(spool, 2).write_bytes(b"next\n")
        monkeypatch.undo()
        return segments(path)

    monkeypatch.setattr("redirector.spool.reader.segments", rotate_meanwhile)
    assert read_on(reader) == b"late\nnext\n"
    reader.close()


def test_a_place_past_the_end_of_what_a_power_cut_left_goes_on_with_the_next_segment(tmp_path: Path) -> None:
    spool = dead_spool(tmp_path, b"a\n", b"b\n")
    reader = new_reader(spool, Place(1, 500))
    reader.look_for_writer()
    assert read_on(reader) == b"b\n"
    assert reader.torn_tails == 0
    reader.close()


def test_a_segment_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    spool = dead_spool(tmp_path, b"a\n", b"b\n", b"c\n")
    segment_path(spool, 1).unlink()
    segment_path(spool, 2).unlink()
    reader = new_reader(spool, Place(1, 2))
    reader.look_for_writer()
    assert read_on(reader) == b"c\n"
    reader.close()


def test_a_line_longer_than_a_chunk_comes_as_its_head_and_reading_goes_on(tmp_path: Path) -> None:
    long = b"\0" * (3 * KEPT_BYTES) + b"\n"
    spool = dead_spool(tmp_path, b"a\n" + long + b"b\n")
    reader = new_reader(spool, chunk_bytes=2 * KEPT_BYTES)
    reader.look_for_writer()
    first, head, last = reader.read(), reader.read(), reader.read()
    assert first is not None
    assert head is not None
    assert last is not None
    assert (first.lines, last.lines) == (b"a\n", b"b\n")
    assert head.too_long
    assert head.lines == b"\0" * KEPT_BYTES
    assert head.end.offset == 2 + len(long)
    reader.close()


def test_a_long_block_without_an_end_is_one_torn_tail(tmp_path: Path) -> None:
    spool = dead_spool(tmp_path, b"a\n" + b"\0" * 5000)
    reader = new_reader(spool, chunk_bytes=1000)
    reader.look_for_writer()
    assert read_on(reader) == b"a\n"
    assert (reader.drained, reader.torn_tails, reader.torn_bytes) == (True, 1, 5000)
    reader.close()


def test_a_spool_without_a_lock_file_has_no_writer(tmp_path: Path) -> None:
    spool = dead_spool(tmp_path, b"a\n")
    (spool / LOCK_NAME).unlink()
    reader = new_reader(spool)
    assert not reader.look_for_writer()
    reader.close()
