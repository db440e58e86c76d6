"""Dates and times as downloads write them, in a dozen languages' months. Pure.

`03/04/2026` is a day of March or of April: a file says which by another of its dates, a platform by always writing
one, or a person by an option; otherwise it is not guessed.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Final, Literal

Order = Literal["mdy", "dmy"]
Moment = str | date | datetime | time | float | None
"""A cell that may hold a time."""

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier janv enero ene gennaio gen januari janeiro",
            "feb february februar février fevrier févr fevr febrero febbraio februari fevereiro fev",
            "mar march märz maerz mär mrz mars marzo maart mrt março marco",
            "apr april avril avr abril abr aprile",
            "may mai mayo maggio mag mei maio",
            "jun june juni juin junio giugno giu junho",
            "jul july juli juillet juil julio luglio lug julho",
            "aug august août aout agosto ago augustus agosto",
            "sep sept september septembre septiembre settembre set setembro",
            "oct october okt oktober octobre octubre ottobre ott outubro out",
            "nov november novembre noviembre novembro",
            "dec december dez dezember décembre decembre déc diciembre dic dicembre dezembro",
        ),
        1,
    )
    for name in names.split()
}
_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ,]+(.*))?")
_NUMBERS: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:[T ,]+(.*))?")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\.?\s+(?:de\s+)?([^\W\d]+)\.?,?\s+(?:de\s+)?(\d{4})(?:[T ,]+(.*))?")
_MONTH_FIRST: Final = re.compile(r"([^\W\d]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:[T ,]+(.*))?")
_WEEKDAY: Final = re.compile(r"^[^\W\d]+\.?,\s+")
_CLOCK: Final = re.compile(
    r"(\d{1,2})[:.](\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([ap])?\.?m?\.?(?:\s*\(?(?:GMT|UTC)\)?)?", re.IGNORECASE
)
_NOON: Final = 12
_CENTURY: Final = 2000
_MONTHS_A_YEAR: Final = 12


class DateError(ValueError):
    """A cell that is no date; the message says why and what to do."""


def order_of(cells: Iterable[Moment]) -> Order | None:
    """Whether day or month comes first in a file's dates, if one of them tells. Raises DateError: they differ."""
    orders: set[Order] = set()
    for cell in cells:
        numbers = _NUMBERS.match(cell.strip()) if isinstance(cell, str) else None
        if numbers is None or numbers[2] == ".":
            continue
        if int(numbers[1]) > _MONTHS_A_YEAR:
            orders.add("dmy")
        elif int(numbers[3]) > _MONTHS_A_YEAR:
            orders.add("mdy")
    if len(orders) > 1:
        raise DateError("some dates have the day first and some the month: export the file again in one language")
    return next(iter(orders), None)


def moment_of(cell: Moment, order: Order | None) -> datetime | None:
    """A date, at midnight, or a time; with a zone only if the text has one. None for nothing. Raises DateError."""
    if cell is None or isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if not isinstance(cell, str):
        raise DateError("is no date")
    text = cell.strip()
    if text.strip("-–—") == "":  # noqa: RUF001 - dashes as files have them
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _moment(text, order)


def _moment(text: str, order: Order | None) -> datetime:
    bare = _WEEKDAY.sub("", text)
    if parts := _ISO.fullmatch(bare):
        year, month, day, clock = int(parts[1]), int(parts[2]), int(parts[3]), parts[4]
    elif parts := _NUMBERS.fullmatch(bare):
        first, second, clock = int(parts[1]), int(parts[3]), parts[5]
        year = int(parts[4]) if len(parts[4]) > 2 else _CENTURY + int(parts[4])  # noqa: PLR2004 - digits of a year
        chosen = "dmy" if parts[2] == "." else order
        if chosen is None:
            raise DateError("may begin with the day or the month: say which with --dates dmy or --dates mdy")
        day, month = (first, second) if chosen == "dmy" else (second, first)
    elif (parts := _DAY_FIRST.fullmatch(bare)) and (named := _MONTHS.get(parts[2].lower())):
        day, month, year, clock = int(parts[1]), named, int(parts[3]), parts[4]
    elif (parts := _MONTH_FIRST.fullmatch(bare)) and (named := _MONTHS.get(parts[1].lower())):
        day, month, year, clock = int(parts[2]), named, int(parts[3]), parts[4]
    else:
        raise DateError("is no date that is known: write it like 2026-11-01")
    try:
        return datetime.combine(date(year, month, day), _clock(clock))
    except ValueError as error:
        raise DateError(f"is no date: {error}; if day and month are the other way round, say --dates") from error


def _clock(text: str | None) -> time:
    if not text:
        return time()
    parts = _CLOCK.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"{text[:20]!r} is no time of day")
    hour, half = int(parts[1]), (parts[4] or "").lower()
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return time(hour, int(parts[2]), int(parts[3] or 0))
