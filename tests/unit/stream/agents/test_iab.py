from pathlib import Path

import pytest

from stream.agents.iab import Entry, IabError, read_iab
from stream.agents.operators import rules_of
from stream.agents.rules import Who

MADE_UP = """\
# Robots, made up
NeverBot|1||0|2|0
Never Ending|1|neverbrowser, other|1|0|1|
Gone|0||0|0|0|01/02/2020
a.b+c|1||0|2|0

"""


@pytest.fixture
def robots(tmp_path: Path) -> Path:
    path = tmp_path / "exclude_current.txt"
    path.write_text(MADE_UP, "utf-8-sig")
    return path


def test_active_entries_are_read_with_their_exceptions_and_where_they_begin(robots: Path) -> None:
    assert read_iab(robots) == [
        Entry("NeverBot", ()),
        Entry(r"^Never\ Ending", ("neverbrowser", "other")),
        Entry(r"a\.b\+c", ()),
    ]


def test_a_bought_list_takes_part(robots: Path) -> None:
    rules = rules_of(iab=f"{robots}, {robots}")
    browser = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/144.0"
    assert rules.who(f"{browser} neverBOT") is Who.BOT
    assert rules.who(f"{browser} Never Ending") is Who.BROWSER
    assert rules.who(f"never ending {browser}") is Who.BOT
    assert rules.who(f"Never Ending {browser} NeverBrowser") is Who.BROWSER
    assert rules.who(f"{browser} Gone") is Who.BROWSER
    assert rules.who(f"{browser} a.b+c") is Who.BOT


@pytest.mark.parametrize("line", ["Bot", "Bot|yes||0|0|0", "|1||0|0|0", "Bot|1||0|0|maybe", "Bot|1||0|0"])
def test_a_line_of_another_format_is_named_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"# one\n{line}\n")
    with pytest.raises(IabError, match=r"list\.txt, line 2: expected pattern\|active"):
        read_iab(path)
