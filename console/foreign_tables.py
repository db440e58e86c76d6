"""Tables that other shorteners export: CSV by its header, and dumps of YOURLS' database."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Final

from console.foreign_fields import Said, made_at, parts_of, plain
from console.left_behind import Left, left_of
from console.link_rows import Row, RowError

_CSV_NAMES: Final = {
    **dict.fromkeys(("shortlink", "shorturl", "link", "bitlink", "source"), "short"),
    **dict.fromkeys(("shortcode", "slashtag", "keyword", "slug", "path"), "slug"),
    **dict.fromkeys(("destinationurl", "destination", "longurl", "originalurl", "target", "url"), "destination"),
    **dict.fromkeys(("createdat", "created", "datecreated", "timestamp"), "created"),
    **dict.fromkeys(("title", "tags", "domain"), ""),
}
_YOURLS_TABLE: Final = re.compile(r"INSERT INTO [`\"]?\w*_?url[`\"]? .*?VALUES\s*", re.IGNORECASE | re.DOTALL)
_YOURLS_LOG: Final = re.compile(r"INSERT INTO [`\"]?\w*_?log[`\"]? ", re.IGNORECASE)
_SQL_VALUE: Final = re.compile(r"\s*(?:'((?:[^'\\]|\\.|'')*)'|([^,()']+))\s*([,)])", re.DOTALL)
_SQL_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def csv_columns(header: Iterable[str]) -> dict[str, int] | None:
    """Where a foreign CSV has what, its header matched loosely; None when it is none."""
    columns: dict[str, int] = {}
    for number, name in enumerate(header):
        if meaning := _meaning(name):
            columns.setdefault(meaning, number)
    return columns if "destination" in columns and ("short" in columns or "slug" in columns) else None


def _meaning(name: str) -> str:
    """What a column of this name holds; empty: nothing that is read."""
    letters = re.sub(r"[^a-z]", "", name.lower())
    meaning = _CSV_NAMES.get(letters)
    return letters if meaning == "" else meaning or ""


def csv_row(
    cells: list[str], names: list[str], columns: Mapping[str, int], domain: str, *, zone: tzinfo | None = None
) -> Iterator[Said]:
    """A row of such a file; tags are separated by commas or by bars."""
    cell_of = {name: cells[number].strip() for name, number in columns.items() if number < len(cells)}
    short_domain, slug = parts_of(cell_of.get("short", ""))
    own_domain = cell_of.get("domain") or short_domain or domain
    if not own_domain:
        yield RowError(f"{slug or cell_of.get('slug')!r} has no domain: name it with --domain")
        return
    tags = cell_of.get("tags", "")
    made, untimed = made_at({"createdAt": cell_of.get("created", "")}, zone)
    yield Row(
        domain=own_domain,
        slug=slug if cell_of.get("short") else cell_of.get("slug", ""),
        destination=cell_of.get("destination", ""),
        title=plain(cell_of.get("title", "")),
        tags=[tag for part in tags.split("," if "," in tags else "|") if (tag := part.strip())],
        created_at=made,
    )
    for one in untimed:
        yield one._replace(column=names[columns["created"]])
    # A second column for what is read already says it again.
    again = {name for name in names if _meaning(name) in {"short", "slug"}}
    named = dict(zip(names, map(str.strip, cells), strict=True))
    yield from left_of(named, {*again, *(names[number] for number in columns.values())})


def sql_rows(text: str, domain: str, *, zone: tzinfo | None = None) -> Iterator[tuple[int, Said]]:
    """The table of links of a YOURLS dump, by the number of the row: keyword, url, title, timestamp, ip, clicks."""
    if not domain:
        yield 1, RowError("a dump names no domain: name it with --domain")
        return
    number = 0
    for insert in _YOURLS_TABLE.finditer(text):
        for values in _tuples(text, insert.end()):
            number += 1
            keyword, url, title, timestamp, ip, clicks, *_ = [*values, *[""] * 6]
            made, untimed = made_at({"timestamp": timestamp}, zone)
            yield (
                number,
                Row(domain=domain, slug=_escaped(keyword), destination=url, title=plain(title), created_at=made),
            )
            for left in (*untimed, *left_of({"ip": ip, "clicks": clicks})):
                yield number, left
    if _YOURLS_LOG.search(text):
        yield max(number, 1), Left("the table of the log", "clicks made there are no events here: keep the dump")


def _tuples(text: str, at: int) -> Iterator[list[str]]:
    while text[at : at + 1] == "(":
        values, end = [], ","
        at += 1
        while end == ",":
            match = _SQL_VALUE.match(text, at)
            if match is None:
                return
            quoted, unquoted, end = match.groups()
            bare = "" if unquoted is None or unquoted.strip().upper() == "NULL" else unquoted.strip()
            values.append(bare if quoted is None else _unquoted(quoted))
            at = match.end()
        yield values
        at += len(text[at : at + 8]) - len(text[at : at + 8].lstrip(", \r\n\t"))


def _unquoted(text: str) -> str:
    def character(mark: re.Match[str]) -> str:
        return _SQL_ESCAPES.get(mark[1], mark[1]) if mark[1] else "'"

    return re.sub(r"\\(.)|''", character, text, flags=re.DOTALL)


def _escaped(keyword: str) -> str:
    return re.sub(r"[%?#\s]", lambda mark: f"%{ord(mark[0]):02X}", keyword)
