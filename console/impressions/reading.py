"""A downloaded file read to its totals: recognized, dated, each line a snapshot or a complaint. No network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from console.impressions.dates import DateError, Moment, Order, moment_of, order_of
from console.impressions.formats import linkedin
from console.impressions.formats.known import FORMS
from console.impressions.forms import Form, Part, header_seen, plain, recognize
from console.impressions.lines import FileFacts, PassedOver
from console.impressions.sheets import Sheet, readings_of
from console.impressions.spreadsheets import FileError
from schemas.platforms.reading import Collector, Complaint, PayloadError, PlacedSnapshot, Unsaid
from schemas.snapshot_times import snapshot_fault

_IN_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})_(?:to_)?(\d{4}-\d{2}-\d{2})")
_MADE_AT: Final = re.compile(r"_(1\d{12})(?:\D|$)")
"""Milliseconds since 1970 in a file's name, as LinkedIn's page exports have it."""
_RANGE: Final = re.compile(r"(.{6,40}?)\s+[-–]\s+(.{6,40})")  # noqa: RUF001 - dashes as files have them
_COMPLETE_AT: Final = re.compile(r"last completed available (?:day|hour):\s*(.+)", re.IGNORECASE)
_TITLE_ROWS: Final = 5
_HEADERS_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the person who imports says of a file; None and empty: the file tells."""

    form: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Headers of the file, in lower case, by the names that the form has for them."""
    encoding: str | None = None
    zone: tzinfo | None = None
    order: Order | None = None
    period: tuple[date, date] | None = None
    is_life: bool = False
    observed_ms: int | None = None


class FileReading(NamedTuple):
    """What a file has. Each of its rows is a total, complained about or passed over."""

    titles: list[str]
    placed: list[PlacedSnapshot]
    complaints: list[Complaint]
    passed: PassedOver
    observed_ms: int


def read_file(path: Path, choices: Choices, now_ms: int) -> FileReading:
    """What a file says, judged now. Raises FileError for a file that is not imported at all, and OSError."""
    sheets, parts = _recognized(path, choices)
    try:
        order = choices.order or _order(parts)
        period = choices.period or _period(path.name, sheets, parts, order)
        observed_ms = _observed_ms(path, sheets) if choices.observed_ms is None else choices.observed_ms
        facts = FileFacts(
            observed_ms=observed_ms, zone=choices.zone, order=order, period=period, is_life=choices.is_life
        )
        return _read(sheets, parts, facts, now_ms)
    except (PayloadError, DateError) as error:
        raise FileError(str(error)) from error


def _recognized(path: Path, choices: Choices) -> tuple[list[Sheet], list[Part]]:
    forms = [form for form in FORMS if choices.form in ("", form.name)]
    seen: list[str] = []
    for sheets in readings_of(path, choices.encoding):
        parts = [part for sheet in sheets if (part := recognize(sheet, forms, choices.renamed)) is not None]
        if parts:
            return sheets, parts
        seen = max(seen, header_seen(sheets), key=len)
    raise FileError(_unknown(seen, forms))


def _unknown(seen: Sequence[str], forms: Sequence[Form]) -> str:
    shown = ", ".join(seen[:_HEADERS_SHOWN]) + (", …" if len(seen) > _HEADERS_SHOWN else "")
    if len(forms) == 1:
        form = forms[0]
        plain_seen = set(map(plain, seen))
        missing = [
            name
            for name in form.needed
            if not any(
                spelling in plain_seen for part in name.split("|") for spelling in form.columns.get(part, ())
            )
        ]
        return (
            f"is no {form.title}: it lacks {', '.join(missing) or 'its header'}. It has {shown}. Headers in another"
            " language are named so: --column impressions=Impressionen"
        )
    return (
        f"is of no form that is known ({', '.join(form.title for form in forms)}). It has {shown}."
        " Export it in English, or say which it is and what its headers mean:"
        " --format x-content --column impressions=Impressionen"
    )


def _order(parts: Sequence[Part]) -> Order | None:
    cells: Iterator[Moment] = chain.from_iterable(part.cells(name) for part in parts for name in part.form.dates)
    order = order_of(cells)
    usual = next((part.form.order for part in parts if part.form.order is not None), None)
    return order or usual


def _period(
    name: str, sheets: Sequence[Sheet], parts: Sequence[Part], order: Order | None
) -> tuple[date, date] | None:
    """The days that a file is of: as its name says, its page's days, or a title such as 1/1/2026 - 3/31/2026."""
    if named_days := _IN_NAME.search(name):
        try:
            return date.fromisoformat(named_days[1]), date.fromisoformat(named_days[2])
        except ValueError:
            pass
    days = [
        moment.date()
        for part in parts
        if part.form is linkedin.PAGE_DAYS
        for cell in part.cells("date")
        if (moment := _moment(cell, order)) is not None
    ]
    if days:
        return min(days), max(days)
    for sheet in sheets:
        for cell in chain.from_iterable(row.cells for row in sheet.rows[:_TITLE_ROWS]):
            ends = _RANGE.fullmatch(cell.strip()) if isinstance(cell, str) else None
            first, last = (_moment(ends[1], order), _moment(ends[2], order)) if ends else (None, None)
            if first is not None and last is not None and first <= last:
                return first.date(), last.date()
    return None


def _moment(cell: Moment, order: Order | None) -> datetime | None:
    try:
        return moment_of(cell, order)
    except DateError:
        return None


def _observed_ms(path: Path, sheets: Sequence[Sheet]) -> int:
    """When the platform said these totals: as the file or its name says, never after the file was written.

    The end of its period says nothing of that: one period may be exported twice, with other totals.
    """
    modified_ms = int(path.stat().st_mtime * 1000)
    if made_at := _MADE_AT.search(path.name):
        return min(int(made_at[1]), modified_ms)
    for row in sheets[0].rows[: 2 * _TITLE_ROWS] if sheets else ():
        for cell in row.cells:
            complete_at = _COMPLETE_AT.match(cell.strip()) if isinstance(cell, str) else None
            moment = _moment(complete_at[1], "mdy") if complete_at else None
            if moment is not None:
                return min(round(moment.replace(tzinfo=UTC).timestamp() * 1000), modified_ms)
    return modified_ms


def _read(sheets: Sequence[Sheet], parts: Sequence[Part], facts: FileFacts, now_ms: int) -> FileReading:
    reading = FileReading([], [], [], PassedOver(), facts.observed_ms)
    for sheet in sheets:
        place = f"{sheet.name}:" if sheet.name else ""
        reading.complaints.extend(Complaint(f"{place}{fault.number}", fault.text) for fault in sheet.faults)
    for part in parts:
        reading.titles.append(part.form.title)
        collector = Collector(
            part.form.platform,
            Unsaid(observed_ms=facts.observed_ms, source=f"file:{part.form.name}", zone=facts.zone),
        )
        part.form.read(part, facts, collector, reading.passed)
        of_part = collector.reading()
        reading.complaints.extend(of_part.complaints)
        for one in of_part.placed:
            fault = snapshot_fault(one.snapshot, now_ms)
            if fault is None:
                reading.placed.append(one)
            else:
                reading.complaints.append(Complaint(one.place, f"{fault.field}: {fault.detail}"))
    return reading
