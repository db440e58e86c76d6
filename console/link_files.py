"""From an import file, CSV or NDJSON, to its links and its complaints, line by line, however long it is."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from console.link_rows import COLUMNS, REQUIRED, Row, RowError, link_of
from schemas.links import Link, LinkError
from schemas.own_domains import check_leads_away

FileFormat = Literal["csv", "ndjson"]

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_DELIMITERS: Final = ",;\t"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Found(NamedTuple):
    """A link, and the line of the file that it begins on."""

    line: int
    link: Link


class Complaint(NamedTuple):
    """A line that is no link: what is wrong with it, and what to do."""

    line: int
    text: str


def read_links(
    lines: Iterable[bytes],
    kind: FileFormat,
    *,
    updated_at_ms: int,
    own_domains: Iterable[str] = (),
    own_allowed: bool = False,
) -> Iterator[Found | Complaint]:
    """Every record of a file as a link or a complaint; blank lines are neither.

    `lines` end in a newline each, as a file opened in binary gives them. The second of two rows with the same
    link is a complaint, and so is a link to a domain that has links, be it of `own_domains` or of a line before.
    Keeps the keys it has seen: about 200 bytes a link.
    """
    seen: dict[str, int] = {}
    own = set(own_domains)
    for line, row in _csv_rows(lines) if kind == "csv" else _ndjson_rows(lines):
        try:
            link = _link(row, updated_at_ms)
            check_leads_away(link, own, own_allowed=own_allowed)
        except (RowError, LinkError) as error:
            yield Complaint(line, str(error))
            continue
        first = seen.setdefault(link.key, line)
        if first == line:
            own.add(link.domain)
            yield Found(line, link)
        else:
            yield Complaint(line, f"{link.key} is on line {first} already: keep one of them")


def _link(row: Row | RowError, updated_at_ms: int) -> Link:
    if isinstance(row, RowError):
        raise row
    return link_of(row, updated_at_ms=updated_at_ms)


def _ndjson_rows(lines: Iterable[bytes]) -> Iterator[tuple[int, Row | RowError]]:
    decode = msgspec.json.Decoder(Row).decode
    for number, line in enumerate(_without_bom(lines), 1):
        if not line.strip():
            continue
        try:
            yield number, decode(line)
        except UnicodeDecodeError:
            yield number, RowError("is not UTF-8: save the file as UTF-8")
        except (msgspec.DecodeError, RecursionError) as error:
            yield number, RowError(f"{error}: write one JSON object a line, with the keys {', '.join(COLUMNS)}")


def _without_bom(lines: Iterable[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        yield line.removeprefix(_UTF8_BOM) if number == 0 else line


def _csv_rows(lines: Iterable[bytes]) -> Iterator[tuple[int, Row | RowError]]:
    records = _Records(_without_bom(lines))
    header = next(records, None)
    if header is None:
        yield 1, RowError(f"the file is empty: begin it with a header such as {','.join(COLUMNS)}")
        return
    line, cells = header
    names = [] if isinstance(cells, RowError) else [cell.strip().lower() for cell in cells]
    complaint = cells if isinstance(cells, RowError) else _wrong_header(names)
    if complaint:
        yield line, complaint
        return
    for line, cells in records:
        if isinstance(cells, RowError):
            yield line, cells
        elif len(cells) != len(names):
            yield (
                line,
                RowError(
                    f"has {len(cells)} cells where the header has {len(names)}: quote cells that have a delimiter"
                    " or a newline in them"
                ),
            )
        else:
            yield line, Row(**dict(zip(names, cells, strict=True)))


def _wrong_header(names: list[str]) -> RowError | None:
    missing = [name for name in REQUIRED if name not in names]
    unknown = [repr(name) for name in names if name not in COLUMNS]
    twice = sorted({name for name in names if names.count(name) > 1})
    if any(_SURROGATE.search(name) for name in names) or any("\0" in name for name in names):
        return RowError("the header is not UTF-8: save the file as UTF-8")
    if missing:
        return RowError(f"the header lacks {', '.join(missing)}: name the columns, known are {', '.join(COLUMNS)}")
    if unknown:
        return RowError(f"the header has unknown columns {', '.join(unknown)}: known are {', '.join(COLUMNS)}")
    if twice:
        return RowError(f"the header has {', '.join(twice)} more than once: keep one of each")
    return None


class _Records(Iterator[tuple[int, list[str] | RowError]]):
    """The records of a CSV file with the line each begins on; the delimiter is the header's.

    A quote that is never closed would swallow everything after it: then the first of the lines it took is the
    complaint, and the others are read anew.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._line = 0
        self._delimiter = ""

    def __next__(self) -> tuple[int, list[str] | RowError]:
        while True:
            self._taken = []
            first = self._line + 1
            try:
                cells = next(csv.reader(self._take(), delimiter=self._delimiter or self._sniff(), strict=True))
            except csv.Error as error:
                self._give_back_all_but_one()
                return first, RowError(
                    f"is no CSV: {error}; close every quote, and double a quote inside a quoted cell"
                )
            if cells:
                return first, cells

    def _take(self) -> Iterator[str]:
        while True:
            text = self._again.popleft() if self._again else next(self._lines, b"").decode(errors="surrogateescape")
            if not text:
                return
            self._line += 1
            self._taken.append(text)
            yield text

    def _give_back_all_but_one(self) -> None:
        self._again.extendleft(reversed(self._taken[1:]))
        self._line -= len(self._taken) - 1

    def _sniff(self) -> str:
        header = next(self._lines, b"").decode(errors="surrogateescape")
        if header:
            self._again.append(header)
        self._delimiter = max(_DELIMITERS, key=header.count)
        return self._delimiter
