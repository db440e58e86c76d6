"""What is asked of the counters: statements, who asks together, and what comes back as a file."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from console.api.callers import Caller
from console.api.click_report import ClicksQuery, clicks_by
from console.api.comparing import CompareQuery, comparing
from console.api.counters import Counters
from console.api.problems import Problem
from console.api.report_operations import as_csv, scoped
from console.api.report_sql import as_text, literal
from console.api.report_wire import (
    BreakdownQuery,
    HeatMapQuery,
    ReportQuery,
    SeriesQuery,
    TotalsQuery,
)
from console.api.reports import Statement, breakdown, heat_map, performance, series
from console.api.totals import totals
from console.api.uniques import UniquesQuery, uniques
from schemas.clickhouse.client import Server
from schemas.errors import TransientError

NOW = datetime(2026, 11, 27, 12, 30, 15, tzinfo=UTC)
SERVER = Server.of_url("http://localhost:8123/clicktally")


def test_without_a_time_the_last_thirty_days_are_meant_in_whole_minutes() -> None:
    statement = performance("posts", ReportQuery(), "", NOW)
    assert statement.until == datetime(2026, 11, 27, 12, 31, tzinfo=UTC)
    assert statement.since == datetime(2026, 10, 28, 12, 30, tzinfo=UTC)
    assert "toDateTime('2026-11-27 12:31:00', 'UTC')" in statement.text


@pytest.mark.parametrize(
    ("since", "until", "parameter"),
    [
        (NOW, NOW - timedelta(minutes=1), "until"),
        (datetime(1969, 12, 31, tzinfo=UTC), None, "since"),
        (None, datetime(2106, 2, 8, tzinfo=UTC), "until"),
    ],
)
def test_a_time_that_is_none_is_named(since: datetime | None, until: datetime | None, parameter: str) -> None:
    with pytest.raises(Problem) as raised:
        performance("posts", ReportQuery(since=since, until=until), "", NOW)
    assert raised.value.details.parameter == parameter


def test_one_minute_is_a_time() -> None:
    minute = NOW.replace(second=0)
    statement = performance("posts", ReportQuery(since=minute, until=minute + timedelta(minutes=1)), "", NOW)
    assert statement.until - statement.since == timedelta(minutes=1)


def test_one_link_or_those_with_impressions_of_a_kind_are_asked_for_beside_any_labels() -> None:
    wild = "go.example/x' OR 1=1 --"
    for statement in (
        breakdown(BreakdownQuery(by="channel", link=wild, having="viewable"), "acme", NOW),
        series(SeriesQuery(link=wild, having="viewable"), "acme", NOW),
        heat_map(HeatMapQuery(link=wild, having="viewable"), "acme", NOW),
        clicks_by(ClicksQuery(by="country", link=wild, having="viewable"), "acme", NOW),
        uniques(UniquesQuery(link=wild, having="viewable"), "acme", NOW),
    ):
        assert wild not in statement.text
        assert dict(statement.parameters) | {"link": wild, "account": "acme"} == dict(statement.parameters)
        assert "impression_kind = 'viewable'" in statement.text
        assert "window_start >= toDateTime('2026-10-28 12:30:00', 'UTC')" in statement.text
    assert "impression_kind" not in heat_map(HeatMapQuery(kind="viewable"), "acme", NOW).text.partition("WHERE")[2]


def test_a_token_of_an_account_asks_for_its_own_numbers() -> None:
    statement = performance("campaigns", ReportQuery(), "acme", NOW)
    assert "account = {account:String}" in statement.text
    assert dict(statement.parameters) == {"account": "acme"}
    assert performance("campaigns", ReportQuery(account="acme"), "acme", NOW) == statement
    for query in (ReportQuery(account="other"), ReportQuery(account="")):
        with pytest.raises(Problem) as raised:
            performance("campaigns", query, "acme", NOW)
        assert raised.value.status == 403


def test_a_filter_that_a_report_has_no_column_for_is_named() -> None:
    for given in ("post", "not_post", "profile"):
        with pytest.raises(Problem) as raised:
            performance("campaigns", msgspec.convert({given: "x"}, ReportQuery), "", NOW)
        assert raised.value.details.parameter == given
    assert "not_channel" in dict(performance("channels", ReportQuery(not_channel="X "), "", NOW).parameters)


@pytest.mark.parametrize("by", ["", "channel,channel", "channel,day", "channel;DROP TABLE links"])
def test_a_breakdown_is_by_labels_that_there_are(by: str) -> None:
    with pytest.raises(Problem) as raised:
        breakdown(BreakdownQuery(by=by), "", NOW)
    assert raised.value.details.parameter == "by"


@pytest.mark.parametrize("by", ["link", "channel,channel", "channel,", "start"])
def test_a_series_is_by_labels_that_there_are(by: str) -> None:
    with pytest.raises(Problem) as raised:
        series(SeriesQuery(by=by), "", NOW)
    assert raised.value.details.parameter == "by"
    assert "GROUP BY start, post, channel ORDER" in series(SeriesQuery(by="post, channel"), "", NOW).text
    assert "GROUP BY start ORDER" in series(SeriesQuery(), "", NOW).text


@pytest.mark.parametrize("side", ["x", "day=1", "post=a&post=b", "", "post", "&", "a=1" * 700])
def test_a_side_is_labels_that_there_are(side: str) -> None:
    with pytest.raises(Problem) as raised:
        comparing(CompareQuery(of=["post=a", side]), "", NOW)
    assert raised.value.details.parameter == "of"


def test_whoever_is_bound_to_labels_asks_for_these_whatever_they_say() -> None:
    caller = Caller("0" * 16, "", ("reports:read",), scope=(("account", ""), ("campaign", "spring")))
    bound = scoped(ReportQuery(post="one"), caller)
    assert (bound.account, bound.campaign, bound.post) == ("", "spring", "one")
    assert scoped(ReportQuery(campaign="spring"), caller).campaign == "spring"
    for wrong in (ReportQuery(campaign="other"), ReportQuery(campaign=""), ReportQuery(account="acme")):
        with pytest.raises(Problem) as raised:
            scoped(wrong, caller)
        assert raised.value.status == 403
    with pytest.raises(Problem, match="have no campaign"):
        performance("channels", scoped(ReportQuery(), caller), "", NOW)


@pytest.mark.parametrize(
    ("value", "written"),
    [("", "''"), ("a'b\\c", "'a\\'b\\\\c'"), ("1\n\t\r\0", "'1\\n\\t\\r\\0'"), (["a", "'"], "['a', '\\'']")],
)
def test_a_value_in_a_text_of_sql_ends_where_it_ends(value: Any, written: str) -> None:
    assert literal(value) == written


def test_a_series_of_some_posts_names_each_by_a_parameter() -> None:
    wild = ["one", "') OR 1 = 1 --"]
    statement = series(SeriesQuery(by="channel,post", posts=wild), "acme", NOW)
    assert "post IN ({post_0:String}, {post_1:String})" in statement.text
    assert dict(statement.parameters) | {"post_0": "one", "post_1": wild[1]} == dict(statement.parameters)
    assert hash(statement), "answers are kept by it"
    assert "post IN ('one', '\\') OR 1 = 1 --')" in as_text(statement, "clicktally")
    assert "post IN (" not in series(SeriesQuery(by="post"), "acme", NOW).text


def test_a_text_of_sql_has_no_parameters_left() -> None:
    query = SeriesQuery(campaign="{zone:String}", zone="Europe/Berlin", not_post="it's")
    text = as_text(series(query, "acme", NOW), "clicktally")
    assert "'{zone:String}'" in text
    assert "post != 'it\\'s'" in text
    assert text.startswith("-- clicktally: windows from 2026-10-28 12:30 to 2026-11-27 12:31 UTC\n")


def test_minutes_are_asked_for_seven_days_at_most() -> None:
    week = SeriesQuery(unit="minute", since=NOW.replace(second=0) - timedelta(days=7), until=NOW.replace(second=0))
    assert "ctr_1m" in series(week, "", NOW).text
    with pytest.raises(Problem) as raised:
        series(msgspec.structs.replace(week, since=week.since and week.since - timedelta(minutes=1)), "", NOW)
    assert raised.value.details.parameter == "unit"


def test_a_spreadsheet_runs_nothing_and_null_is_empty() -> None:
    lines = b'{"campaign":"=1+1","kinds":["served","platform"],"ctr":null,"clicks":-1}\n'
    assert as_csv(lines) == "campaign,kinds,ctr,clicks\r\n'=1+1,served platform,,-1\r\n"
    assert as_csv(b"") == ""


class SlowClickHouse:
    """A ClickHouse that answers when it is told to."""

    def __init__(self) -> None:
        self.calls: list[asyncio.Future[bytes]] = []
        self.cancelled = 0

    async def __call__(self, _statement: Statement, _wire: str) -> bytes:
        self.calls.append(asyncio.get_running_loop().create_future())
        try:
            return await self.calls[-1]
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


STATEMENT = Statement("SELECT 1", (), NOW, NOW)


async def test_who_asks_the_same_within_a_second_is_answered_by_one_query() -> None:
    clickhouse, now = SlowClickHouse(), [0.0]
    counters = Counters(SERVER, within_s=1.0, ask=clickhouse, clock=lambda: now[0])
    first, second = (asyncio.create_task(counters.answer(STATEMENT, "JSONEachRow")) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clickhouse.calls[0].set_result(b"1")
    assert (await first, await second, len(clickhouse.calls)) == (b"1", b"1", 1)
    now[0] = 0.999
    assert (await counters.answer(STATEMENT, "JSONEachRow"), len(clickhouse.calls)) == (b"1", 1)
    now[0] = 1.0
    third = asyncio.create_task(counters.answer(STATEMENT, "JSONEachRow"))
    other = asyncio.create_task(counters.answer(STATEMENT, "ArrowStream"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(clickhouse.calls) == 3
    for call in clickhouse.calls[1:]:
        call.set_result(b"2")
    assert (await third, await other) == (b"2", b"2")


async def test_a_query_ends_when_the_last_who_waited_has_left() -> None:
    clickhouse = SlowClickHouse()
    counters = Counters(SERVER, within_s=1.0, ask=clickhouse, clock=lambda: 0.0)
    waiting = [asyncio.create_task(counters.answer(STATEMENT, "JSONEachRow")) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for number, task in enumerate(waiting):
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert clickhouse.cancelled == number
    again = asyncio.create_task(counters.answer(STATEMENT, "JSONEachRow"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clickhouse.calls[-1].set_result(b"1")
    assert (await again, len(clickhouse.calls)) == (b"1", 2)


async def test_a_failure_is_not_kept() -> None:
    clickhouse = SlowClickHouse()
    counters = Counters(SERVER, within_s=1.0, ask=clickhouse, clock=lambda: 0.0)
    for answer in (TransientError("away"), b"1"):
        task: asyncio.Task[Any] = asyncio.create_task(counters.answer(STATEMENT, "JSONEachRow"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if isinstance(answer, bytes):
            clickhouse.calls[-1].set_result(answer)
            assert await task == answer
        else:
            clickhouse.calls[-1].set_exception(answer)
            with pytest.raises(TransientError):
                await task


def test_totals_of_few_links_read_counters_alone_and_those_of_all_read_sums_by_day() -> None:
    few, everything = (totals(TotalsQuery(campaign=campaign), "", NOW).text for campaign in ("spring", None))
    assert "link_sums" not in few
    assert few.count("FROM counters") == everything.count("FROM counters") == 1
    assert everything.count("FROM link_sums ") == 1


def test_before_the_first_of_all_times_there_was_none() -> None:
    first = datetime(1970, 1, 1, tzinfo=UTC)
    text = totals(TotalsQuery(since=first, until=NOW), "", NOW).text
    assert "window_start >= toDateTime('1970-01-01 00:00:00', 'UTC')" in text
    assert "1913" not in text
