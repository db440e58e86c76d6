"""Do the rows that are made of days that are over sum to what was counted?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from clickhouse_connect.driver.asyncclient import AsyncClient

from console.audit.findings import Check, Finding
from schemas.clickhouse.client import select

BEHIND_AFTER: Final = timedelta(hours=3)
"""A day's rows are made an hour after its end, and a minute or two after late events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledTable:
    """A table whose rows `stream tables` makes a day at a time; `days` names those that count."""

    check: Check
    rows: str
    days: str
    sums: str
    """What is summed up of a day: `{:,}` is the number."""
    row_sum: str
    day_sum: str
    counted: str
    """A SELECT of days and what the counters say of them."""
    anew: str
    """What to do where rows are not what their day says."""
    runbook: str


BREAKDOWNS: Final = RolledTable(
    check="breakdowns",
    rows="breakdowns",
    days="breakdown_days",
    sums="{:,} clicks",
    row_sum="sum(clicks)",
    day_sum="human + bot + prefetch + duplicate + unknown",
    counted="SELECT toDate(window_start) AS day, gross_clicks AS counted FROM totals_1d",
    anew="delete the day from breakdown_days, and it is made anew from events",
    runbook="breakdowns-behind.md",
)
LINK_DAYS: Final = RolledTable(
    check="link_days",
    rows="link_sums",
    days="link_sum_days",
    sums="the fingerprint {}",
    row_sum="sum(fingerprint)",
    day_sum="fingerprint",
    counted="SELECT day, fingerprint AS counted FROM counted_days",
    anew="delete the day from link_sum_days: reports read the counters until it is made anew",
    runbook="link-days.md",
)


class Day(NamedTuple):
    """What is summed up of a day: of its rows, as its roll-up says, as the counters say."""

    rows: int
    rolled: int
    counted: int


async def read_days(client: AsyncClient, table: RolledTable) -> dict[date, Day]:
    """Every day. Raises TransientClickHouseError, ClickHouseError."""
    rows = await select(
        client,
        f"""
        SELECT day, sum(of_rows), sum(of_days), sum(of_counters)
        FROM
        (
            SELECT day, {table.row_sum} AS of_rows, 0 AS of_days, 0 AS of_counters
            FROM {table.rows}
            WHERE version IN (SELECT max(version) FROM {table.days} GROUP BY day)
            GROUP BY day
            UNION ALL
            SELECT day, 0, {table.day_sum}, 0 FROM {table.days} FINAL
            UNION ALL
            SELECT day, 0, 0, counted FROM ({table.counted})
        )
        GROUP BY day
        """,  # noqa: S608 - constants
    )
    return {day: Day(*map(int, sums)) for day, *sums in rows}


def check_rolled(table: RolledTable, days: Mapping[date, Day], *, now_s: float) -> list[Finding]:
    """Rows against the roll-up that names them: broken. The roll-up against the counters: it is behind.

    Where nothing was ever rolled up, there is nothing to be wrong.
    """
    closed = (datetime.fromtimestamp(now_s, UTC) - BEHIND_AFTER).date()
    findings = [
        Finding(
            severity="broken",
            check=table.check,
            name="differ",
            where=str(day),
            what=f"its rows in {table.rows} have {table.sums.format(one.rows)},"
            f" {table.days} says {table.sums.format(one.rolled)}",
            advice=f"rows were changed or lost: {table.anew}",
            runbook=table.runbook,
        )
        for day, one in sorted(days.items())
        if one.rows != one.rolled
    ]
    behind = [day for day, one in sorted(days.items()) if day < closed and one.rolled != one.counted]
    if behind and any(one.rolled for one in days.values()):
        findings.append(
            Finding(
                severity="warning",
                check=table.check,
                name="behind",
                where=str(behind[0]),
                what=f"{len(behind):,} days that are over are not rolled up as they were counted",
                advice="wait two minutes if late events have just come; else see that `stream tables` runs",
                runbook=table.runbook,
            )
        )
    if not findings:
        rolled = sum(one.rolled != 0 for one in days.values())
        findings.append(
            Finding(
                severity="ok",
                check=table.check,
                name="equal",
                where=table.rows,
                what=f"{rolled:,} days that are rolled up",
            )
        )
    return findings
