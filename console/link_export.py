"""Links as import files, so that what is exported can be imported; the two formats say the same."""

import csv
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

from console.formula_guard import guarded
from console.link_files import OwnFormat
from console.link_rows import COLUMNS, LISTS, TIMES
from console.rule_cells import cell_text, cells_of
from schemas.links import Link

_NOT_IN_A_SLUG: Final = re.compile(r"[%?#\s\x00-\x1f\x7f]")


def write_links(links: Iterable[Link], kind: OwnFormat, out: TextIO) -> int:
    """Write all; returns how many."""
    write = _csv_writer(out) if kind == "csv" else _ndjson_writer(out)
    count = 0
    for count, link in enumerate(links, 1):  # noqa: B007 - counts
        write(link)
    return count


def row_of(link: Link) -> dict[str, Any]:
    """A link by the columns of an import file; times as text, lists as lists."""
    row: dict[str, Any] = {name: getattr(link, name, None) for name in COLUMNS}
    row["slug"] = _slug_text(link.slug)
    rules = link.said
    for name in TIMES:
        row[name] = _time_text(rules.starts_at_ms if name == "starts_at" else getattr(link, f"{name}_ms"))
    return row | cells_of(rules)


def _csv_writer(out: TextIO) -> Callable[[Link], None]:
    writer = csv.writer(out)  # with CRLF after each row: so it quotes a CR in a cell, too
    writer.writerow(COLUMNS)

    def write(link: Link) -> None:
        row = row_of(link)
        for name in LISTS:
            row[name] = _list_text(row[name])
        writer.writerow([guarded(cell_text(name, row[name])) for name in COLUMNS])

    return write


def _ndjson_writer(out: TextIO) -> Callable[[Link], None]:
    encode = msgspec.json.Encoder().encode

    def write(link: Link) -> None:
        out.write(encode(row_of(link)).decode() + "\n")

    return write


def _slug_text(slug: str) -> str:
    """As it stands in the link's URL, but for characters that are easier to read as they are."""
    text = _NOT_IN_A_SLUG.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), slug)
    return f"/{text}" if text.startswith("/") else text


def _time_text(time_ms: int | None) -> str:
    if time_ms is None:
        return ""
    at = datetime.fromtimestamp(time_ms // 1000, UTC).replace(microsecond=time_ms % 1000 * 1000)
    return at.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds").replace("+00:00", "Z")


def _list_text(parts: tuple[str, ...]) -> str:
    if any("," in part or part.startswith('["') for part in parts):
        return msgspec.json.encode(parts).decode()
    return ",".join(parts)
