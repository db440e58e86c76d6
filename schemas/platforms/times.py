"""Times as platforms write them, in milliseconds since 1970 UTC."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.platforms.reading import ItemError

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


class Period(NamedTuple):
    """[start_ms, end_ms)."""

    start_ms: int
    end_ms: int


def iso_ms(text: str | None, name: str) -> int:
    """An ISO 8601 time, as UTC where it names no zone; 0 for none. Raises ItemError."""
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ItemError(f"{name} is {text[:40]!r}: it should be a time such as 2026-11-01T09:00:00Z") from error
    return _ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC), name)


def day_of(text: str, zone: tzinfo, name: str) -> Period:
    """A day in a time zone: 23 or 25 hours where the clocks change. Raises ItemError."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ItemError(f"{name} is {text[:40]!r}: it should be a day such as 2026-11-01") from error
    return days(day, _next(day, name), zone, name)


def days(first: date, end: date, zone: tzinfo, name: str) -> Period:
    """From the midnight that begins one day to that which begins another. Raises ItemError."""
    starts = [_ms(datetime.combine(day, time(), zone), name) for day in (first, end)]
    if starts[0] >= starts[1]:
        raise ItemError(f"{name} ends, {end}, before it begins, {first}")
    return Period(*starts)


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises ItemError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ItemError(f"time zone {name[:40]!r} is not known: name it like Europe/Berlin") from error


def _next(day: date, name: str) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError as error:
        raise ItemError(f"{name} is {day}: there is no day after it") from error


def _ms(moment: datetime, name: str) -> int:
    try:
        ms = round(moment.timestamp() * 1000)
    except (OverflowError, ValueError) as error:
        raise ItemError(f"{name} is no time that can be counted in: {moment.isoformat()}") from error
    if ms < 0:
        raise ItemError(f"{name} lies before 1970: {moment.isoformat()}")
    return ms
