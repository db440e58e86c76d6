"""The process that reads a spreadsheet, within its limits; see `spreadsheets`. It writes MessagePack."""

import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
import python_calamine

from console.impressions.spreadsheets import _REFUSED, MAX_CELLS, MAX_COLUMNS, MAX_CPU_S, MAX_MEMORY_BYTES, Rows


def main(path: str) -> int:
    """Write all sheets to standard output; 0, or why not on standard error and another status."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sheets = list(_sheets(path))
    except python_calamine.PasswordError:
        return _refuse("is protected by a password: save it without")
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        return _refuse(f"is no spreadsheet that can be read ({error}): download it again, or save it as CSV")
    sys.stdout.buffer.write(msgspec.msgpack.encode(sheets))
    return 0


def _sheets(path: str) -> Iterator[tuple[str, Rows]]:
    cells = 0
    with python_calamine.CalamineWorkbook.from_path(path) as workbook:
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            rows, columns = (last + 1 for last in sheet.end or (-1, -1))
            cells += rows * columns
            if cells > MAX_CELLS or columns > MAX_COLUMNS:
                raise ValueError(
                    f"sheet {name!r} has {rows:,} rows and {columns:,} columns, at most {MAX_COLUMNS:,} columns and"
                    f" {MAX_CELLS:,} cells are read"
                )
            yield name, [[_plain(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]


def _plain(cell: Any) -> str | float | None:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return cell
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell) or None


def _refuse(why: str) -> int:
    sys.stderr.write(why[:500])
    return _REFUSED


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
