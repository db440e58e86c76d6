"""Which country and region an address is in, by an MMDB file (MaxMind, DB-IP, IPinfo, ip-location-db)."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import maxminddb
from maxminddb.const import MODE_MMAP_EXT

_PLACES_KEPT: Final = 4096
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_REGION: Final = re.compile(r"[A-Z0-9]{1,3}")


class Place(NamedTuple):
    """ISO 3166-1 alpha-2, and the part of ISO 3166-2 behind the country; empty: unknown."""

    country: str = ""
    region: str = ""


NOWHERE: Final = Place()


class PlacesError(ValueError):
    """A file that is no MMDB."""


class Places:
    """A file's answers. Mapped into memory and shared by all processes: replace it by renaming, as updaters do."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, or PlacesError."""
        try:
            self._get: Final = maxminddb.open_database(path, MODE_MMAP_EXT).get
        except (maxminddb.InvalidDatabaseError, ValueError) as error:
            raise PlacesError(f"{path} is no MMDB file: {error}") from error

    def place_of(self, address: str) -> Place:
        """Where an address is; nowhere for what is none, and for IPv6 in a file of IPv4. About a microsecond."""
        try:
            record = self._get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return NOWHERE
        return _place(record) if isinstance(record, dict) else NOWHERE


def _place(record: dict[str, Any]) -> Place:
    """The files spell it in three ways: an object with `iso_code`, `country_code`, or `country` as a text."""
    country = record.get("country") or record.get("country_code")
    if isinstance(country, dict):
        country = country.get("iso_code")
    subdivisions = record.get("subdivisions")
    first = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
    region = first.get("iso_code") if isinstance(first, dict) else None
    if not isinstance(country, str):
        return NOWHERE
    return _checked(country, region if isinstance(region, str) else "")


@lru_cache(_PLACES_KEPT)
def _checked(country: str, region: str) -> Place:
    if not _COUNTRY.fullmatch(country):
        return NOWHERE
    return Place(country, region if _REGION.fullmatch(region) else "")
