"""What exports of all shorteners have: short URLs, titles, times; and what comes of an entry."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from msgspec import UNSET, UnsetType

from console.left_behind import Left
from console.link_rows import Row, RowError

Said = Row | RowError | Left
"""What comes of an entry: links, why there is none, and what of it is not taken over."""

MADE: Final = ("createdAt", "created_at", "dateCreated", "timestamp")
_NO_ZONE: Final = "it has no time zone: name that of the exporting server with --time-zone"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


def parts_of(short: str) -> tuple[str, str]:
    """Domain and slug of a short URL, with a scheme or without; as it stands in the URL."""
    rest = short.partition("://")[2] if "://" in short else short
    domain, _, path = rest.partition("/")
    return domain, path.strip("/")


def plain(title: str) -> str:
    """A title without control characters, as long as one may be."""
    return _CONTROL.sub(" ", str(title)).strip()[:512]


def made_at(values: Mapping[str, Any], zone: tzinfo | None) -> tuple[str | UnsetType, list[Left]]:
    """When a link was made there; left out and told where the time has no zone, or is none."""
    column = next((name for name in MADE if values.get(name)), None)
    if column is None:
        return UNSET, []
    text = time_text(values[column], zone)
    try:
        zoneless = datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return UNSET, [Left(column, "it is no ISO 8601 time")]
    return (UNSET, [Left(column, _NO_ZONE)]) if zoneless else (text, [])


def time_text(time: Any, zone: tzinfo | None = None) -> str:
    """ISO 8601: seconds since 1970 as UTC, a time without a zone in `zone`; what is no time as it stands."""
    text = str(time or "").strip()
    try:
        return datetime.fromtimestamp(float(text), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if zone is None or at.tzinfo else at.replace(tzinfo=zone).isoformat()
