"""Downloads as platforms make them, with made-up values, and reading them."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from console.impressions.reading import Choices, FileReading, read_file
from schemas.snapshots import Snapshot

MODIFIED: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODIFIED_MS: Final = int(MODIFIED.timestamp() * 1000)
NOW_MS: Final = MODIFIED_MS + 200 * 24 * 3600 * 1000
BERLIN: Final[tzinfo] = ZoneInfo("Europe/Berlin")
GOLDEN: Final = Path(__file__).parents[3] / "golden"

Cells = Sequence[Sequence[str | float | None]]


def saved(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    """A file as it was downloaded at MODIFIED."""
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    os.utime(path, (MODIFIED.timestamp(), MODIFIED.timestamp()))
    return path


def workbook(path: Path, sheets: Mapping[str, Cells]) -> Path:
    """An .xlsx with these cells; a text that begins with = is a formula."""
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, str) and cell.startswith("="):
                        sheet.write_formula(number, column, cell, value="")
                    elif cell is not None:
                        sheet.write(number, column, cell)
    os.utime(path, (MODIFIED.timestamp(), MODIFIED.timestamp()))
    return path


def read(path: Path, **choices: Any) -> FileReading:
    """A file read, by default without anything said of it."""
    return read_file(path, Choices(**choices), NOW_MS)


def snapshots(reading: FileReading) -> list[Snapshot]:
    """What was found."""
    return [one.snapshot for one in reading.placed]


def complaints(reading: FileReading) -> dict[str, str]:
    """By place."""
    return {complaint.place: complaint.error for complaint in reading.complaints}


def ms(text: str) -> int:
    """An ISO 8601 time in milliseconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)
