"""The roller's side of ClickHouse: the tables `breakdowns` and `breakdown_days`."""

from datetime import date
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.breakdowns import DIMENSIONS, NUMBER_DIMENSIONS, ClassClicks
from schemas.clickhouse.client import clickhouse_errors, select
from schemas.counters import DELTA
from stream.tables.breakdowns import RolledDay
from stream.tables.not_there_yet import not_there_yet

_CLASSES: Final = ClassClicks._fields
_DIMENSIONS: Final = ", ".join(DIMENSIONS)
_COLUMNS: Final = f"day, link, version, class, {_DIMENSIONS}, clicks"
_BY_CLASS: Final = ", ".join(f"sumIf(clicks, class = '{name}')" for name in _CLASSES)

_COUNTED: Final = (
    "SELECT toDate(window_start), clicks, bot_clicks, prefetch_clicks, duplicate_clicks, unknown_clicks"
    " FROM totals_1d WHERE gross_clicks != 0"
)
_ROLLED: Final = f"SELECT day, version, from_events, {', '.join(_CLASSES)} FROM breakdown_days FINAL"  # noqa: S608 - constants
_OF_THE_DAY: Final = (
    "events FINAL WHERE type = 'click' AND time >= toDateTime64({day:Date}, 3, 'UTC')"
    " AND time < toDateTime64({day:Date} + 1, 3, 'UTC')"
)
_WRITE_EVENTS: Final = (
    f"INSERT INTO breakdowns ({_COLUMNS}) SELECT {{day:Date}} AS day, link, {{version:UInt64}} AS version, class,"  # noqa: S608 - constants
    f" {_DIMENSIONS}, sum(count) AS clicks FROM {_OF_THE_DAY} GROUP BY link, class, {_DIMENSIONS}"
)
_COPY: Final = (
    f"INSERT INTO breakdowns ({_COLUMNS}) SELECT day, link, {{version:UInt64}}, class, {_DIMENSIONS}, clicks"  # noqa: S608 - constants
    " FROM breakdowns WHERE day = {day:Date} AND version = {before:UInt64}"
)
_UNKNOWN: Final = ", ".join("0" if name in NUMBER_DIMENSIONS else "'unknown'" for name in DIMENSIONS)
_MAKE_UP: Final = f"""
INSERT INTO breakdowns ({_COLUMNS})
SELECT {{day:Date}}, link, {{version:UInt64}}, class, {_UNKNOWN}, sum(amount) AS missing
FROM
(
    SELECT link, class, sum(counters.clicks) AS amount
    FROM counters
    WHERE kind = {DELTA} AND window_start >= toDateTime({{day:Date}}, 'UTC')
        AND window_start < toDateTime({{day:Date}} + 1, 'UTC')
    GROUP BY link, class
    UNION ALL
    SELECT link, class, -sum(breakdowns.clicks) AS amount
    FROM breakdowns
    WHERE day = {{day:Date}} AND version = {{version:UInt64}}
    GROUP BY link, class
)
GROUP BY link, class
HAVING missing != 0
"""  # noqa: S608 - constants
_WRITTEN: Final = f"SELECT {_BY_CLASS} FROM breakdowns WHERE day = {{day:Date}} AND version = {{version:UInt64}}"  # noqa: S608 - constants


class ClickHouseRollUps:
    """Every method may raise TransientError and ClickHouseError."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def counted(self) -> dict[date, ClassClicks]:
        """One query over the projection by minute: 30 ms for a year."""
        return {day: ClassClicks(*map(int, clicks)) for day, *clicks in await self._rows(_COUNTED)}

    async def rolled(self) -> dict[date, RolledDay]:
        """A table that is not there yet will be."""
        with not_there_yet("table breakdown_days"):
            rows = await self._rows(_ROLLED)
        return {
            day: RolledDay(int(version), ClassClicks(*map(int, clicks)), int(from_events))
            for day, version, from_events, *clicks in rows
        }

    async def events(self, day: date) -> int:
        """Copies of an event count once."""
        ((count,),) = await self._rows(f"SELECT sum(count) FROM {_OF_THE_DAY}", day=day)  # noqa: S608 - constants
        return int(count)

    async def write_events(self, day: date, version: int) -> None:
        """After an error some rows may be there: the caller sums them up before they count."""
        await self._do(_WRITE_EVENTS, day=day, version=version)

    async def copy(self, day: date, before: int, version: int) -> None:
        """The same."""
        await self._do(_COPY, day=day, before=before, version=version)

    async def make_up(self, day: date, version: int) -> None:
        """The same."""
        await self._do(_MAKE_UP, day=day, version=version)

    async def written(self, day: date, version: int) -> ClassClicks:
        """Sums by class."""
        (row,) = await self._rows(_WRITTEN, day=day, version=version)
        return ClassClicks(*map(int, row))

    async def publish(self, day: date, rolled: RolledDay) -> None:
        """One row, which collapses with a copy of itself."""
        await self._do(
            f"INSERT INTO breakdown_days (day, version, {', '.join(_CLASSES)}, from_events, made_at)"
            f" SELECT {{day:Date}}, {{version:UInt64}}, {', '.join(map(str, rolled.clicks))},"
            f" {rolled.from_events}, now()",
            day=day,
            version=rolled.version,
        )

    async def drop_earlier(self, day: date, version: int) -> None:
        """Nothing to drop, as of most days, costs a look."""
        conditions = "day = {day:Date} AND version < {version:UInt64}"
        ((rows,),) = await self._rows(
            f"SELECT count() FROM breakdowns WHERE {conditions}",  # noqa: S608 - constants
            day=day,
            version=version,
        )
        if rows:
            await self._do(f"ALTER TABLE breakdowns DELETE WHERE {conditions}", day=day, version=version)

    async def _rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        return await select(self._client, query, parameters)

    async def _do(self, statement: str, **parameters: object) -> None:
        with clickhouse_errors():
            await self._client.command(statement, parameters=parameters)
