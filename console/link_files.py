"""From an import file, CSV or NDJSON, to its links and its complaints, line by line, however long it is."""

import re
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from console.csv_records import CsvRecords
from console.foreign_fields import Said
from console.foreign_links import Shortener, json_rows
from console.foreign_tables import csv_columns, csv_row, sql_rows
from console.formula_guard import unguarded
from console.left_behind import Left
from console.link_rows import COLUMNS, NAMED_BY, WRONG_ENCODING, Row, RowError, link_of, name_of
from console.link_rules import emptied
from schemas.links import Link, LinkError, NewerLinkError
from schemas.own_domains import check_leads_away
from schemas.rules import NO_RULES

OwnFormat = Literal["csv", "ndjson"]
FileFormat = Literal["csv", "ndjson", "json", "sql"]
"""JSON and SQL are other shorteners', CSV may be."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class FileLink(NamedTuple):
    """A link as it should be, and as it was; the line of the file that it begins on."""

    line: int
    link: Link
    before: Link | None

    @property
    def unchanged(self) -> bool:
        """Whether nothing is to be written."""
        before = self.before
        return before is not None and before == msgspec.structs.replace(
            self.link, updated_at_ms=before.updated_at_ms
        )


class Complaint(NamedTuple):
    """A line that is no link: what is wrong with it, and what to do."""

    line: int
    text: str


class Blank(NamedTuple):
    """A row without anything in its cells, as spreadsheets leave them."""

    line: int


class Foreign(NamedTuple):
    """Of another shortener's file: which, if that is to be so; the domain and the zone where it has none."""

    shortener: Shortener | None = None
    domain: str = ""
    zone: tzinfo | None = None


OURS_OR_ANY: Final = Foreign()


class Known(Protocol):
    """The links that exist."""

    def get(self, key: str) -> Link | None:
        """Raises NewerLinkError."""

    def domains(self) -> Iterable[str]:
        """Those that have a link."""


class NoLinks:
    """No link exists."""

    def get(self, key: str) -> Link | None:  # noqa: ARG002 - as Known
        """None."""
        return None

    def domains(self) -> Iterable[str]:
        """None."""
        return ()


def read_links(
    lines: Iterable[str],
    kind: FileFormat,
    *,
    updated_at_ms: int,
    known: Known | None = None,
    replace: bool = False,
    own_allowed: bool = False,
    foreign: Foreign = OURS_OR_ANY,
) -> Iterator[FileLink | Complaint | Blank | Left]:
    """Every record of a file as a link or a complaint; blank lines are neither.

    Of another shortener's file also what it says and no link here can hold.

    A link that is `known` keeps what the file does not name, unless it is to `replace` it. The second of two rows
    with the same link is a complaint, and so is a link to a domain that has links, known ones or those of lines
    before. Keeps the keys it has seen: about 200 bytes a link.
    """
    known = known or NoLinks()
    seen: dict[str, int] = {}
    own = set(known.domains())
    for line, row in _rows(lines, kind, foreign, updated_at_ms):
        if row is None:
            yield Blank(line)
            continue
        if isinstance(row, Left):
            yield row._replace(line=line)
            continue
        try:
            if isinstance(row, RowError):
                raise row
            domain, slug = name_of(row)
            key = f"{domain}/{slug}"
            before = known.get(key)
            link = link_of(
                row,
                domain,
                slug,
                None if replace else before,
                updated_at_ms=updated_at_ms,
                numbered=NO_RULES if before is None else emptied(before.said),
            )
            check_leads_away(link, own, own_allowed=own_allowed)
        except (RowError, LinkError, NewerLinkError) as error:
            yield Complaint(line, str(error))
            continue
        first = seen.setdefault(key, line)
        if first == line:
            own.add(link.domain)
            yield FileLink(line, link, before)
        else:
            yield Complaint(line, f"{key} is on line {first} already: keep one of them")


def _rows(
    lines: Iterable[str], kind: FileFormat, foreign: Foreign, now_ms: int
) -> Iterator[tuple[int, Said | None]]:
    if kind == "csv":
        return _csv_rows(lines, foreign)
    if kind == "ndjson":
        return _ndjson_rows(lines)
    whole = list(lines)
    if kind == "sql":
        return sql_rows("".join(whole), foreign.domain, zone=foreign.zone)
    first = next(filter(str.strip, whole), "")
    if foreign.shortener is None and '"domain"' in first and '"slug"' in first and first.rstrip().endswith("}"):
        return _ndjson_rows(whole)
    return json_rows("".join(whole), foreign.domain, foreign.shortener, zone=foreign.zone, now_ms=now_ms)


def _ndjson_rows(lines: Iterable[str]) -> Iterator[tuple[int, Row | RowError]]:
    decode = msgspec.json.Decoder(Row).decode
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, decode(line)
        except UnicodeError:
            yield number, RowError(f"is not {WRONG_ENCODING}")
        except (msgspec.DecodeError, RecursionError) as error:
            yield number, RowError(f"{error}: write one JSON object a line, with the keys {', '.join(COLUMNS)}")


def _csv_rows(lines: Iterable[str], foreign: Foreign) -> Iterator[tuple[int, Said | None]]:
    records = CsvRecords(iter(lines))
    header = next(records, None)
    if header is None:
        yield 1, RowError(f"the file is empty: begin it with a header such as {','.join(COLUMNS)}")
        return
    line, cells = header
    names = [] if isinstance(cells, RowError) else [cell.strip().lower() for cell in cells]
    complaint = cells if isinstance(cells, RowError) else _wrong_header(names)
    ours = {*NAMED_BY} <= {*names}
    columns = csv_columns(names) if complaint and not ours else None
    if complaint and columns is None:
        yield line, complaint
        return
    for line, cells in records:
        if isinstance(cells, RowError):
            yield line, cells
        elif not any(map(str.strip, cells)):
            yield line, None
        elif len(cells) != len(names):
            yield (
                line,
                RowError(
                    f"has {len(cells)} cells where the header has {len(names)}: quote cells that have a delimiter"
                    " or a newline in them"
                ),
            )
        elif columns is not None:
            for said in csv_row(cells, names, columns, foreign.domain, zone=foreign.zone):
                yield line, said
        else:
            yield line, Row(**dict(zip(names, map(unguarded, cells), strict=True)))


def _wrong_header(names: list[str]) -> RowError | None:
    missing = [name for name in NAMED_BY if name not in names]
    unknown = [repr(name) for name in names if name not in COLUMNS]
    twice = sorted({name for name in names if names.count(name) > 1})
    known = f"known are {', '.join(COLUMNS)}"
    if any(_SURROGATE.search(name) or "\0" in name for name in names):
        text = f"is not {WRONG_ENCODING}"
    elif len(names) > 1 and not names[-1]:
        text = "ends in a delimiter: take it away here and from every row, or name that column"
    elif missing:
        text = f"lacks {', '.join(missing)}: name the columns, {known}"
    elif "" in names:
        text = f"has no name for column {names.index('') + 1}: {known}"
    elif unknown:
        text = f"has unknown columns {', '.join(unknown)}: {known}"
    elif twice:
        text = f"has {', '.join(twice)} more than once: keep one of each"
    else:
        return None
    return RowError(f"the header {text}")
