"""Exports of other shorteners as rows of an import, recognized by their shape.

Taken over is what a link here can hold: names, destination, title, tags, status, schedule, fallback, rules,
variants, whether the query goes on, when it was made. All else that an export says is told by column
(console/left_behind.py).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import UNSET

from console.foreign_fields import MADE, Said, made_at, parts_of, plain, time_text
from console.foreign_rules import TARGETED, rules_in, variants_in
from console.left_behind import Left, left_of
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
_ENDS: Final = ("expiresAt", "expiration_at", "expiration", "validUntil", "expire_in")
_ENDS_AT: Final = ("expiredUrl", "expiredURL")
_BEGINS: Final = ("validSince",)
_PASSES: Final = ("forwardQuery", "redirectWithQuery", "forwardParameters")
_TITLES: Final = ("title", "description")
_TAKEN: Final = (
    *(*_SHORT, *_SLUG, *_DESTINATION, *_ENDS, *_ENDS_AT, *_BEGINS, *MADE, *_PASSES, *TARGETED),
    *("domain", "tags", "custom_bitlinks", "redirectType", "testStartedAt", "testCompletedAt"),
)
_SAID_TWICE: Final[dict[Shortener, tuple[str, ...]]] = {
    "bitly": ("id",),
    "dub": ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
}
"""Bitly's id is a link's name; Dub's parameters stand in `url`, too."""


def json_rows(
    text: str, domain: str, wanted: Shortener | None = None, *, zone: tzinfo | None = None, now_ms: int = 0
) -> Iterator[tuple[int, Said]]:
    """The links of a JSON document that an API or an export gave, by the number of the entry.

    `domain` is for those that name none, `zone` for times that have none.
    """
    try:
        document = json.loads(text, strict=False)  # titles may have control characters in them
    except (ValueError, RecursionError) as error:
        yield 1, RowError(f"is no JSON: {error}")
        return
    entries = _entries(document)
    if not entries:
        yield 1, RowError("has no links of a shortener that is known: " + ", ".join(SHORTENERS))
    for number, entry in enumerate(entries, 1):
        shortener = next((name for mark, name in _MARKS.items() if mark in entry), None)
        if shortener is None or wanted not in (None, shortener):
            yield number, RowError(f"an entry is no link of {wanted or ', '.join(SHORTENERS)}: {str(entry)[:80]}")
            continue
        for said in _entry_rows(entry, shortener, domain, zone, now_ms):
            yield number, said


def _entries(document: Any) -> list[Mapping[str, Any]]:
    """The links, wherever a document has them: in a list, or in an object by any name."""
    while isinstance(document, dict) and (inside := _inside(document)) is not None:
        document = inside
    if isinstance(document, dict):
        document = list(document.values())
    return [entry for entry in document if isinstance(entry, dict)] if isinstance(document, list) else []


def _inside(document: dict[str, Any]) -> Any:
    return next((document[name] for name in ("links", "shortUrls", "data") if name in document), None)


def _entry_rows(
    entry: Mapping[str, Any], shortener: Shortener, domain: str, zone: tzinfo | None, now_ms: int
) -> Iterator[Said]:
    if isinstance(meta := entry.get("meta"), dict):
        entry = {**entry, **meta, "meta": None}
    # Bitly's `link` may be on bit.ly while the id names the link's own domain; elsewhere an id is a number.
    short = str((entry.get("id") if shortener == "bitly" else None) or _first(entry, _SHORT) or "")
    own_domain, slug = parts_of(short)
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
        row, left = _row(entry, shortener, zone, now_ms, domain=own_domain, slug=slug)
        yield row
        for alias_domain, alias in map(parts_of, map(str, _listed(entry.get("custom_bitlinks")))):
            yield msgspec.structs.replace(row, domain=alias_domain, slug=alias)
        yield from left


def _row(
    entry: Mapping[str, Any], shortener: Shortener, zone: tzinfo | None, now_ms: int, *, domain: str, slug: str
) -> tuple[Row, list[Left]]:
    """The link of an entry, and what of the entry it does not hold."""
    status = str(entry.get("redirectType") or "")
    tags = [str((tag.get("name") if isinstance(tag, dict) else tag) or "") for tag in _listed(entry.get("tags"))]
    destination = str(_first(entry, _DESTINATION) or "")
    rules, left_of_rules = rules_in(entry)
    variants, weight, left_of_variants = variants_in(
        entry, destination, over=_is_over(entry.get("testCompletedAt"), zone, now_ms)
    )
    made, untimed = made_at(entry, zone)
    ends = _first(entry, _ENDS)
    titled = next((name for name in _TITLES if entry.get(name)), "")
    row = Row(
        domain=domain,
        slug=slug,
        destination=destination,
        title=plain(entry.get(titled) or ""),
        tags=list(dict.fromkeys(tag.strip() for tag in tags if tag.strip())),
        status=status if status in {"301", "302", "303", "307", "308"} else "",
        created_at=made,
        starts_at=time_text(_first(entry, _BEGINS), zone) or UNSET,
        expires_at=time_text(ends, zone),
        expired_destination=str(_first(entry, _ENDS_AT) or "") or UNSET,
        rules=rules,
        variants=variants,
        weight=weight,
        # Dub's links always do.
        pass_query=True if shortener == "dub" or any(entry.get(name) for name in _PASSES) else UNSET,
    )
    taken = {*_TAKEN, *_SAID_TWICE.get(shortener, ()), titled}
    if rules is not UNSET or left_of_rules:
        taken.add("hasRedirectRules")
    return row, [*untimed, *left_of_rules, *left_of_variants, *left_of(entry, taken)]


def _is_over(ended: Any, zone: tzinfo | None, now_ms: int) -> bool:
    try:
        at = datetime.fromisoformat(time_text(ended, zone))
    except ValueError:
        return False
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1000 <= now_ms


def _listed(value: Any) -> list[Any]:
    """What a field holds of which there may be several; one alone, too."""
    return value if isinstance(value, list) else [value] if value else []


def _first(entry: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((entry[name] for name in names if entry.get(name)), None)
