"""What a downloaded file is, told by its header: the forms that are known, and why one fits none of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from console.impressions.dates import Order
from console.impressions.lines import FileFacts, Line, PassedOver
from console.impressions.sheets import Cell, Row, Sheet
from schemas.platforms.reading import Collector

HEADER_ROWS: Final = 40
"""So far down a header is looked for: above it are titles, periods and notes."""

Columns = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Form:
    """A kind of file. `columns` are the spellings of its headers, in lower case, by the names we read them under.

    `needed` must all be there; of an entry with bars one must. `sheet` is the name of the sheet where it matters.
    """

    name: str
    title: str
    platform: str
    columns: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    read: "PartReader"
    dates: tuple[str, ...] = ()
    """Columns by which the order of day and month is found."""
    order: Order | None = None
    """The platform's own order of day and month, where no date tells."""
    locate: Callable[[Sequence[str]], Columns | None] | None = None
    """Finds the columns where their names alone do not tell."""

    def columns_of(self, header: Sequence[str]) -> Columns | None:
        """Where it has what, if this is a header of such a file."""
        if self.locate is not None:
            return self.locate(header)
        columns: dict[str, int] = {}
        for name, spellings in self.columns.items():
            accepted = (*spellings, *(f"={spelling}" for spelling in (name, *spellings)))
            number = next((header.index(spelling) for spelling in accepted if spelling in header), None)
            if number is not None:
                columns[name] = number
        missing = [name for name in self.needed if not any(part in columns for part in name.split("|"))]
        return None if missing else columns


class Part(NamedTuple):
    """A sheet of a known form: its header's row is at `start - 1` of the rows."""

    form: Form
    sheet: Sheet
    columns: Columns
    start: int

    def lines(self, facts: FileFacts) -> Iterator[Line]:
        """The rows under the header."""
        headers = self.sheet.rows[self.start - 1].cells if self.start else ()
        for row in self.sheet.rows[self.start :]:
            yield Line(row, self.columns, headers, self.sheet.name, facts)

    def above(self) -> list[Row]:
        """The rows over the header."""
        return self.sheet.rows[: max(0, self.start - 1)]

    def cells(self, name: str) -> Iterator[Cell]:
        """A column's cells."""
        number = self.columns.get(name)
        for row in self.sheet.rows[self.start :]:
            if number is not None and number < len(row.cells):
                yield row.cells[number]


class PartReader(Protocol):
    """Puts what a part has into the collector, counts what it passes over. Raises PayloadError."""

    def __call__(self, part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
        """Read all of it."""


def plain(cell: Cell) -> str:
    """A header as it is compared."""
    return re.sub(r"\s+", " ", str("" if cell is None else cell).strip("\ufeff \t\r\n\u00a0\"'")).lower()


def recognize(sheet: Sheet, forms: Sequence[Form], renamed: Mapping[str, str]) -> Part | None:
    """The form that fits a sheet, the one with most of its columns; `renamed` says what headers mean."""
    for start, row in enumerate(sheet.rows[:HEADER_ROWS], 1):
        header = [f"={renamed[name]}" if name in renamed else name for name in map(plain, row.cells)]
        fitting = [(form, columns) for form in forms if (columns := form.columns_of(header)) is not None]
        if fitting:
            form, columns = max(fitting, key=lambda one: len(one[1]))
            return Part(form, sheet, columns, start)
    return None


def header_seen(sheets: Sequence[Sheet]) -> list[str]:
    """What is most likely a header in a file of no known form: the first of the longest rows."""
    rows = [row for sheet in sheets for row in sheet.rows[:HEADER_ROWS]]
    filled = [[str(cell).strip() for cell in row.cells if cell is not None and str(cell).strip()] for row in rows]
    return max(filled, key=len, default=[])


def read_totals(
    lines: Iterable[Line],
    collector: Collector,
    passed: PassedOver,
    fields_of: Callable[[Line], Mapping[str, Any] | None],
) -> None:
    """A total a line: `fields_of` gives a snapshot's fields of one that has anything in it, None without a number.

    It may raise ItemError, a complaint about its line alone.
    """
    for line in lines:
        if line.is_blank():
            passed.blank += 1
            continue
        with collector.part(line.place):
            fields = fields_of(line)
            if fields is None:
                passed.without_number += 1
            else:
                collector.add(line.place, **fields)
