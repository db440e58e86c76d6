from pathlib import Path

import pytest

from stream.agents.matcher import PatternError
from stream.agents.operators import rules_of
from stream.agents.rules import Who

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0 Kiosk/2"


def test_an_operators_files_take_part_without_comments_and_empty_lines(tmp_path: Path) -> None:
    include, exclude = tmp_path / "include.txt", tmp_path / "exclude.txt"
    include.write_text("# our screens\n\nkiosk/\\d\n", "utf-8-sig")
    exclude.write_text("ourmonitor\n")
    assert rules_of().who(BROWSER) is Who.BROWSER
    assert rules_of(include=str(include)).who(BROWSER) is Who.BOT
    assert rules_of(exclude=str(exclude)).who("OurMonitor/1.0") is not Who.BOT


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "include.txt"
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(PatternError, match=r"include\.txt is not UTF-8.*save it as UTF-8"):
        rules_of(include=str(path))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rules_of(exclude=str(tmp_path / "none.txt"))
