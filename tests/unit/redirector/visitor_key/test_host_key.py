import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from redirector.visitor_key.day_key import DayKey, decode
from redirector.visitor_key.host_key import KEY_NAME, LOCK_NAME, HostKey


def test_everybody_who_starts_at_once_gets_the_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: HostKey(tmp_path / "spool").of(7), range(32)))
    assert len(keys) == 1
    assert sorted(path.name for path in (tmp_path / "spool").iterdir()) == [KEY_NAME, LOCK_NAME]
    assert stat.S_IMODE((tmp_path / "spool" / KEY_NAME).stat().st_mode) == 0o600


def test_a_process_that_starts_in_the_middle_of_the_day_has_the_days_key(tmp_path: Path) -> None:
    key = HostKey(tmp_path).of(7)
    assert HostKey(tmp_path).of(7) == key


def test_at_midnight_the_file_holds_the_next_key_and_not_the_one_before(tmp_path: Path) -> None:
    one, other = HostKey(tmp_path), HostKey(tmp_path)
    key = one.of(7)
    assert other.of(8) == one.of(8) == key.on(8)
    assert decode((tmp_path / KEY_NAME).read_bytes()) == key.on(8)
    assert all(key.key not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_process_that_slept_for_days_finds_the_key_that_the_others_have(tmp_path: Path) -> None:
    key = HostKey(tmp_path).of(7)
    assert HostKey(tmp_path).of(12) == key.on(12)


def test_before_the_files_day_there_is_no_key_but_its(tmp_path: Path) -> None:
    key = HostKey(tmp_path).of(7)
    assert HostKey(tmp_path).of(6) == key


def test_a_key_that_was_replaced_is_seen_by_all_processes(tmp_path: Path) -> None:
    one, other = HostKey(tmp_path), HostKey(tmp_path)
    one.of(7)
    other.replace(DayKey(day=7, key=bytes(32)))
    assert one.of(7) == DayKey(day=7, key=bytes(32))


@pytest.mark.parametrize("body", [b"", b"torn", b'{"day":7}'])
def test_a_damaged_file_gives_way_to_a_new_key(tmp_path: Path, body: bytes) -> None:
    (tmp_path / KEY_NAME).write_bytes(body)
    assert HostKey(tmp_path).of(7) == HostKey(tmp_path).of(7)


def test_a_draft_that_a_crash_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "visitor-key.draft").write_bytes(b"torn")
    assert HostKey(tmp_path).of(7) == HostKey(tmp_path).of(7)


def test_the_secret_of_earlier_releases_from_which_the_past_follows_is_removed(tmp_path: Path) -> None:
    (tmp_path / "visitor-secret").write_bytes(b"hush")
    HostKey(tmp_path).of(7)
    assert not (tmp_path / "visitor-secret").exists()


def test_what_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        HostKey(tmp_path / "file").of(7)
