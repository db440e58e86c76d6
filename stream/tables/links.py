"""The rows of the table `links`: every change of a link is one, the highest version of a link counts."""

from typing import Final

import msgspec
import pyarrow as pa

from schemas.links import Link
from schemas.topics import LINKS
from stream.tables.copied import Copied

LATEST_MS: Final = 7_258_118_400_000
"""2200-01-01: later times are cut to it, ClickHouse's end in 2299."""

_MS: Final = pa.timestamp("ms", tz="UTC")
_TEXTS: Final = pa.list_(pa.string())
_AS_THEY_ARE: Final = {
    "destination": pa.string(),
    "account": pa.string(),
    "title": pa.string(),
    "tags": _TEXTS,
    "campaign": pa.string(),
    "post": pa.string(),
    "channel": pa.string(),
    "profile": pa.string(),
    "variant": pa.string(),
    "experiment": pa.string(),
    "post_id": pa.string(),
    "post_url": pa.string(),
    "aim": pa.string(),
    "origins": _TEXTS,
    "status": pa.uint16(),
}
"""Columns that hold a field of the link under its own name."""
_SCHEMA: Final = pa.schema(
    {
        "link": pa.string(),
        "domain": pa.string(),
        "slug": pa.string(),
        **_AS_THEY_ARE,
        "published_at": _MS,
        "ctr_impressions": pa.string(),
        "rules": pa.string(),
        "expires_at": _MS,
        "updated_at": _MS,
        "deleted": pa.bool_(),
        "version": pa.uint64(),
    }
)
_EMPTY: Final[dict[str, object]] = {
    **{name: () if kind == _TEXTS else "" for name, kind in zip(_SCHEMA.names, _SCHEMA.types, strict=True)},
    "status": 0,
    "published_at": None,
    "expires_at": None,
}
_DECODE: Final = msgspec.json.Decoder(Link).decode


def link_row(key: bytes | None, value: bytes | None, timestamp_ms: int) -> dict[str, object]:
    """The columns by name, without the version. Raises ValueError and msgspec's errors for what is no link."""
    if not key:
        raise ValueError("it has no key")
    link_key = key.decode()
    if value is None:
        domain, _, slug = link_key.partition("/")
        return _EMPTY | {
            "link": link_key,
            "domain": domain,
            "slug": slug,
            "updated_at": timestamp_ms,
            "deleted": True,
        }
    # A form newer than ours is read for what we know of it: names and a destination mislead nobody.
    link = _DECODE(value)
    if link.key != link_key:
        raise ValueError(f"its key is {link_key!r}, its link {link.key!r}")
    return {name: getattr(link, name) for name in _AS_THEY_ARE} | {
        "link": link_key,
        "domain": link.domain,
        "slug": link.slug,
        "published_at": _storable_ms(link.published_at_ms),
        "ctr_impressions": link.impressions,
        "rules": "" if link.rules is None else msgspec.json.encode(link.rules).decode(),
        "expires_at": _storable_ms(link.expires_at_ms),
        "updated_at": _storable_ms(link.updated_at_ms or timestamp_ms),
        "deleted": False,
    }


def _storable_ms(time_ms: int | None) -> int | None:
    return None if time_ms is None else min(max(time_ms, 0), LATEST_MS)


LINKS_TABLE: Final = Copied(topic=LINKS, key="link", schema=_SCHEMA, row=link_row)
