"""The scanner (scan.c) as a function of Python: lines of a record, in their usual form, to columns.

    python -m stream.scanner     builds it, with CC or cc

It is a plain shared library, called by ctypes: one build serves every Python, and nothing needs its headers.
"""

import ctypes
import functools
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("scan.c")
LIBRARY: Final = Path(__file__).with_name("scan.so")
FLAGS: Final = (
    *("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
)

TEXTS: Final = ("link", "ua", "referrer", "purpose")
"""The text columns, in the order of scan.c."""


class _Text(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_void_p), ("offsets", ctypes.c_void_p))


class Layout(ctypes.Structure):
    """`struct columns` of scan.c: how many rows there are, and where each column lies."""

    _fields_ = (
        ("rows", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("time_ms", ctypes.c_void_p),
        ("seq", ctypes.c_void_p),
        ("visitor", ctypes.c_void_p),
        ("count", ctypes.c_void_p),
        ("line", ctypes.c_void_p),
        ("source", ctypes.c_void_p),
        ("kind", ctypes.c_void_p),
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
        loaded.columns_size.restype = ctypes.c_int64
        if loaded.columns_size() != ctypes.sizeof(Layout):
            raise ScannerError(f"{library} is of another version: build it again, `make setup`")
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


def build(target: Path = LIBRARY, *more_flags: str, source: Path = SOURCE) -> None:
    """Compile the scanner. Raises ScannerError with the compiler's words."""
    beside = target.with_name(f"{target.name}.{os.getpid()}")
    command = [*shlex.split(os.environ.get("CC", "cc")), *FLAGS, *more_flags, "-o", str(beside), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the chosen compiler
    except FileNotFoundError as error:
        raise ScannerError(f"no C compiler: {command[0]} is not there (Debian: apt-get install gcc)") from error
    if done.returncode:
        raise ScannerError(f"{shlex.join(command)} failed:\n{done.stderr}")
    beside.replace(target)


if __name__ == "__main__":
    try:
        build()
    except ScannerError as refused:
        sys.exit(str(refused))
