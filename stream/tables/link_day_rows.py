"""The side of ClickHouse of the roller of links: the tables `link_sums` and `link_sum_days`."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors, select
from schemas.counters import DELTA
from stream.tables.link_days import MadeDay
from stream.tables.not_there_yet import not_there_yet

_DROPPED_AT_ONCE: Final = 1000
"""Versions travel in the URL."""
_SUMS: Final = {
    "clicks": "sumIf(counters.clicks, class = 'human')",
    "gross_clicks": "sum(counters.clicks)",
    **{
        f"impressions_{kind}": f"sumIf(counters.impressions, class = 'human' AND impression_kind = '{kind}')"
        for kind in ("viewable", "rendered", "platform", "served")
    },
    "impressions_of_all_kinds": "sumIf(counters.impressions, class = 'human')",
    "gross_impressions": "sum(counters.impressions)",
}
"""Columns of `link_sums` and what they are of the counters."""
_WRITE: Final = f"""
INSERT INTO link_sums (day, link, version, {", ".join(_SUMS)})
SELECT {{day:Date}}, link, {{version:UInt64}}, {", ".join(f"{sums} AS {name}" for name, sums in _SUMS.items())}
FROM counters
WHERE kind = {DELTA} AND window_start >= toDateTime({{day:Date}}, 'UTC')
    AND window_start < toDateTime({{day:Date}} + 1, 'UTC')
GROUP BY kind, link
"""  # noqa: S608 - constants
_UNNAMED: Final = """
SELECT DISTINCT version
FROM link_sums LEFT JOIN (SELECT day, max(version) AS named FROM link_sum_days GROUP BY day) AS days USING (day)
WHERE version != named AND greatest(version, named) < {before:UInt64}
"""


class ClickHouseLinkDays:
    """Every method may raise TransientError and ClickHouseError."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def counted(self) -> dict[date, int]:
        """One query over the projection by day."""
        return {day: int(fingerprint) for day, fingerprint in await self._rows("SELECT * FROM counted_days")}

    async def made(self) -> dict[date, MadeDay]:
        """The row of each day that counts."""
        rows = await self._rows("SELECT day, version, fingerprint FROM link_sum_days FINAL")
        return {day: MadeDay(int(version), int(fingerprint)) for day, version, fingerprint in rows}

    async def write(self, day: date, version: int) -> None:
        """After an error some rows may be there, under a version that is not used again."""
        await self._do(_WRITE, day=day, version=version)

    async def written(self, day: date, version: int) -> int:
        """A sum over the day's rows."""
        ((fingerprint,),) = await self._rows(
            "SELECT sum(fingerprint) FROM link_sums WHERE day = {day:Date} AND version = {version:UInt64}",
            day=day,
            version=version,
        )
        return int(fingerprint)

    async def publish(self, day: date, made: MadeDay) -> None:
        """One row, which collapses with a copy of itself."""
        await self._do(
            "INSERT INTO link_sum_days (day, version, fingerprint, made_at)"
            " SELECT {day:Date}, {version:UInt64}, {fingerprint:Int64}, now()",
            day=day,
            version=made.version,
            fingerprint=made.fingerprint,
        )

    async def drop(self, versions: Sequence[int]) -> None:
        """By their numbers: what is named meanwhile has another one."""
        for start in range(0, len(versions), _DROPPED_AT_ONCE):
            await self._do(
                "ALTER TABLE link_sums DELETE WHERE version IN ({versions:Array(UInt64)})",
                versions=list(versions[start : start + _DROPPED_AT_ONCE]),
            )

    async def drop_unnamed(self, before: int) -> None:
        """One query over the versions of all rows."""
        await self.drop([int(version) for (version,) in await self._rows(_UNNAMED, before=before)])

    async def _rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        with not_there_yet("table or view of link days"):
            return await select(self._client, query, parameters)

    async def _do(self, statement: str, **parameters: object) -> None:
        with clickhouse_errors():
            await self._client.command(statement, parameters=parameters)
