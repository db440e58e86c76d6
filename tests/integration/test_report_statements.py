"""What the console asks for its reports, on the real engine: what the views of links say, too."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from console.api.counters import Counters
from console.api.first_rows import THROWN, first_rows
from console.api.report_sql import as_text
from console.api.report_wire import ReportQuery, TotalsQuery
from console.api.reports import Statement, performance
from console.api.totals import totals
from schemas.clickhouse.client import Server, connect
from schemas.errors import ClickHouseError
from stream.tables.link_day_rows import ClickHouseLinkDays
from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, link
from tests.integration.test_link_days import Clock, days_that_count, late, roller
from tests.integration.test_performance import random_campaigns

NOW: Final = datetime(2026, 11, 12, 12, 30, tzinfo=UTC)
TIMES: Final = (
    (datetime(2026, 11, 6, tzinfo=UTC), datetime(2026, 11, 11, tzinfo=UTC)),
    (datetime(2026, 11, 5, 9, 30, tzinfo=UTC), datetime(2026, 11, 9, 17, 1, tzinfo=UTC)),
    (datetime(2026, 11, 4, 10, 1, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)),
    (datetime(2026, 11, 4, 9, 59, tzinfo=UTC), datetime(2026, 11, 4, 10, 1, tzinfo=UTC)),
    (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC)),  # nothing before
    (datetime(2026, 11, 11, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),  # nothing now
    (datetime(1970, 1, 1, tzinfo=UTC), datetime(2106, 2, 7, tzinfo=UTC)),
    (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)),
)
NONE: Final = ["\\N", "\\N"]
FILTERS: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({}, "1"),
    ({"campaign": "spring"}, "campaign = 'spring'"),
    ({"post": "same"}, "post = 'same'"),
    ({"campaign": ""}, "campaign = ''"),
    ({"channel": "x"}, "channel = 'x'"),
    ({"not_campaign": "spring", "not_channel": "x"}, "campaign != 'spring' AND channel != 'x'"),
)


@pytest.fixture
async def client(migrated: Http) -> AsyncIterator[AsyncClient]:
    made = await connect(f"{migrated.url}/{migrated.database}")
    yield made
    await made.close()


def rows_of(http: Http, statement: Statement, columns: str) -> list[list[str]]:
    return http.rows(f"SELECT {columns} FROM ({as_text(statement, 'a report')})")


def odd_links(http: Http) -> None:
    """Kinds with the same sum, another one in each time, corrections that leave nothing, and less than nothing."""
    for name, channel in (
        ("tie", ""),
        ("tie-of-x", "x"),
        ("less", "x"),
        ("nothing", "x"),
        ("not-its-kind", "email"),
    ):
        link(http, name, {"campaign": "spring", "post": "same", "channel": channel})
    counted = [
        (name, day, kind, amount)
        for day in ("03", "08")
        for name, kind, amount in (
            ("tie", "platform", 7),
            ("tie", "served" if day == "03" else "viewable", 7),
            ("tie", "rendered", 3 if day == "03" else 30),
            ("tie-of-x", "platform", 5),
            ("tie-of-x", "rendered", 5),
            ("less", "platform", -4),
            ("less", "rendered", -9 if day == "03" else 0),
            ("nothing", "platform", 6),
            ("nothing", "platform", -6),
            ("not-its-kind", "platform", 8),
            ("known-to-none", "served", 2),
            ("known-to-none", "platform", 2),
        )
    ]
    count(
        http, [(name, f"2026-11-{day} 10:00:00", "human", kind, 0, amount) for name, day, kind, amount in counted]
    )
    count(
        http,
        [("only-bots", "2026-11-08 10:00:00", "bot", "", 3, 0), ("tie", "2026-11-08 10:00:00", "human", "", 2, 0)],
    )


def totals_are_those_of_links(http: Http, filters: Sequence[tuple[dict[str, Any], str]] = FILTERS[:1]) -> None:
    for since, until in TIMES:
        begin = max(datetime(1970, 1, 1, tzinfo=UTC), since - (until - since))
        for chosen, fits in filters:
            expected = http.rows(
                "SELECT * FROM ("
                + " UNION ALL ".join(
                    f"SELECT '{time}' AS period, count() AS links, sum(counted.clicks), sum(counted.gross_clicks),"
                    " sum(counted.impressions) AS impressions,"
                    " arraySort(groupUniqArrayIf(impression_kind, counted.impressions != 0)),"
                    " if(impressions = 0, NULL, sum(counted.clicks) / impressions)"
                    f" FROM links_counted_between(since = '{first:%F %T}', until = '{last:%F %T}') AS counted"
                    f" WHERE {fits} HAVING links > 0"
                    for time, first, last in (("now", since, until), ("before", begin, since))
                )
                + ") ORDER BY period DESC"
            )
            statement = totals(TotalsQuery(since=since, until=until, **chosen), "", NOW)
            columns = "period, links, clicks, gross_clicks, impressions, kinds, ctr"
            assert rows_of(http, statement, columns) == expected, (since, until, chosen)


async def test_totals_of_two_times_are_the_sums_of_their_links(migrated: Http, client: AsyncClient) -> None:
    clock = Clock()
    random_campaigns(migrated, 21)
    odd_links(migrated)
    totals_are_those_of_links(migrated)
    rolling = roller(ClickHouseLinkDays(client), clock)
    await rolling.round()
    assert days_that_count(migrated) == 10
    totals_are_those_of_links(migrated)
    late(migrated, random.Random(21), days=6)
    assert 0 < days_that_count(migrated) < 10
    totals_are_those_of_links(migrated, FILTERS)
    clock.at += timedelta(days=1)
    await rolling.round()
    totals_are_those_of_links(migrated)


async def test_intervals_are_wilsons_and_there_is_none_where_something_is_missing(migrated: Http) -> None:
    at = "2026-11-08 10:00:00"
    counts = {
        "none": (0, 10),
        "all": (10, 10),
        "some": (3, 10),
        "over": (11, 10),
        "less": (-1, 10),
        "no-impressions": (3, 0),
        "both-less": (-1, -10),
        "none-of-less": (0, -10),
    }
    for name, (clicks, impressions) in counts.items():
        link(migrated, name, {"campaign": name})
        count(migrated, [(name, at, "human", "", clicks, 0), (name, at, "human", "platform", 0, impressions)])
    found = {}
    for name in counts:
        statement = totals(TotalsQuery(campaign=name, since=TIMES[0][0], until=TIMES[0][1]), "", NOW)
        (found[name],) = rows_of(migrated, statement, "round(ctr_from, 4), round(ctr_to, 4)")
    assert found == dict.fromkeys(counts, NONE) | {
        "none": ["0", "0.2775"],
        "all": ["0.7225", "1"],
        "some": ["0.1078", "0.6032"],
    }


@pytest.mark.parametrize("counts", ["0, 0", "number % 3, 1", "number, 0", "intDiv(number, 4), number % 2"])
async def test_first_rows_are_those_of_all_sorted_by_names_too_or_none(http: Http, counts: str) -> None:
    rows = (
        "SELECT tupleElement(counts, 1) AS clicks, tupleElement(counts, 2) AS seen,"
        f" toString(cityHash64(number)) AS name FROM (SELECT number, ({counts}) AS counts FROM numbers(12))"
    )
    thrown = 0
    for limit in range(1, 14):
        expected = http.rows(f"{rows} ORDER BY clicks DESC, seen DESC, name LIMIT {limit}")
        for more in (1, 3, 12):
            answer = http(first_rows(rows, ("clicks", "seen"), ("name",), limit, more=more))
            if answer.status == 200:
                assert [line.split("\t") for line in answer.body.decode().splitlines()] == expected, (limit, more)
            else:
                assert answer.headers["X-ClickHouse-Exception-Code"] == str(THROWN)
                thrown += 1
            assert answer.status == 200 or limit + more <= 12
    assert (thrown > 0) == (counts != "number, 0")


async def test_what_cannot_be_told_sooner_is_asked_as_it_stands_and_other_errors_are_told(http: Http) -> None:
    counters = Counters(Server.of_url(f"{http.url}/{http.database}"), within_s=30.0)
    try:
        for sooner, row in (
            ("", b'{"row":1}\n'),
            ("SELECT 2 AS row", b'{"row":2}\n'),
            ("SELECT throwIf(number = 1) AS row FROM numbers(2)", b'{"row":1}\n'),
        ):
            assert await counters.answer(Statement("SELECT 1 AS row", sooner=sooner), "JSONEachRow") == row
        with pytest.raises(ClickHouseError, match="never"):
            await counters.answer(Statement("SELECT 1 AS row", sooner="SELECT never"), "JSONEachRow")
    finally:
        await counters.close()


async def test_posts_are_the_same_sooner_with_and_without_the_time_before(migrated: Http) -> None:
    random_campaigns(migrated, 22)
    odd_links(migrated)
    for limit in (1, 5, 1000):
        for previous in (False, True):
            query = ReportQuery(since=TIMES[0][0], until=TIMES[0][1], limit=limit, previous=previous)
            statement = performance("posts", query, "", NOW)
            rows = migrated.rows(statement.text)
            assert statement.sooner
            assert rows
            assert len(rows) <= limit
            assert migrated.rows(statement.sooner) == rows
    assert not performance("posts", ReportQuery(campaign="spring"), "", NOW).sooner
    assert not performance("campaigns", ReportQuery(), "", NOW).sooner
