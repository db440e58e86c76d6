"""Do the breakdowns of days that are over sum to what was counted?"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from clickhouse_connect.driver.asyncclient import AsyncClient

from console.audit.findings import Finding
from schemas.clickhouse.client import clickhouse_errors

BEHIND_AFTER: Final = timedelta(hours=3)
"""A day's breakdowns are made an hour after its end, and a minute or two after late events."""

_DAYS: Final = """
SELECT day, sum(of_rows), sum(of_days), sum(of_counters)
FROM
(
    SELECT day, sum(clicks) AS of_rows, 0 AS of_days, 0 AS of_counters
    FROM breakdowns
    WHERE version IN (SELECT max(version) FROM breakdown_days GROUP BY day)
    GROUP BY day
    UNION ALL
    SELECT day, 0, human + bot + prefetch + duplicate + unknown, 0 FROM breakdown_days FINAL
    UNION ALL
    SELECT toDate(window_start), 0, 0, gross_clicks FROM totals_1d
)
GROUP BY day
"""


class Day(NamedTuple):
    """A day's clicks: as its rows sum, as its roll-up says, as the counters say."""

    rows: int
    rolled: int
    counted: int


async def read_days(client: AsyncClient) -> dict[date, Day]:
    """Every day. Raises TransientClickHouseError, ClickHouseError."""
    with clickhouse_errors():
        result = await client.query(_DAYS)
    return {day: Day(*map(int, clicks)) for day, *clicks in result.result_rows}


def check_breakdowns(days: Mapping[date, Day], *, now_s: float) -> list[Finding]:
    """Rows against the roll-up that names them: broken. The roll-up against the counters: it is behind.

    Where nothing was ever rolled up, there are no breakdowns to be wrong.
    """
    closed = (datetime.fromtimestamp(now_s, UTC) - BEHIND_AFTER).date()
    findings = [
        Finding(
            severity="broken",
            check="breakdowns",
            name="differ",
            where=str(day),
            what=f"its rows in breakdowns have {one.rows:,} clicks, breakdown_days says {one.rolled:,}",
            advice="rows were changed or lost: delete the day from breakdown_days, and it is made anew from events",
            runbook="breakdowns-behind.md",
        )
        for day, one in sorted(days.items())
        if one.rows != one.rolled
    ]
    behind = [day for day, one in sorted(days.items()) if day < closed and one.rolled != one.counted]
    if behind and any(one.rolled for one in days.values()):
        findings.append(
            Finding(
                severity="warning",
                check="breakdowns",
                name="behind",
                where=str(behind[0]),
                what=f"{len(behind):,} days that are over are not rolled up as they were counted",
                advice="wait two minutes if late events have just come; else see that `stream tables` runs",
                runbook="breakdowns-behind.md",
            )
        )
    if not findings:
        total = sum(one.rows for one in days.values())
        findings.append(
            Finding(
                severity="ok",
                check="breakdowns",
                name="equal",
                where="breakdowns",
                what=f"{total:,} clicks of days that are rolled up",
            )
        )
    return findings
