"""The scanner (scan.c) as a function of Python: lines of a record, in their usual form, to columns.

The library that it is in has repeats.c too, which stream/click_memory.py calls.

    python -m stream.scanner     builds it, with CC or cc

It is a plain shared library, called by ctypes: one build serves every Python, and nothing needs its headers.
"""

import ctypes
import functools
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from stream.scan_fields import NUMBER_FIELDS, TEXT_FIELDS, header

SOURCE: Final = Path(__file__).with_name("scan.c")
REPEATS_SOURCE: Final = Path(__file__).with_name("repeats.c")
LIBRARY: Final = Path(__file__).with_name("scan.so")
FLAGS: Final = (
    *("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
)

TEXTS: Final = tuple(field.name for field in TEXT_FIELDS)
"""The text columns, in the order of scan.c."""


class _Text(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_void_p), ("offsets", ctypes.c_void_p))


class Layout(ctypes.Structure):
    """`struct columns` of scan.c: how many rows there are, and where each column lies."""

    _fields_ = (
        ("rows", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("line", ctypes.c_void_p),
        *((field.name, ctypes.c_void_p) for field in NUMBER_FIELDS),
        ("filled", ctypes.c_void_p),
        ("ends", ctypes.c_void_p),
        ("texts", _Text * len(TEXTS)),
    )
    rows: int
    capacity: int


class ScannerError(Exception):
    """The scanner cannot be built or used; the message says what to do."""


class Scanner:
    """`scan` of one loaded library. Raises ScannerError when it was built from another source."""

    def __init__(self, library: Path) -> None:
        loaded = ctypes.CDLL(str(library))
        try:
            loaded.scan_source.restype = ctypes.c_char_p
            built_from = loaded.scan_source().decode()
        except AttributeError:
            built_from = ""
        if built_from != source_hash():
            raise ScannerError(
                f"{library} was built from another scan.c or another table of fields: build it again, `make setup`"
            )
        self.library: Final = loaded
        self._scan = loaded.scan
        self._scan.restype = ctypes.c_int64
        self._scan.argtypes = (
            *(ctypes.c_char_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int),
            ctypes.POINTER(Layout),
        )

    def scan(self, record: bytes, start: int, line: int, *, impressions: bool, layout: Layout) -> int:
        """Add a row for each line from byte `start` on, which is line number `line`.

        `record` is valid UTF-8, and every column has room for its lines and its bytes. Returns where it stopped:
        at the end, or at the first byte of a line that is not in the usual form.
        """
        stopped: int = self._scan(record, len(record), start, line, impressions, layout)
        return stopped


@functools.cache
def scanner() -> Scanner | None:
    """The scanner that was built, None where none was. Raises ScannerError."""
    return Scanner(LIBRARY) if LIBRARY.is_file() else None


def source_hash(source: Path = SOURCE) -> str:
    """Of everything that a scanner is built from. Raises ScannerError where the source is not there."""
    try:
        return hashlib.sha256(source.read_bytes() + REPEATS_SOURCE.read_bytes() + header().encode()).hexdigest()
    except OSError as error:
        raise ScannerError(f"cannot tell what the scanner was built from: {error}") from error


def build(target: Path = LIBRARY, *more_flags: str, source: Path = SOURCE) -> None:
    """Compile the scanner. Raises ScannerError with the compiler's words."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    with tempfile.TemporaryDirectory(prefix="scan-", dir=target.parent) as made:
        (Path(made) / "scan_fields.h").write_text(header())
        beside = Path(made) / target.name
        command = [
            *(*compiler, *FLAGS, *more_flags, f"-I{made}", f'-DSCAN_SOURCE="{source_hash(source)}"'),
            *("-o", str(beside), str(source), str(REPEATS_SOURCE)),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the chosen compiler
        except FileNotFoundError as error:
            raise ScannerError(
                f"no C compiler: {compiler[0]} is not there (Debian: apt-get install gcc)"
            ) from error
        if done.returncode:
            raise ScannerError(f"{shlex.join(command)} failed:\n{done.stderr}")
        beside.replace(target)


if __name__ == "__main__":
    try:
        build()
    except ScannerError as refused:
        sys.exit(str(refused))
