"""Days that reports take from sums by day: the console's totals and each view say alike which ones are whole.

Each has the rule in its own text: totals read two times in one pass, and no view is planned on top of another one.
Sums of days get marks here that counters have not, so that a number says of which days the sums were taken.
"""

import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from console.api.report_sql import as_text
from console.api.report_wire import TotalsQuery
from console.api.reports import between, time_before
from console.api.totals import totals
from schemas.clickhouse.client import connect
from stream.tables.link_day_rows import ClickHouseLinkDays
from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, run_sql
from tests.integration.test_link_days import Clock, roller

NOW: Final = datetime(2026, 11, 12, tzinfo=UTC)
FIRST: Final = datetime(2026, 11, 2, tzinfo=UTC)
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
DAYS: Final = tuple(FIRST + number * DAY for number in range(6))
BEHIND: Final = DAYS[1]
"""Counted once more after its sums were made."""
REPORTS: Final = ("post_performance", "campaign_performance", "channel_performance", "profile_performance")


def mark(day: datetime) -> int:
    """Of clicks, more than all that were counted."""
    return int(1 << (20 + (day - FIRST).days))


def times() -> Iterator[tuple[datetime, datetime]]:
    """Around midnights where the time before begins, where the other one begins and where that ends; and any."""
    for first in (-MINUTE, 0 * MINUTE, MINUTE):
        for middle in (-MINUTE, 0 * MINUTE, MINUTE):
            since = DAYS[3] + middle
            yield since, since + (since - (DAYS[0] + first))
    chosen = random.Random(4)
    for _ in range(8):
        since = FIRST + chosen.randrange(-1440, 6 * 1440) * MINUTE
        yield since, since + chosen.randrange(1, 6 * 1440) * MINUTE


@pytest.fixture
async def client(migrated: Http) -> AsyncIterator[AsyncClient]:
    made = await connect(f"{migrated.url}/{migrated.database}")
    yield made
    await made.close()


async def test_the_days_of_totals_are_those_of_each_view_whatever_minute_a_time_begins_and_ends(
    migrated: Http, client: AsyncClient
) -> None:
    minutes = [day + at for day in DAYS for at in (0 * MINUTE, MINUTE, DAY / 2, DAY - MINUTE)]
    count(migrated, [("a", f"{minute:%F %T}", "human", "", 1, 0) for minute in minutes])
    await roller(ClickHouseLinkDays(client), Clock()).round()
    for day in DAYS:
        run_sql(
            migrated,
            "INSERT INTO link_sums (day, link, version, clicks) SELECT day, 'go.example/a', version,"
            f" {mark(day)} FROM link_sum_days_now WHERE day = '{day:%F}' AND version != 0",
        )
    count(migrated, [("a", f"{BEHIND:%F %T}", "human", "", 1, 0)])

    def by_totals(since: datetime, until: datetime) -> list[int]:
        statement = totals(TotalsQuery(since=since, until=until), "", NOW)
        rows = migrated.rows(f"SELECT period, clicks FROM ({as_text(statement, 'totals')})")
        counted = {period: int(clicks) for period, clicks in rows}
        return [counted.get("now", 0), counted.get("before", 0)]

    def by_view(view: str, *asked: tuple[datetime, datetime]) -> list[int]:
        rows = (f"(SELECT sum(clicks) FROM {view}_between{between(since, until)})" for since, until in asked)
        return [int(clicks) for (clicks,) in migrated.rows(f"SELECT arrayJoin([{', '.join(rows)}])")]

    for since, until in times():
        both = by_totals(since, until)
        assert by_view("link_sums", (since, until), time_before(since, until)) == both, (since, until)
        for report in REPORTS:
            assert by_view(report, (since, until)) == both[:1], (report, since, until)
    days = [mark(day) + 4 for day in DAYS]
    assert by_totals(DAYS[3], DAYS[5] + DAY) == [sum(days[3:]), days[0] + 5 + days[2]]
