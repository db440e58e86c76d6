"""Exports of other shorteners as rows of an import, recognized by their shape.

Kept is what an import takes: names, destination, title, tags, status, expiry. Clicks that were counted there are no
events, and when a link was created there is not read.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from console.link_rows import Row, RowError

Shortener = Literal["bitly", "dub", "kutt", "rebrandly", "shlink", "short.io", "sink", "yourls"]
SHORTENERS: Final[tuple[Shortener, ...]] = get_args(Shortener)

# What tells a shortener's links in JSON from the others', and where they keep what.
_MARKS: Final[dict[str, Shortener]] = {
    "long_url": "bitly",
    "originalURL": "short.io",
    "longUrl": "shlink",
    "slashtag": "rebrandly",
    "shortLink": "dub",
    "address": "kutt",
    "shorturl": "yourls",
    "slug": "sink",
}
_SHORT: Final = ("link", "shortLink", "shortUrl", "shorturl", "secureShortURL", "shortURL")
_SLUG: Final = ("shortCode", "slashtag", "key", "address", "slug", "path")
_DESTINATION: Final = ("long_url", "originalURL", "longUrl", "destination", "target", "url")
_PROTECTED: Final = ("password", "hasPassword")
_CLOSED: Final = ("banned", "disabledAt")
_ENDS: Final = ("expiresAt", "expiration_at", "expiration", "validUntil")
_TARGETED: Final = ("ios", "android", "geo", "apple", "google", "testVariants", "hasRedirectRules", "deeplinks")

_CSV_NAMES: Final = {
    **dict.fromkeys(("shortlink", "shorturl", "link", "bitlink", "source"), "short"),
    **dict.fromkeys(("shortcode", "slashtag", "keyword", "slug", "path"), "slug"),
    **dict.fromkeys(("destinationurl", "destination", "longurl", "originalurl", "target", "url"), "destination"),
    **dict.fromkeys(("title", "tags", "domain"), ""),
}
_YOURLS_TABLE: Final = re.compile(r"INSERT INTO [`\"]?\w*_?url[`\"]? .*?VALUES\s*", re.IGNORECASE | re.DOTALL)
_SQL_VALUE: Final = re.compile(r"\s*(?:'((?:[^'\\]|\\.|'')*)'|([^,()']+))\s*([,)])", re.DOTALL)
_SQL_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


def json_rows(text: str, domain: str, wanted: Shortener | None = None) -> Iterator[Row | RowError]:
    """The links of a JSON document that an API or an export gave. `domain` is for those that name none."""
    try:
        document = json.loads(text, strict=False)  # titles may have control characters in them
    except (ValueError, RecursionError) as error:
        yield RowError(f"is no JSON: {error}")
        return
    entries = _entries(document)
    if not entries:
        yield RowError("has no links of a shortener that is known: " + ", ".join(SHORTENERS))
    for entry in entries:
        shortener = next((name for mark, name in _MARKS.items() if mark in entry), None)
        if shortener is None or wanted not in (None, shortener):
            yield RowError(f"an entry is no link of {wanted or ', '.join(SHORTENERS)}: {str(entry)[:80]}")
        else:
            yield from _entry_rows(entry, shortener, domain)


def _entries(document: Any) -> list[Mapping[str, Any]]:
    """The links, wherever a document has them: in a list, or in an object by any name."""
    while isinstance(document, dict) and (inside := _inside(document)) is not None:
        document = inside
    if isinstance(document, dict):
        document = list(document.values())
    return [entry for entry in document if isinstance(entry, dict)] if isinstance(document, list) else []


def _inside(document: dict[str, Any]) -> Any:
    return next((document[name] for name in ("links", "shortUrls", "data") if name in document), None)


def _entry_rows(entry: Mapping[str, Any], shortener: Shortener, domain: str) -> Iterator[Row | RowError]:
    # Bitly's `link` may be on bit.ly while the id names the link's own domain; elsewhere an id is a number.
    short = str((entry.get("id") if shortener == "bitly" else None) or _first(entry, _SHORT) or "")
    own_domain, slug = _parts(short)
    named = entry.get("domain")
    if isinstance(named, dict):
        named = named.get("fullName")
    own_domain = str(named or own_domain or domain)
    if not short:
        slug = str(_first(entry, _SLUG) or "")
    what = f"{own_domain}/{slug}"
    if any(entry.get(name) for name in _PROTECTED):
        yield RowError(f"{what} is protected by a password, which no link here can be: it is not imported")
    elif any(entry.get(name) for name in _CLOSED):
        yield RowError(f"{what} was closed there: it is not imported")
    elif not own_domain:
        yield RowError(f"{slug!r} has no domain: name it with --domain")
    else:
        if any(entry.get(name) for name in _TARGETED):
            yield RowError(f"{what} has destinations by device, country or test: the main one alone is imported")
        for alias_domain, alias in [(own_domain, slug), *map(_parts, entry.get("custom_bitlinks") or ())]:
            yield _row(alias_domain, alias, entry)


def _row(domain: str, slug: str, entry: Mapping[str, Any]) -> Row:
    status = str(entry.get("redirectType") or "")
    tags = [tag.get("name", "") if isinstance(tag, dict) else str(tag) for tag in entry.get("tags") or ()]
    return Row(
        domain=domain,
        slug=slug,
        destination=str(_first(entry, _DESTINATION) or ""),
        title=_plain(entry.get("title") or entry.get("description") or ""),
        tags=list(dict.fromkeys(tag.strip() for tag in tags if tag.strip())),
        status=status if status in {"301", "302", "303", "307", "308"} else "",
        expires_at=_time_text(_first({**entry, **(entry.get("meta") or {})}, _ENDS)),
    )


def csv_columns(header: Iterable[str]) -> dict[str, int] | None:
    """Where a foreign CSV has what, its header matched loosely; None when it is none."""
    columns: dict[str, int] = {}
    for number, name in enumerate(header):
        plain = re.sub(r"[^a-z]", "", name.lower())
        meaning = _CSV_NAMES.get(plain)
        if meaning is not None:
            columns.setdefault(meaning or plain, number)
    return columns if "destination" in columns and ("short" in columns or "slug" in columns) else None


def csv_row(cells: list[str], columns: Mapping[str, int], domain: str) -> Row | RowError:
    """A row of such a file; tags are separated by commas or by bars."""
    cell_of = {name: cells[number].strip() for name, number in columns.items() if number < len(cells)}
    short_domain, slug = _parts(cell_of.get("short", ""))
    own_domain = cell_of.get("domain") or short_domain or domain
    if not own_domain:
        return RowError(f"{slug or cell_of.get('slug')!r} has no domain: name it with --domain")
    tags = cell_of.get("tags", "")
    return Row(
        domain=own_domain,
        slug=slug if cell_of.get("short") else cell_of.get("slug", ""),
        destination=cell_of.get("destination", ""),
        title=_plain(cell_of.get("title", "")),
        tags=[tag for part in tags.split("," if "," in tags else "|") if (tag := part.strip())],
    )


def sql_rows(text: str, domain: str) -> Iterator[Row | RowError]:
    """The table of links of a YOURLS dump: keyword, url, title, then what is not kept."""
    if not domain:
        yield RowError("a dump names no domain: name it with --domain")
        return
    for insert in _YOURLS_TABLE.finditer(text):
        for values in _tuples(text, insert.end()):
            keyword, url, title, *_ = [*values, "", "", ""]
            yield Row(domain=domain, slug=_escaped(keyword), destination=url, title=_plain(title))


def _tuples(text: str, at: int) -> Iterator[list[str]]:
    while text[at : at + 1] == "(":
        values, end = [], ","
        at += 1
        while end == ",":
            match = _SQL_VALUE.match(text, at)
            if match is None:
                return
            quoted, plain, end = match.groups()
            bare = "" if plain is None or plain.strip().upper() == "NULL" else plain.strip()
            values.append(bare if quoted is None else _unquoted(quoted))
            at = match.end()
        yield values
        at += len(text[at : at + 8]) - len(text[at : at + 8].lstrip(", \r\n\t"))


def _unquoted(text: str) -> str:
    def plain(mark: re.Match[str]) -> str:
        return _SQL_ESCAPES.get(mark[1], mark[1]) if mark[1] else "'"

    return re.sub(r"\\(.)|''", plain, text, flags=re.DOTALL)


def _parts(short: str) -> tuple[str, str]:
    """Domain and slug of a short URL, with a scheme or without; as it stands in the URL."""
    rest = short.partition("://")[2] if "://" in short else short
    domain, _, path = rest.partition("/")
    return domain, path.strip("/")


def _escaped(keyword: str) -> str:
    return re.sub(r"[%?#\s]", lambda mark: f"%{ord(mark[0]):02X}", keyword)


def _plain(title: str) -> str:
    return _CONTROL.sub(" ", str(title)).strip()[:512]


def _first(entry: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((entry[name] for name in names if entry.get(name)), None)


def _time_text(time: Any) -> str:
    text = str(time or "")
    try:
        return datetime.fromtimestamp(float(text), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return text
