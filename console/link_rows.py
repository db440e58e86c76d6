"""From one row of an import file to a link: every value checked, every complaint says what to do."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from console.link_rules import NumberError, RuleBody, VariantBody, as_kept, merged
from console.rule_cells import RULE_COLUMNS, CellError, read_cells, whole_number
from schemas.link_names import read_slug
from schemas.links import Link, LinkError, check_link, form_of, read_domain, read_origin
from schemas.rules import NO_RULES, LinkRules, Retired

NAMED_BY: Final = ("domain", "slug")
TEXTS: Final = (
    *("account", "title", "campaign", "post", "channel", "profile", "variant", "experiment"),
    *("post_id", "post_url", "impressions", "aim", "click_id_parameter"),
)
LISTS: Final = ("tags", "origins")
"""In a cell separated by commas, in JSON as lists too."""
TIMES: Final = ("published_at", "expires_at", "starts_at", "created_at")
COLUMNS: Final = (*NAMED_BY, "destination", *TEXTS, *LISTS, "status", *TIMES, "cache_s", *RULE_COLUMNS)

WRONG_ENCODING: Final = "text in the file's encoding: save it as UTF-8, or name the encoding with --encoding"

_USUAL_STATUS: Final = 302

# What DateTime64(3) in the table `links` can hold, with room.
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class RowError(ValueError):
    """A row that is no link; the message says what is wrong and what to do."""


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """A row as people write it. What is not there, or null, is left as it was; an empty text empties it."""

    domain: str
    slug: str
    destination: str | UnsetType | None = UNSET
    account: str | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    campaign: str | UnsetType | None = UNSET
    post: str | UnsetType | None = UNSET
    channel: str | UnsetType | None = UNSET
    profile: str | UnsetType | None = UNSET
    variant: str | UnsetType | None = UNSET
    experiment: str | UnsetType | None = UNSET
    post_id: str | UnsetType | None = UNSET
    post_url: str | UnsetType | None = UNSET
    impressions: str | UnsetType | None = UNSET
    aim: str | UnsetType | None = UNSET
    click_id_parameter: str | UnsetType | None = UNSET
    tags: str | list[str] | UnsetType | None = UNSET
    origins: str | list[str] | UnsetType | None = UNSET
    status: int | str | UnsetType | None = UNSET
    published_at: str | UnsetType | None = UNSET
    expires_at: str | UnsetType | None = UNSET
    starts_at: str | UnsetType | None = UNSET
    created_at: str | UnsetType | None = UNSET
    cache_s: int | str | UnsetType | None = UNSET
    variants: str | list[VariantBody] | UnsetType | None = UNSET
    weight: int | str | UnsetType | None = UNSET
    rules: str | list[RuleBody] | UnsetType | None = UNSET
    retired: str | list[Retired] | UnsetType | None = UNSET
    early_destination: str | UnsetType | None = UNSET
    expired_destination: str | UnsetType | None = UNSET
    pass_query: bool | str | UnsetType | None = UNSET
    add_utm: bool | str | UnsetType | None = UNSET
    utm_source: str | UnsetType | None = UNSET
    utm_medium: str | UnsetType | None = UNSET
    utm_campaign: str | UnsetType | None = UNSET
    utm_term: str | UnsetType | None = UNSET
    utm_content: str | UnsetType | None = UNSET


_CELLS: Final = tuple(name for name in Row.__struct_fields__ if name not in NAMED_BY)
_cells: Final = attrgetter(*_CELLS)
_RULE_NAMES: Final = frozenset(RULE_COLUMNS)
_IS_TEXT: Final = frozenset({"destination", *TEXTS})
_domain: Final = lru_cache(maxsize=4096)(read_domain)


def name_of(row: Row) -> tuple[str, str]:
    """Domain and slug of the link that a row is about. Raises RowError."""
    for name in NAMED_BY:
        _check_text(name, getattr(row, name))
    try:
        return _domain(row.domain), read_slug(row.slug)
    except LinkError as error:
        raise RowError(str(error)) from error


def link_of(
    row: Row, domain: str, slug: str, before: Link | None, *, updated_at_ms: int, numbered: LinkRules = NO_RULES
) -> Link:
    """The link of this name with what the row says; the rest is as `before`, or empty. Raises RowError.

    Of a link that is replaced, `numbered` says which numbers its destinations had.
    """
    said_before = numbered if before is None else before.said
    try:
        cells = {
            name: cell
            for name, cell in zip(_CELLS, _cells(row), strict=True)
            if cell is not UNSET and cell is not None
        }
        values = _values(cells)
        said = _said(cells, values)
        values["rules"] = as_kept(merged(said_before, said, updated_at_ms) if said else said_before)
    except (CellError, NumberError) as error:
        raise RowError(str(error)) from error
    if before is None and not values.get("destination"):
        raise RowError(
            f"{domain}/{slug} has no destination: only a link that exists, and is not replaced, can do without"
        )
    try:
        if values.get("origins"):
            values["origins"] = [*map(read_origin, values["origins"])]
        fields = {"domain": domain, "slug": slug, "updated_at_ms": updated_at_ms, **values}
        if before is None:
            link = msgspec.convert(fields, Link)
        else:
            row_link = msgspec.convert({"destination": before.destination, **fields}, Link)
            changes = {name: getattr(row_link, name) for name in values}
            link = msgspec.structs.replace(before, **changes, updated_at_ms=updated_at_ms)
        if link.v != form_of(link):
            link = msgspec.structs.replace(link, v=form_of(link))
        check_link(link)
    except LinkError as error:
        raise RowError(str(error)) from error
    except msgspec.ValidationError as error:
        raise RowError(f"{error}: correct this value") from error
    return link


def _values(cells: dict[str, Any]) -> dict[str, Any]:
    """What cells say, by the names of a link's fields."""
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        if name in _IS_TEXT:
            values[name] = cell.strip()
            _check_text(name, cell)
        elif name in LISTS:
            values[name] = _listed(cell)
            _check_text(name, "".join(values[name]))
        elif name in TIMES:
            values[f"{name}_ms"] = _time_ms(name, cell.strip())
        elif name == "status":
            values[name] = _status(str(cell).strip())
        elif name == "cache_s":
            values[name] = whole_number(name, cell) or 0
    return values


def _said(cells: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What cells say of rules; taken away from the values of the link."""
    said = {} if _RULE_NAMES.isdisjoint(cells) else read_cells({name: cells.get(name) for name in RULE_COLUMNS})
    if "starts_at_ms" in values:
        said["starts_at_ms"] = values.pop("starts_at_ms")
    for name, value in said.items():
        if isinstance(value, str):
            _check_text(name, value)
    return said


def _check_text(name: str, value: str) -> None:
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RowError(f"{name} is not {WRONG_ENCODING}") from error


def _listed(cell: str | list[str]) -> list[str]:
    """Separated by commas, or a JSON list, where a part has a comma in it."""
    if isinstance(cell, str) and cell.lstrip().startswith('["'):
        try:
            cell = msgspec.json.decode(cell, type=list[str])
        except msgspec.DecodeError as error:
            raise RowError(f"{cell!r} is no JSON list of texts: separate plain texts by commas") from error
    parts = cell.split(",") if isinstance(cell, str) else cell
    return [stripped for part in parts if (stripped := part.strip())]


def _status(text: str) -> int:
    if not text:
        return _USUAL_STATUS
    if text not in {"301", "302", "303", "307", "308"}:
        raise RowError(f"status {text!r} is no redirect: give 301, 302, 303, 307 or 308, or leave it empty")
    return int(text)


def _time_ms(name: str, text: str) -> int | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise RowError(f"{name} {text!r} is no ISO 8601 time: write it like 2026-12-24T18:00:00Z") from error
    if at.tzinfo is None:
        raise RowError(f"{name} {text!r} has no time zone: end it in Z or an offset such as +01:00")
    if not _EARLIEST <= at < _LATEST:
        raise RowError(f"{name} {text!r} is not between 1970 and 2200: leave it empty if there is none")
    return (at - _EARLIEST) // timedelta(milliseconds=1)
