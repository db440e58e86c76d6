"""A downloaded file as sheets of rows, whatever it is: CSV in any encoding, .xls, .xlsx, or a CSV in a zip."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from console.csv_records import CsvRecords
from console.file_text import text_lines
from console.impressions.spreadsheets import MAX_FILE_BYTES, MAX_UNPACKED_BYTES, FileError, check_zip, spreadsheet
from console.link_rows import RowError

Cell = str | float | None

ZIP: Final = b"PK\x03\x04"
XLS: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DELIMITERS: Final = ",;\t|"
_SNIFFED_LINES: Final = 40
MAX_ROWS: Final = 2_000_000


class Row(NamedTuple):
    """`number` is the line that it begins on, or the row of its sheet; from 1."""

    number: int
    cells: Sequence[Cell]


class Fault(NamedTuple):
    """A line that is no row, and why."""

    number: int
    text: str


class Sheet(NamedTuple):
    """Rows, the blank ones too, and what is wrong with lines that are none. A CSV's name is empty."""

    name: str
    rows: list[Row]
    faults: list[Fault]


def readings_of(path: Path, encoding: str | None = None) -> Iterator[list[Sheet]]:
    """The ways in which a file can be read, the likeliest first; a CSV has one for each delimiter.

    Raises FileError, OSError and LookupError (no such encoding).
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise FileError(f"has {size:,} bytes, at most {MAX_FILE_BYTES:,} are read: export a shorter period")
    with path.open("rb") as source:
        head = source.read(len(XLS))
    if head == XLS or (head.startswith(ZIP) and _is_workbook(path)):
        yield [Sheet(name, [Row(*row) for row in enumerate(rows, 1)], []) for name, rows in spreadsheet(path)]
        return
    content = _unzipped(path) if head.startswith(ZIP) else path.read_bytes()
    if not content.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise FileError("is empty: export it again")
    with text_lines(io.BufferedReader(io.BytesIO(content)), encoding) as text:
        lines = list(text)
    first = "".join(lines[:_SNIFFED_LINES])
    for delimiter in sorted(DELIMITERS, key=first.count, reverse=True):
        yield [_csv_sheet(lines, delimiter)]


def _csv_sheet(lines: list[str], delimiter: str) -> Sheet:
    sheet = Sheet("", [], [])
    for number, cells in CsvRecords(iter(lines), delimiter):
        if isinstance(cells, RowError):
            sheet.faults.append(Fault(number, str(cells)))
        else:
            sheet.rows.append(Row(number, cells))
        if len(sheet.rows) > MAX_ROWS:
            raise FileError(f"has more than {MAX_ROWS:,} rows: export a shorter period")
    return sheet


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith(("xl/", "[Content_Types]")) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileError(f"is no zip that can be read ({error}): download it again") from error


def _unzipped(path: Path) -> bytes:
    """The one file in a zip, as Microsoft delivers reports."""
    check_zip(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith((".csv", ".tsv", ".txt"))]
            if len(names) != 1:
                raise FileError(f"is a zip with {len(names)} files of text: unpack it, and import each alone")
            with archive.open(names[0]) as source:
                content = source.read(MAX_UNPACKED_BYTES + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        raise FileError(f"is a zip that cannot be unpacked ({error}): download it again") from error
    if len(content) > MAX_UNPACKED_BYTES:
        raise FileError(f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes: this is no report")
    return content
