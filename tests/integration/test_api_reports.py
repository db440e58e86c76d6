"""Reports by HTTP: what ClickHouse's own SQL says of the same counts, in each format."""

import asyncio
import csv
import io
import json
import time
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from deploy.local.processes import ClickHouse, Kafka
from schemas.clickhouse.migrate import migrate
from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import count, link
from tests.integration.test_api import CALLERS, prepare
from tests.tokens import bearer_of, token

READERS = (*CALLERS, token(7, "reports:read"), token(8, "reports:read", account="acme"))
DAY = "since=2026-11-26T00:00:00Z&until=2026-11-27T00:00:00Z"


@pytest.fixture(scope="module")
def counted(clickhouse: ClickHouse) -> Iterator[Http]:
    """A database of this module's own, with counts of two campaigns, one of account acme."""
    database = f"reports_{uuid.uuid4().hex}"
    asyncio.run(migrate(f"{clickhouse.url}/{database}"))
    http = Http(clickhouse.url, database)
    link(http, "a", {"campaign": "spring", "post": "=1+1", "channel": "x", "profile": "p", "account": "acme"})
    link(http, "b", {"campaign": "spring", "post": "two", "channel": "linkedin", "account": "acme"})
    link(http, "c", {"campaign": "winter", "post": "one", "channel": "x"})
    rows = []
    for name, clicks, impressions in (("a", 5, 1000), ("b", 7, 2000), ("c", 11, 300)):
        for hour in (9, 22):
            at = f"2026-11-26 {hour:02}:30:00"
            rows += [(name, at, "human", "", clicks, 0), (name, at, "bot", "", 1, 0)]
            rows.append((name, at, "human", "platform", 0, impressions))
    rows.append(("a", "2026-11-27 00:00:00", "human", "", 100, 0))  # the first minute left out
    count(http, rows)
    yield http
    http(f"DROP DATABASE {database}")


@pytest.fixture(scope="module")
def console(
    kafka: Kafka, clickhouse: ClickHouse, counted: Http, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConsoleProcess]:
    """A console that reports them."""
    asyncio.run(prepare(kafka, READERS))
    url, group = f"{clickhouse.url}/{counted.database}", f"reports-{uuid.uuid4().hex}"
    with ConsoleProcess(tmp_path_factory.mktemp("reports"), kafka, group, clickhouse_url=url) as one:
        yield one


def rows_of(console: ConsoleProcess, path: str, *, as_token: int = 7) -> list[Any]:
    answer = console.ask("GET", f"/v1/reports/{path}", token=as_token)
    assert answer.status == 200, answer.body
    return list(answer.json["rows"])


def test_campaigns_posts_channels_and_profiles_add_up_to_what_was_counted(console: ConsoleProcess) -> None:
    for report in ("posts", "campaigns", "channels", "profiles"):
        rows = rows_of(console, f"{report}?{DAY}")
        assert (sum(row["clicks"] for row in rows), sum(row["gross_clicks"] for row in rows)) == (46, 52)
        assert sum(row["impressions"] for row in rows) == 6600
    (spring,) = rows_of(console, f"campaigns?{DAY}&campaign=spring")
    assert (spring["clicks"], spring["impressions"], spring["ctr"]) == (24, 6000, 0.004)
    assert (spring["posts"], spring["kinds"], "post" in spring) == (2, ["platform"], False)
    assert {row["channel"] for row in rows_of(console, f"channels?{DAY}&not_channel=X")} == {"linkedin"}


def test_a_breakdown_sums_what_any_filter_leaves(console: ConsoleProcess) -> None:
    rows = rows_of(console, f"breakdown?{DAY}&by=channel,profile&campaign=spring")
    assert [(row["channel"], row["profile"], row["clicks"]) for row in rows] == [
        ("linkedin", "", 14),
        ("x", "p", 10),
    ]
    assert [row["link"] for row in rows_of(console, f"breakdown?{DAY}&by=link&limit=1")] == ["go.example/c"]


def test_a_series_and_a_heat_map_are_of_the_zone(console: ConsoleProcess) -> None:
    two_days = "since=2026-11-25T18:30:00Z&until=2026-11-27T18:30:00Z"
    days = rows_of(console, f"series?{two_days}&unit=day&zone=Asia/Kolkata")
    assert [(row["start"], row["clicks"]) for row in days] == [
        ("2026-11-25T18:30:00Z", 23),
        ("2026-11-26T18:30:00Z", 123),
    ]
    hours = rows_of(console, f"series?{DAY}&unit=hour&by=campaign&campaign=winter")
    assert [(row["start"], row["campaign"], row["clicks"]) for row in hours] == [
        ("2026-11-26T09:00:00Z", "winter", 11),
        ("2026-11-26T22:00:00Z", "winter", 11),
    ]
    minutes = rows_of(console, f"series?{DAY}&unit=minute")
    assert [row["start"] for row in minutes] == ["2026-11-26T09:30:00Z", "2026-11-26T22:30:00Z"]
    heat = rows_of(console, f"heat-map?{DAY}&zone=Asia/Kolkata")
    # The last hour of that zone begins at 23:30 UTC, so that what was counted at midnight is in it.
    assert [(row["weekday"], row["hour"], row["clicks"]) for row in heat] == [(4, 15, 23), (5, 4, 23), (5, 5, 100)]


def test_a_token_of_an_account_sees_the_numbers_of_its_account(console: ConsoleProcess) -> None:
    for report in (f"campaigns?{DAY}", f"breakdown?{DAY}&by=campaign", f"series?{DAY}&by=campaign"):
        assert {row["campaign"] for row in rows_of(console, report, as_token=8)} == {"spring"}
    assert console.ask("GET", f"/v1/reports/posts?{DAY}", token=1).status == 403


def test_files_say_what_json_says_and_run_nothing(console: ConsoleProcess) -> None:
    rows = rows_of(console, f"posts?{DAY}")
    text = console.ask("GET", f"/v1/reports/posts?{DAY}&format=csv", token=7).body.decode()
    read = list(csv.DictReader(io.StringIO(text)))
    assert [(row["post"], row["clicks"]) for row in read] == [
        ("'=1+1" if row["post"] == "=1+1" else row["post"], str(row["clicks"])) for row in rows
    ]
    arrow = console.ask("GET", f"/v1/reports/posts?{DAY}&format=arrow", token=7).body
    assert [row["clicks"] for row in pa.ipc.open_stream(arrow).read_all().to_pylist()] == [
        row["clicks"] for row in rows
    ]


def test_counts_are_told_as_they_change(console: ConsoleProcess, counted: Http) -> None:
    url = f"http://127.0.0.1:{console.port}/v1/live?campaign=spring"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer_of(8)}"})
    with urllib.request.urlopen(request, timeout=30) as events:  # noqa: S310 - our own URL
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:00}"
        count(counted, [(name, at, "human", "", clicks, 0) for name, clicks in (("a", 3), ("c", 9))])
        began = time.monotonic()
        assert next(line for line in events if line.startswith(b"event")) == b"event: counts\n"
        rows = json.loads(next(events).removeprefix(b"data: "))
        assert time.monotonic() - began < 10
    assert [(row["campaign"], row["post"], row["clicks"]) for row in rows] == [("spring", "=1+1", 3)]


def test_a_zone_that_there_is_not_is_named(console: ConsoleProcess) -> None:
    for zone, status in (("Mars/Base", 400), ("'x", 400), ("America/Argentina/Buenos_Aires", 200)):
        answer = console.ask("GET", f"/v1/reports/series?{DAY}&zone={zone}", token=7)
        assert answer.status == status, answer.body
        assert status == 200 or answer.json["parameter"] == "zone"
