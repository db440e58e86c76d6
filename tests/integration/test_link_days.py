"""Reports from sums by link and day on the real engine: whatever state these are in, as from the counters alone."""

import random
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from prometheus_client import CollectorRegistry

from console.audit.rolled_days import LINK_DAYS, check_rolled, read_days
from schemas.clickhouse.client import connect
from schemas.clickhouse.migrate import read_migrations
from schemas.retry import RetryPolicy
from stream.tables.link_day_rows import ClickHouseLinkDays
from stream.tables.link_days import RESTS, LinkDayRoller, MadeDay
from stream.tables.metrics import link_day_metrics
from stream.tables.rolling import CLOSED_AFTER, Pace
from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, run_sql
from tests.integration.test_performance import random_campaigns

FIRST: Final = date(2026, 11, 1)
"""The first day of `random_campaigns`, which has ten."""
NOW: Final = datetime(2026, 11, 11, tzinfo=UTC) + CLOSED_AFTER
TIMES: Final = (
    ("2026-11-01 00:00:00", "2026-12-01 00:00:00"),
    ("2026-11-03 00:00:00", "2026-11-08 00:00:00"),
    ("2026-11-02 10:30:00", "2026-11-07 17:01:00"),
    ("2026-11-04 00:00:00", "2026-11-04 23:59:00"),
    ("2026-11-05 09:00:00", "2026-11-05 09:00:00"),
)
_OF_REPORTS: Final = r"(link_performance|post_counts|report_counts|\w+_performance)(_between)?\b"


@pytest.fixture
async def client(migrated: Http) -> AsyncIterator[AsyncClient]:
    made = await connect(f"{migrated.url}/{migrated.database}")
    yield made
    await made.close()


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def roller(store: ClickHouseLinkDays, now: Clock) -> LinkDayRoller:
    return LinkDayRoller(
        store,
        link_day_metrics(CollectorRegistry()),
        Pace(every_s=1.0, retry=RetryPolicy(first_s=0.1, longest_s=0.1), now=now),
    )


class ProcessEndedError(Exception):
    """Nothing of the round goes on, as it does after an error of one day."""


class Killed(ClickHouseLinkDays):
    """Dies in one of its steps, the third time it gets there; of a write half has been done by then."""

    def __init__(self, client: AsyncClient, step: str) -> None:
        super().__init__(client)
        self._client = client
        self._step = step
        self._times = 0

    def _here(self, step: str) -> bool:
        self._times += step == self._step
        return step == self._step and self._times == 3

    async def write(self, day: date, version: int) -> None:
        await super().write(day, version)
        if self._here("write"):
            await self._client.command(
                "ALTER TABLE link_sums DELETE WHERE version = {version:UInt64} AND cityHash64(link) % 2 = 0",
                parameters={"version": version},
                settings={"mutations_sync": 1},
            )
            raise ProcessEndedError

    async def written(self, day: date, version: int) -> int:
        if self._here("written"):
            raise ProcessEndedError
        return await super().written(day, version)

    async def publish(self, day: date, made: MadeDay) -> None:
        await super().publish(day, made)
        if self._here("publish"):
            raise ProcessEndedError


def remember_former_views(http: Http) -> None:
    """The reports as they were made of the counters alone, as `former_…`."""
    (before,) = (one for one in read_migrations() if one.name.startswith("0025_"))
    for statement in before.statements:
        if re.match(rf"CREATE OR REPLACE VIEW {_OF_REPORTS}", statement):
            run_sql(http, re.sub(rf"(?<=VIEW |FROM ){_OF_REPORTS}", r"former_\g<0>", statement))
        if re.match("CREATE OR REPLACE VIEW link_performance_between", statement):
            sums = statement[statement.rindex("SELECT") : statement.rindex("GROUP BY kind, link")]
            run_sql(http, f"CREATE VIEW former_link_sums_between AS {sums} GROUP BY kind, link")


def same_as_from_counters_alone(http: Http) -> None:
    """The sums of all links, of times that begin and end within days and on their borders."""
    for since, until in TIMES:
        time = f"(since = '{since}', until = '{until}')"
        names = ", ".join(row[0] for row in http.rows(f"DESCRIBE link_sums_between{time}"))
        rows = http.rows(f"SELECT {names} FROM link_sums_between{time} ORDER BY link")
        assert rows == http.rows(f"SELECT {names} FROM former_link_sums_between{time} ORDER BY link"), time


def reports_are_those_of_the_counters_alone(http: Http, *times: tuple[str, str]) -> None:
    """All columns of all reports."""
    for by in ("link", "post", "campaign", "channel", "profile"):
        for view in (
            f"{by}_performance",
            *(f"{by}_performance_between(since = '{since}', until = '{until}')" for since, until in times),
        ):
            names = [row[0] for row in http.rows(f"DESCRIBE former_{view}")]
            columns = ", ".join(
                f"round({name}, 9)" if name.startswith(("range", "ctr_")) else name for name in names
            )
            rows = http.rows(f"SELECT {columns} FROM {view} ORDER BY ALL")
            assert rows == http.rows(f"SELECT {columns} FROM former_{view} ORDER BY ALL"), view


def days_that_count(http: Http) -> int:
    ((days,),) = http.rows("SELECT countIf(version != 0) FROM link_sum_days_now")
    return int(days)


def late(http: Http, chosen: random.Random, days: int = 10) -> None:
    """Some clicks, impressions and corrections of days that are over."""
    rows = []
    for _ in range(40):
        class_, kind = chosen.choice(["human", "bot", "unverified"]), chosen.choice(["", "served", "platform"])
        amount = chosen.choice([-3, 1, 2, 250])
        at = f"{FIRST + timedelta(days=chosen.randrange(days))} {chosen.choice(['00:00', '10:30', '23:59'])}:00"
        clicks, impressions = (0, amount) if kind else (amount, 0)
        rows.append((f"l{chosen.randrange(80)}", at, class_, kind, clicks, impressions))
    count(http, rows)


@pytest.mark.parametrize("seed", [11, 12])
async def test_reports_are_those_of_the_counters_alone_in_whatever_state_the_days_are(
    migrated: Http, client: AsyncClient, seed: int
) -> None:
    chosen, clock, store = random.Random(seed), Clock(), ClickHouseLinkDays(client)
    random_campaigns(migrated, seed)
    remember_former_views(migrated)
    same_as_from_counters_alone(migrated)

    for step in ("write", "written", "publish"):
        with pytest.raises(ProcessEndedError):
            await roller(Killed(client, step), clock).round()
        clock.at += timedelta(minutes=1)
        same_as_from_counters_alone(migrated)
    assert 0 < days_that_count(migrated) < 10
    run_sql(migrated, "ALTER TABLE counters MATERIALIZE PROJECTION by_day SETTINGS mutations_sync = 1")
    rolling = roller(store, clock)
    await rolling.round()
    assert days_that_count(migrated) == 10
    same_as_from_counters_alone(migrated)

    late(migrated, chosen, days=3)
    assert 7 <= days_that_count(migrated) < 10
    same_as_from_counters_alone(migrated)
    reports_are_those_of_the_counters_alone(migrated, TIMES[2])
    clock.at += RESTS
    for _ in range(2):
        await rolling.round()
    assert days_that_count(migrated) == 10
    same_as_from_counters_alone(migrated)

    clock.at += 2 * RESTS
    await rolling.round()
    await client.command("OPTIMIZE TABLE link_sums FINAL")
    assert migrated.rows(
        "SELECT count() FROM link_sums WHERE version NOT IN (SELECT version FROM link_sum_days FINAL)"
    ) == [["0"]]
    same_as_from_counters_alone(migrated)


async def test_each_day_that_is_no_longer_what_was_counted_is_read_from_the_counters(
    migrated: Http, client: AsyncClient
) -> None:
    """One click more, one of another class, of another link, of another kind: each is seen at once."""
    minute = f"{FIRST} 10:00:00"
    count(migrated, [("a", minute, "human", "", 5, 0), ("b", minute, "human", "served", 0, 100)])
    clock = Clock()
    rolling = roller(ClickHouseLinkDays(client), clock)
    remember_former_views(migrated)
    for late_rows in (
        [("a", minute, "human", "", 1, 0)],
        [("a", minute, "human", "", -2, 0), ("a", minute, "bot", "", 2, 0)],
        [("a", minute, "human", "", -1, 0), ("b", minute, "human", "", 1, 0)],
        [("b", minute, "human", "served", 0, -7), ("b", minute, "human", "viewable", 0, 7)],
        [("b", minute, "human", "served", 0, -7), ("b", minute, "unverified", "served", 0, 7)],
        [("c", minute, "unverified", "served", 0, 1)],
    ):
        clock.at += timedelta(minutes=1)
        for _ in range(2):
            await rolling.round()
        assert days_that_count(migrated) == 1
        count(migrated, late_rows)
        assert days_that_count(migrated) == 0
        same_as_from_counters_alone(migrated)


async def test_minutes_that_are_rolled_up_leave_the_days_as_they_are(migrated: Http, client: AsyncClient) -> None:
    """A transfer takes from minutes what it gives to the quarter of an hour that has them."""
    random_campaigns(migrated, 3)
    await roller(ClickHouseLinkDays(client), Clock()).round()
    run_sql(
        migrated,
        "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)"
        " SETTINGS insert_deduplicate = 0"
        " SELECT kind, link, at, class, impression_kind, sign * clicks, sign * impressions FROM counters"
        " ARRAY JOIN [-1, 1] AS sign, [window_start, toStartOfHour(window_start)] AS at WHERE kind = 0",
    )
    assert days_that_count(migrated) == 10


async def test_the_audit_compares_the_days_with_the_counters(migrated: Http, client: AsyncClient) -> None:
    random_campaigns(migrated, 5)
    clock = Clock()
    rolling = roller(ClickHouseLinkDays(client), clock)
    await rolling.round()

    async def found() -> list[tuple[str, str, str]]:
        findings = check_rolled(
            LINK_DAYS, await read_days(client, LINK_DAYS), now_s=(NOW + timedelta(days=1)).timestamp()
        )
        return [(one.severity, one.name, one.where) for one in findings]

    assert await found() == [("ok", "equal", "link_sums")]
    count(migrated, [("l1", f"{FIRST} 10:00:00", "human", "", 1, 0)])
    assert await found() == [("warning", "behind", str(FIRST))]
    for _ in range(2):
        await rolling.round()
    assert await found() == [("ok", "equal", "link_sums")]
    run_sql(
        migrated,
        "INSERT INTO link_sums SELECT * FROM link_sums"
        f" WHERE version = (SELECT version FROM link_sum_days_now WHERE day = '{FIRST}') AND clicks != 0 LIMIT 1",
    )
    assert await found() == [("broken", "differ", str(FIRST))]
