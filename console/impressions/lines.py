"""One line of a recognized file, by the names of its columns; what is wrong is said with value and remedy."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from console.impressions.dates import DateError, Order, moment_of
from console.impressions.numbers import NumberError, is_nothing, micros, whole_number
from console.impressions.sheets import Cell, Row
from console.link_rows import WRONG_ENCODING
from schemas.events import NUMBER_LIMIT
from schemas.platforms.reading import ItemError, PayloadError
from schemas.platforms.times import Period, days

_SHOWN_CHARS: Final = 60
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SCIENTIFIC: Final = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What is known of a file besides its cells.

    `period` are the first and last day that it is of. `is_life` says that its totals are of the posts' lives,
    whatever its period.
    """

    observed_ms: int
    zone: tzinfo | None = None
    order: Order | None = None
    period: tuple[date, date] | None = None
    is_life: bool = False

    @property
    def own_zone(self) -> tzinfo:
        """The time zone of times that only say when a post was published: `zone`, or UTC where nobody said one."""
        return self.zone or UTC

    def day(self, day: date, name: str) -> Period:
        """The period of a day. Raises PayloadError where its time zone is not known."""
        if self.zone is None:
            raise PayloadError(
                "it has totals of days, and nothing says in which time zone they begin: give the account's with"
                " --time-zone Europe/Berlin, and always the same"
            )
        return days(day, day + timedelta(days=1), self.zone, name)

    def check_life(self, published: date | None) -> None:
        """A total may be of the file's period only: of a post published in it, that is its life so far.

        Raises ItemError for a post of before, PayloadError where no period is known.
        """
        if self.is_life:
            return
        if self.period is None:
            raise PayloadError(
                "its totals may be of its period only, and its name no longer says which that is: give it with"
                " --period 2026-11-01..2026-11-30, or say --lifetime if they are of the posts' lives"
            )
        if published is None:
            raise ItemError("nothing says when the post was published: say --lifetime if its total is of its life")
        if published < self.period[0]:
            raise ItemError(
                f"the post is of {published}, before the file's period begins, so its total may not be of its life:"
                " export a period from its first day on, or say --lifetime"
            )


@dataclass
class PassedOver:
    """Rows that are no totals of posts, by what they are."""

    blank: int = 0
    totals: int = 0
    without_number: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Something to say once of the file."""
        if text not in self.notes:
            self.notes.append(text)


class Line:
    """A row under its header. All readers of cells raise ItemError."""

    def __init__(
        self, row: Row, columns: Mapping[str, int], headers: Sequence[Cell], sheet: str, facts: FileFacts
    ) -> None:
        self._row = row
        self._columns = columns
        self._headers = headers
        self._facts = facts
        self.place = f"{sheet}:{row.number}" if sheet else str(row.number)

    def cell(self, name: str) -> Cell:
        """None where there is no such column, or no such cell in this row."""
        number = self._columns.get(name)
        return None if number is None or number >= len(self._row.cells) else self._row.cells[number]

    def has(self, name: str) -> bool:
        """Whether the file has this column."""
        return name in self._columns

    def is_blank(self) -> bool:
        """Whether nothing is in any cell."""
        return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in self._row.cells)

    def first(self) -> str:
        """The first cell that has anything in it."""
        return next((text for cell in self._row.cells if (text := str("" if cell is None else cell).strip())), "")

    def texts(self) -> Iterator[str]:
        """The cells that are text."""
        return (cell.strip() for cell in self._row.cells if isinstance(cell, str))

    def text(self, name: str) -> str:
        """A cell's text without spaces around it, a whole number as its digits; "" for none."""
        cell = self.cell(name)
        if cell is None:
            return ""
        if not isinstance(cell, str):
            if cell != int(cell) or abs(cell) >= NUMBER_LIMIT:
                raise self.fault(name, "was rounded by a spreadsheet: import the file as it was downloaded")
            return str(int(cell))
        if _SURROGATE.search(cell):
            raise ItemError(f"column {self.header(name)!r} is not {WRONG_ENCODING}")
        return cell.strip()

    def identifier(self, name: str) -> str:
        """An id; one that a spreadsheet has rounded is none."""
        text = self.text(name)
        if _SCIENTIFIC.fullmatch(text):
            raise self.fault(name, "was rounded by a spreadsheet: import the file as it was downloaded")
        return "" if is_nothing(text) else text.removeprefix("'")

    def count(self, name: str) -> int | None:
        """A whole number, None for none."""
        try:
            return whole_number(self.cell(name))
        except NumberError as error:
            raise self.fault(name, str(error)) from error

    def total(self, name: str) -> int | None:
        """A whole number from 0 on, None for none."""
        number = self.count(name)
        if number is not None and number < 0:
            raise self.fault(name, "is below zero, which no total is: export the file again")
        return number

    def micros(self, name: str) -> int | None:
        """Money in millionths of its unit, None for none and for what can be read in two ways."""
        try:
            return micros(self.cell(name))
        except NumberError as error:
            raise self.fault(name, str(error)) from error

    def moment(self, name: str) -> datetime | None:
        """A time, as the file writes it; None for none."""
        cell = self.cell(name)
        try:
            return moment_of(cell, self._facts.order)
        except DateError as error:
            raise self.fault(name, str(error)) from error

    def published(self, name: str) -> tuple[date | None, int]:
        """The day as the file says it, and the time in milliseconds since 1970 UTC; None and 0 for none."""
        moment = self.moment(name)
        if moment is None:
            return None, 0
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self._facts.own_zone)
        try:
            return moment.date(), max(0, round(aware.timestamp() * 1000))
        except (OverflowError, ValueError) as error:
            raise self.fault(name, "is no time that can be counted in") from error

    def header(self, name: str) -> str:
        """A column as the file calls it."""
        number = self._columns.get(name)
        return name if number is None else str(self._headers[number]).strip()

    def fault(self, name: str, what: str) -> ItemError:
        """What is wrong with a cell."""
        cell = self.cell(name)
        shown = repr(cell if isinstance(cell, str) else f"{cell}")
        shown = shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
        return ItemError(f"column {self.header(name)!r} is {shown}, which {what}")
