"""A long import says how far it is, to people who look at a log as well."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from console.link_import import PROGRESS_EVERY_LINES, PROGRESS_EVERY_S, ImportFile, WatchedFile


def printed_by(path: Path, *, lines: int, seconds_a_look: float, terminal: bool = False) -> list[str]:
    """What is printed while this many lines are read, each look at the clock being later by so much."""
    path.write_bytes(b"go.example,spring\n" * lines)
    now = -seconds_a_look

    def clock() -> float:
        nonlocal now
        now += seconds_a_look
        return now

    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=80)
    with path.open("rb") as source:
        file = ImportFile(source=source, name="links.csv", kind="csv")
        with WatchedFile(file, console, clock) as watched:
            assert sum(1 for _ in watched.lines(line.decode() for line in source)) == lines
    return out.getvalue().splitlines()


def test_an_import_that_is_not_on_a_terminal_tells_lines_and_share(tmp_path: Path) -> None:
    printed = printed_by(tmp_path / "links.csv", lines=2 * PROGRESS_EVERY_LINES, seconds_a_look=PROGRESS_EVERY_S)
    assert printed == [
        f"links.csv: {PROGRESS_EVERY_LINES:,} lines read, 50 %",
        "links.csv: 8,192 lines read, 100 %",
    ]


@pytest.mark.parametrize(("lines", "seconds", "times"), [(-1, 0.0, 0), (0, 0.0, 1), (0, -0.001, 0)])
def test_it_tells_after_so_many_lines_and_seconds_and_not_before(
    tmp_path: Path, lines: int, seconds: float, times: int
) -> None:
    printed = printed_by(
        tmp_path / "links.csv", lines=PROGRESS_EVERY_LINES + lines, seconds_a_look=PROGRESS_EVERY_S + seconds
    )
    assert len(printed) == times


def test_on_a_terminal_the_bar_tells_and_no_lines_do(tmp_path: Path) -> None:
    printed = printed_by(
        tmp_path / "links.csv", lines=PROGRESS_EVERY_LINES, seconds_a_look=PROGRESS_EVERY_S, terminal=True
    )
    assert not [line for line in printed if "lines read" in line]
