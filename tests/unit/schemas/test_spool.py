from pathlib import Path

import msgspec
import pytest

from schemas.spool import Checkpoint, new_spool_id, read_checkpoint, segment_path, segments, spools


def test_spool_ids_are_16_hexadecimal_digits_and_differ() -> None:
    ids = {new_spool_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in ids)


def test_segments_are_named_by_their_first_seq_and_found_in_order(tmp_path: Path) -> None:
    for first in (1, 900, 10**19):
        segment_path(tmp_path, first).touch()
    for stranger in (
        "lock",
        "checkpoint.json",
        "1.ndjson",
        "00000000000000000002.ndjson.tmp",
        "x" * 20 + ".ndjson",
    ):
        (tmp_path / stranger).touch()
    assert segments(tmp_path) == [1, 900, 10**19]
    assert segment_path(tmp_path, 7).name == "00000000000000000007.ndjson"


def test_spools_are_directories_named_by_their_id(tmp_path: Path) -> None:
    mine = sorted(new_spool_id() for _ in range(3))
    for name in (*mine, "visitor.key", "0123", "0123456789ABCDEF"):
        (tmp_path / name).mkdir()
    (tmp_path / ("f" * 16)).touch()
    assert [one.name for one in spools(tmp_path)] == mine
    assert spools(tmp_path / "nowhere") == []


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None
    written = Checkpoint(segment=3, offset=77, partitions={"clicks": 4}, prev={"clicks": {0: 12, 3: 9}})
    (tmp_path / "checkpoint.json").write_bytes(msgspec.json.encode(written))
    assert read_checkpoint(tmp_path) == written


def test_a_damaged_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.json").write_bytes(b'{"segment":3')
    with pytest.raises(msgspec.DecodeError):
        read_checkpoint(tmp_path)
