"""Spreadsheets of strangers, read by a process of its own that may take so much memory and time and no more.

A workbook of some kilobytes can unpack to terabytes, or have its one cell in the last corner of a sheet. The
library that reads it evaluates nothing: of a formula it gives the value that was saved with it, text or none.
"""

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import msgspec

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 512 * 1024 * 1024
MAX_ENTRIES: Final = 2_000
MAX_MEMORY_BYTES: Final = 2 * 1024**3
MAX_CPU_S: Final = 60
MAX_CELLS: Final = 20_000_000
MAX_COLUMNS: Final = 2_000

_REFUSED: Final = 3
"""The exit status with which the reader says on its standard error why a file is none."""

Rows = list[list[str | float | None]]


class FileError(ValueError):
    """A file that cannot be read as a whole; the message says why and what to do."""


_decode: Final = msgspec.msgpack.Decoder(list[tuple[str, Rows]]).decode


def spreadsheet(path: Path) -> list[tuple[str, Rows]]:
    """The sheets by name; times are ISO 8601 texts, empty cells None. Raises FileError."""
    if zipfile.is_zipfile(path):
        check_zip(path)
    done = subprocess.run(  # noqa: S603 - our own module, and a path as one argument
        [sys.executable, "-m", "console.impressions.spreadsheet_reader", str(path)],
        capture_output=True,
        check=False,
    )
    if done.returncode == _REFUSED:
        raise FileError(done.stderr.decode(errors="replace").strip())
    if done.returncode != 0:
        raise FileError(
            f"takes more than {MAX_MEMORY_BYTES >> 30} GiB of memory or {MAX_CPU_S} s to read, or is broken: it is"
            " no report; if it is, save it as CSV"
        )
    return _decode(done.stdout)


def check_zip(path: Path) -> None:
    """Raise FileError for a zip that says of itself that it would be too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileError(f"is no zip that can be read ({error}): download it again") from error
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED_BYTES:
        raise FileError(
            f"unpacks to {unpacked:,} bytes in {len(entries):,} files, at most {MAX_UNPACKED_BYTES:,} in"
            f" {MAX_ENTRIES:,} are read: this is no report"
        )
