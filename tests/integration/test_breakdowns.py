"""Breakdowns on the real engine: whatever they are by, they sum to what was counted."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from prometheus_client import CollectorRegistry

from console.api.click_report import ClicksQuery, clicks_by
from console.audit.findings import Finding
from console.audit.rolled_days import BREAKDOWNS, check_rolled, read_days
from schemas.breakdowns import DIMENSIONS, NUMBER_DIMENSIONS
from schemas.clickhouse.client import connect
from schemas.errors import TransientError
from schemas.retry import RetryPolicy
from stream.tables.breakdowns import Roller
from stream.tables.metrics import breakdown_metrics
from stream.tables.roll_ups import ClickHouseRollUps
from stream.tables.rolling import CLOSED_AFTER, Pace
from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql

FIRST = (datetime.now(UTC) - timedelta(days=8)).date()
VALUES = {
    "device": ("phone", "desktop", "unknown"),
    "os": ("iOS", "Windows"),
    "browser": ("Safari", "Instagram"),
    "referrer_source": ("direct", "Google"),
    "referrer_medium": ("direct", "search"),
    "referrer_host": ("", "google.com"),
    "country": ("", "DE", "US"),
    "region": ("", "BY"),
    "language": ("", "de", "en-gb"),
    "utm_source": ("", "news"),
    "utm_medium": ("", "email"),
    "utm_campaign": ("", "spring"),
    "utm_term": ("",),
    "utm_content": ("", "it's"),
    "destination": ("0", "1", "2"),
    "scan": ("0", "1"),
}
CLASSES = ("human", "human", "bot", "prefetch", "duplicate", "unknown")


@pytest.fixture
async def client(migrated: Http) -> AsyncIterator[AsyncClient]:
    made = await connect(f"{migrated.url}/{migrated.database}")
    yield made
    await made.close()


class Clicks:
    """Random clicks as the stream writes them: events first, some twice, then what is counted of them."""

    def __init__(self, http: Http, seed: int) -> None:
        self._http = http
        self._random = random.Random(seed)
        self._offset = 0
        self.events: list[tuple[str, ...]] = []

    def happen(self, count: int, *, days: int = 4, twice: float = 0.2) -> None:
        """On the first `days` days."""
        choose = self._random
        rows, deltas = [], []
        for _ in range(count):
            at = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(
                days=choose.randrange(days), seconds=choose.choice([0, 43_200, 86_399])
            )
            link, traffic_class = f"go.example/{choose.randrange(5)}", choose.choice(CLASSES)
            values = tuple(choose.choice(VALUES[name]) for name in DIMENSIONS)
            self._offset += 1
            quoted = ", ".join(_quoted(value) for value in values)
            row = f"('click', '{at:%F %T}', '{link}', '{traffic_class}', 1, 'clicks', {self._offset}, {quoted})"
            rows += [row] * (1 + (choose.random() < twice))
            deltas.append(f"(0, '{link}', '{at:%F %H:%M:00}', '{traffic_class}', 1)")
            self.events.append((f"{at:%F}", link, traffic_class, *values))
        columns = f"type, time, link, class, count, topic, record_offset, {', '.join(DIMENSIONS)}"
        for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            run_sql(self._http, f"INSERT INTO events ({columns}) VALUES {', '.join(half)}")
        run_sql(
            self._http,
            "INSERT INTO counters (kind, link, window_start, class, clicks)"
            f" SETTINGS insert_deduplicate = 0 VALUES {', '.join(deltas)}",
        )


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "\\'") + "'"


def shown(name: str, value: str) -> str:
    """A value as the view shows it."""
    if value or name in NUMBER_DIMENSIONS:
        return value
    return "none" if name.startswith("utm_") or name == "referrer_host" else "unknown"


def roller(store: ClickHouseRollUps, now: datetime) -> Roller:
    return Roller(
        store,
        breakdown_metrics(CollectorRegistry()),
        Pace(every_s=1.0, retry=RetryPolicy(first_s=0.1, longest_s=0.1), now=lambda: now),
    )


async def audited(client: AsyncClient, now: datetime) -> list[Finding]:
    """What the audit finds of the breakdowns."""
    return check_rolled(BREAKDOWNS, await read_days(client, BREAKDOWNS), now_s=now.timestamp())


class Killed(ClickHouseRollUps):
    """Dies after it has written a day's rows for the second time, before anybody can see them."""

    writes = 0

    async def write_events(self, day: date, version: int) -> None:
        await super().write_events(day, version)
        self.writes += 1
        if self.writes == 2:
            raise TransientError("killed here")


def sums_match(http: Http, clicks: Clicks) -> None:
    """Of every dimension and of every link's day, by what Python counts and by the counters."""
    for name in DIMENSIONS:
        place = DIMENSIONS.index(name) + 3
        expected = Counter((one[0], one[1], one[2], shown(name, one[place])) for one in clicks.events)
        rows = http.rows(
            f"SELECT day, link, class, toString({name}) AS value, sum(clicks) FROM breakdown_1d"
            " GROUP BY day, link, class, value"
        )
        assert {tuple(row[:-1]): int(row[-1]) for row in _unescaped(rows)} == expected, name
    assert http.rows(
        "SELECT count() FROM (SELECT day, link, sumIf(clicks, class = 'human') AS human, sum(clicks) AS gross"
        " FROM breakdown_1d GROUP BY day, link) AS parts FULL JOIN (SELECT toDate(window_start) AS day, link,"
        " clicks, gross_clicks FROM ctr_1d) AS totals USING (day, link)"
        " WHERE human != totals.clicks OR gross != gross_clicks"
    ) == [["0"]]


def _unescaped(rows: list[list[str]]) -> list[list[str]]:
    return [[cell.replace("\\'", "'") for cell in row] for row in rows]


async def test_every_breakdown_sums_to_the_totals_whatever_happens(migrated: Http, client: AsyncClient) -> None:
    """Live, rolled up, killed half-way, with late events and copies, two rollers, and events that are gone."""
    clicks = Clicks(migrated, 1)
    clicks.happen(400)
    sums_match(migrated, clicks)

    third = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=3) + CLOSED_AFTER
    with pytest.raises(TransientError):
        await roller(Killed(client), third).round()
    assert migrated.rows("SELECT count() FROM breakdown_days FINAL") == [["1"]]
    sums_match(migrated, clicks)
    store = ClickHouseRollUps(client)
    again = roller(store, third)
    for _ in range(2):  # the first finds what the killed one left, as the clock stands still
        await again.round()
    assert migrated.rows("SELECT count() FROM breakdown_days FINAL") == [["3"]]
    sums_match(migrated, clicks)

    assert {one.severity for one in await audited(client, third)} == {"ok"}

    clicks.happen(60)
    (behind,) = await audited(client, third + timedelta(days=1))
    assert (behind.severity, behind.name) == ("warning", "behind")
    for _ in range(2):
        await roller(store, third).round()
    sums_match(migrated, clicks)

    run_sql(
        migrated,
        f"ALTER TABLE events DELETE WHERE toDate(time) < '{FIRST + timedelta(days=2)}' SETTINGS mutations_sync = 1",
    )
    await roller(store, third).round()
    sums_match(migrated, clicks)
    assert {one.severity for one in await audited(client, third)} == {"ok"}

    run_sql(
        migrated, "INSERT INTO breakdowns SELECT * FROM breakdowns WHERE day = (SELECT min(day) FROM breakdowns)"
    )
    (wrong,) = await audited(client, third)
    assert (wrong.severity, wrong.name, wrong.where) == ("broken", "differ", str(FIRST))


async def test_clicks_without_events_are_of_unknown_values(migrated: Http, client: AsyncClient) -> None:
    run_sql(
        migrated,
        "INSERT INTO counters (kind, link, window_start, class, clicks)"
        f" SETTINGS insert_deduplicate = 0 VALUES (0, 'go.example/a', '{FIRST} 10:00:00', 'human', 7)",
    )
    rounds = roller(ClickHouseRollUps(client), datetime.now(UTC))
    for _ in range(2):
        await rounds.round()
    assert migrated.rows("SELECT link, class, device, country, clicks FROM breakdown_1d") == [
        ["go.example/a", "human", "unknown", "unknown", "7"]
    ]
    assert migrated.rows("SELECT human, from_events FROM breakdown_days FINAL WHERE human > 0") == [["7", "0"]]


async def test_top_values_and_the_others_together(migrated: Http, client: AsyncClient) -> None:
    clicks = Clicks(migrated, 3)
    clicks.happen(300)
    await roller(ClickHouseRollUps(client), datetime.now(UTC)).round()
    until = FIRST + timedelta(days=9)
    for name in DIMENSIONS:
        rows = migrated.rows(
            f"SELECT value, is_other, clicks, gross_clicks FROM breakdown_by(dimension = '{name}',"
            f" since = '{FIRST}', until = '{until}', most = 1)"
        )
        place = DIMENSIONS.index(name) + 3
        expected = Counter(shown(name, one[place]) for one in clicks.events if one[2] == "human")
        ((best, count),) = expected.most_common(1)
        assert int(rows[0][2]) == count, (name, best)
        assert [row[1] for row in rows] == ["false", "true"][: len(rows)]
        assert sum(int(row[2]) for row in rows) == expected.total()
        assert sum(int(row[3]) for row in rows) == len(clicks.events)
    await the_api_says_the_same(client, clicks)
    refused = migrated(
        f"SELECT * FROM breakdown_by(dimension = 'shoe', since = '{FIRST}', until = '{until}', most = 1)"
    )
    assert refused.status != 200
    assert b"no such dimension" in refused.body


async def the_api_says_the_same(client: AsyncClient, clicks: Clicks) -> None:
    """By pairs and a label, filtered both ways; the first values and all others."""
    query = ClicksQuery(by="country,destination,class,channel", most=3, device="phone", not_browser="Safari")
    statement = clicks_by(query, "", datetime.now(UTC))
    result = await client.query(statement.text, parameters=dict(statement.parameters))
    assert result.column_names == (
        "country",
        "destination",
        "class",
        "channel",
        "is_other",
        "clicks",
        "gross_clicks",
    )
    place = {name: number + 3 for number, name in enumerate(DIMENSIONS)}
    meant = [one for one in clicks.events if one[place["device"]] == "phone" and one[place["browser"]] != "Safari"]
    pairs = Counter(
        (shown("country", one[place["country"]]), one[place["destination"]]) for one in meant if one[2] == "human"
    )
    first = result.result_rows[0]
    assert (first[5], first[4], first[2]) == (max(pairs.values()), False, "human")
    assert pairs[first[0], first[1]] == first[5]
    assert [row[4] for row in result.result_rows] == [False, False, False, True]
    assert sum(row[5] for row in result.result_rows) == pairs.total()
    assert sum(row[6] for row in result.result_rows) == len(meant)
