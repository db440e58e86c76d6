"""From one row of an import file to a link: every value checked, every complaint says what to do."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from schemas.links import Link, LinkError, check_link, read_domain, read_origin, slug_of_path

REQUIRED: Final = ("domain", "slug", "destination")
TEXTS: Final = (
    *("account", "title", "campaign", "post", "channel", "profile", "variant", "experiment"),
    *("post_id", "post_url", "impressions", "aim"),
)
LISTS: Final = ("tags", "origins")
"""In a cell separated by commas, in JSON as lists too."""
TIMES: Final = ("published_at", "expires_at")
COLUMNS: Final = (*REQUIRED, *TEXTS, *LISTS, "status", *TIMES)

# What DateTime64(3) in the table `links` can hold, with room.
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class RowError(ValueError):
    """A row that is no link; the message says what is wrong and what to do."""


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """A row as people write it. An empty cell is as good as none."""

    domain: str
    slug: str
    destination: str
    account: str = ""
    title: str = ""
    campaign: str = ""
    post: str = ""
    channel: str = ""
    profile: str = ""
    variant: str = ""
    experiment: str = ""
    post_id: str = ""
    post_url: str = ""
    impressions: str = ""
    aim: str = ""
    tags: str | list[str] = ""
    origins: str | list[str] = ""
    status: int | str = ""
    published_at: str | None = ""
    expires_at: str | None = ""


def link_of(row: Row, *, updated_at_ms: int) -> Link:
    """The link that a row describes. Raises RowError."""
    values: dict[str, Any] = {name: getattr(row, name).strip() for name in ("destination", *TEXTS)}
    values |= {name: _listed(getattr(row, name)) for name in LISTS}
    for name, value in (("domain", row.domain), ("slug", row.slug), *values.items()):
        _check_text(name, value if isinstance(value, str) else "".join(value))
    values |= {f"{name}_ms": _time_ms(name, (getattr(row, name) or "").strip()) for name in TIMES}
    values |= {"slug": _slug(row.slug.strip()), "updated_at_ms": updated_at_ms}
    if str(row.status).strip():
        values["status"] = _status(str(row.status).strip())
    try:
        values |= {"domain": read_domain(row.domain), "origins": [*map(read_origin, values["origins"])]}
        link = msgspec.convert(values, Link)
        check_link(link)
    except LinkError as error:
        raise RowError(str(error)) from error
    except msgspec.ValidationError as error:
        raise RowError(f"{error}: correct this value") from error
    return link


def _check_text(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RowError(f"{name} is not UTF-8: save the file as UTF-8") from error


def _listed(cell: str | list[str]) -> list[str]:
    parts = cell.split(",") if isinstance(cell, str) else cell
    return [stripped for part in parts if (stripped := part.strip())]


def _slug(text: str) -> str:
    """A slug as it stands in the link's URL, escapes such as %20 allowed, a leading slash too."""
    for mark in "?#":
        if mark in text:
            raise RowError(
                f"slug {text!r} has a {mark!r}, which ends a path: leave it out, or write %{ord(mark):X}"
            )
    return slug_of_path("/" + text.removeprefix("/"))


def _status(text: str) -> int:
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
    return int(at.timestamp() * 1000)
