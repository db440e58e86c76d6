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
from urllib.parse import quote

import pyarrow as pa
import pytest

from deploy.local.processes import ClickHouse, Kafka
from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import count, link, run_sql
from tests.integration.migrated import make_migrated
from tests.integration.test_api import CALLERS, prepare
from tests.tokens import bearer_of, token

READERS = (*CALLERS, token(7, "reports:read"), token(8, "reports:read", account="acme"))
DAY = "since=2026-11-26T00:00:00Z&until=2026-11-27T00:00:00Z"
KINDS_DAY = "since=2026-11-18T00:00:00Z&until=2026-11-19T00:00:00Z"
UNKNOWN_DAY = "since=2026-11-16T00:00:00Z&until=2026-11-17T00:00:00Z"
HOOKS_DAY = "since=2026-11-20T00:00:00Z&until=2026-11-21T00:00:00Z"


@pytest.fixture(scope="module")
def counted(clickhouse: ClickHouse) -> Iterator[Http]:
    """A database of this module's own, with counts of two campaigns, one of account acme."""
    database = f"reports_{uuid.uuid4().hex}"
    http = make_migrated(clickhouse.url, database)
    link(http, "a", {"campaign": "spring", "post": "=1+1", "channel": "x", "profile": "p", "account": "acme"})
    link(http, "b", {"campaign": "spring", "post": "two", "channel": "linkedin", "account": "acme"})
    link(http, "c", {"campaign": "winter", "post": "one", "channel": "x", "published_at": "2026-11-26 08:00:00"})
    for variant in "ab":
        link(http, f"hook-{variant}", {"experiment": "hooks", "variant": variant})
    rows = []
    for name, clicks, impressions in (("a", 5, 1000), ("b", 7, 2000), ("c", 11, 300)):
        for hour in (9, 22):
            at = f"2026-11-26 {hour:02}:30:00"
            rows += [(name, at, "human", "", clicks, 0), (name, at, "bot", "", 1, 0)]
            rows.append((name, at, "human", "platform", 0, impressions))
    rows.append(("a", "2026-11-27 00:00:00", "human", "", 100, 0))  # the first minute left out
    for variant, clicks in (("a", 100), ("b", 180)):
        at = "2026-11-20 10:00:00"
        rows += [
            (f"hook-{variant}", at, "human", "", clicks, 0),
            (f"hook-{variant}", at, "human", "platform", 0, 10_000),
        ]
    for name, clicks, kind in (("a", 5, "served"), ("b", 7, "platform")):
        at = "2026-11-18 10:00:00"
        rows += [(name, at, "human", "", clicks, 0), (name, at, "human", kind, 0, 100)]
    for name, clicks in CLICKS.items():
        at = "2026-11-16 10:00:00"
        rows += [(name, at, "human", "", clicks, 0), (name, at, "bot", "", 1, 0)]
    count(http, rows)
    run_sql(
        http,
        "INSERT INTO snapshots (link, platform, post, series, observed_at, total, differences, received_at) VALUES"
        " ('go.example/a', 'x', '1', 'views', '2026-11-26 11:00:00', 960,"
        " [('2026-11-26 11:00:00', 'revision', 'fell', -40)], '2026-11-26 11:00:01'),"
        " ('', 'x', '2', 'views', '2026-11-26 11:00:00', 5, [], '2026-11-26 11:00:01')",
    )
    visits = (("a", 9, 1), ("a", 9, 1), ("a", 22, 1), ("a", 9, 2), ("b", 9, 1), ("c", 9, 3), ("c", 9, 0))
    visited = ", ".join(
        f"('click', 'go.example/{name}', '2026-11-26 {hour:02}:30:00', 'human', 1, {visitor}, {offset})"
        for offset, (name, hour, visitor) in enumerate(visits)
    )
    visited += "".join(
        f", ('click', 'go.example/{name}', '2026-11-18 10:00:30', 'human', 1, 1, {len(visits) + offset})"
        for offset, name in enumerate("abb")
    )
    run_sql(http, f"INSERT INTO events (type, link, time, class, count, visitor, record_offset) VALUES {visited}")
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
    posts = rows_of(console, f"series?{DAY}&unit=day&by=channel,post")
    assert {(row["channel"], row["post"]): row["clicks"] for row in posts} == {
        ("x", "=1+1"): 10,
        ("linkedin", "two"): 14,
        ("x", "one"): 22,
    }
    minutes = rows_of(console, f"series?{DAY}&unit=minute")
    assert [row["start"] for row in minutes] == ["2026-11-26T09:30:00Z", "2026-11-26T22:30:00Z"]
    heat = rows_of(console, f"heat-map?{DAY}&zone=Asia/Kolkata")
    # The last hour of that zone begins at 23:30 UTC, so that what was counted at midnight is in it.
    assert [(row["weekday"], row["hour"], row["clicks"]) for row in heat] == [(4, 15, 23), (5, 4, 23), (5, 5, 100)]


def test_a_token_of_an_account_sees_the_numbers_of_its_account(console: ConsoleProcess) -> None:
    for report in (f"campaigns?{DAY}", f"breakdown?{DAY}&by=campaign", f"series?{DAY}&by=campaign"):
        assert {row["campaign"] for row in rows_of(console, report, as_token=8)} == {"spring"}
    assert console.ask("GET", f"/v1/reports/posts?{DAY}", token=1).status == 403


def test_unique_clicks_are_visitors_of_what_was_asked_for_and_not_the_sum_of_its_parts(
    console: ConsoleProcess,
) -> None:
    assert rows_of(console, f"uniques?{DAY}") == [{"unique_clicks": 3}]
    assert rows_of(console, f"uniques?{DAY}&by=campaign") == [
        {"unique_clicks": 2, "campaign": "spring"},
        {"unique_clicks": 1, "campaign": "winter"},
    ]
    assert {row["link"]: row["unique_clicks"] for row in rows_of(console, f"uniques?{DAY}&by=link")} == {
        "go.example/a": 2,
        "go.example/b": 1,
        "go.example/c": 1,
    }
    assert rows_of(console, f"uniques?{DAY}&campaign=spring&not_channel=x") == [{"unique_clicks": 1}]
    assert rows_of(console, f"uniques?{DAY}", as_token=8) == [{"unique_clicks": 2}]
    part = console.ask("GET", "/v1/reports/uniques?since=2026-11-26T21:59:00Z&until=2026-11-26T22:01:00Z", token=7)
    assert (part.json["since"], part.json["until"]) == ("2026-11-26T21:00:00Z", "2026-11-26T23:00:00Z")
    assert part.json["rows"] == [{"unique_clicks": 1}]
    assert console.ask("GET", f"/v1/reports/uniques?{DAY}&by=device", token=7).status == 400


def test_what_was_asked_for_in_vain_is_told_by_slug_and_to_an_account_its_own(
    console: ConsoleProcess, counted: Http
) -> None:
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:00}"
    values = ", ".join(
        f"('{at}', '{reason}', '{domain}', '{slug}', '{host}', {requests}, 'b', {place})"
        for place, (reason, domain, slug, host, requests) in enumerate(
            [
                ("unknown", "go.example", "=1+1", "page.example", 7),
                ("expired", "go.example", "a", "", 3),
                ("unknown", "", "", "", 50),
            ]
        )
    )
    columns = "minute, reason, domain, slug, referrer_host, requests, batch, place"
    assert counted(f"INSERT INTO misses ({columns}) VALUES {values}").status == 200
    rows = rows_of(console, "unknown-slugs")
    assert [(row["slug"], row["reason"], row["referrer_host"], row["requests"]) for row in rows] == [
        ("", "unknown", "", 50),
        ("=1+1", "unknown", "page.example", 7),
        ("a", "expired", "", 3),
    ]
    assert [row["slug"] for row in rows_of(console, "unknown-slugs?reason=unknown&domain=GO.example")] == ["=1+1"]
    assert [row["slug"] for row in rows_of(console, "unknown-slugs", as_token=8)] == ["a"]
    assert rows_of(console, "unknown-slugs?since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z") == []
    text = console.ask("GET", "/v1/reports/unknown-slugs?slug=%3D1%2B1&format=csv", token=7).body.decode()
    assert "'=1+1" in text


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


REPORTS = (
    "posts",
    "posts?campaign=spring&previous=true",
    "posts?campaign=spring&not_post=two",
    "campaigns?previous=true",
    "channels",
    "profiles",
    "totals?campaign=spring",
    "breakdown?by=channel,profile&not_channel=linkedin",
    "breakdown?by=link&class=bot",
    "breakdown?by=campaign&class=all&kind=platform",
    "series?unit=hour&by=campaign&zone=Asia/Kolkata",
    "series?unit=minute&class=bot&kind=served",
    "heat-map?zone=Europe/Berlin&campaign=spring",
    "heat-map?class=unknown&kind=platform",
    "heat-map?having=platform&link=go.example/a",
    "breakdown?by=link&kind=platform&having=platform&class=bot",
    "series?unit=hour&having=platform&by=campaign",
    "clicks?by=device,link&having=platform",
    "variants",
    "variants?experiment=hooks",
    "quality",
    "quality?campaign=spring",
    "annotations",
    "annotations?campaign=spring",
    "uniques",
    "uniques?by=channel,link&campaign=spring",
    "uniques?link=go.example/a&having=platform",
)


@pytest.mark.parametrize("report", REPORTS)
def test_the_sql_of_a_report_gives_its_numbers_to_who_may_only_read(
    console: ConsoleProcess, counted: Http, report: str
) -> None:
    day = HOOKS_DAY if report.startswith("variants") else DAY
    path = f"/v1/reports/{report}{'&' if '?' in report else '?'}{day}"
    answer = console.ask("GET", path, token=7)
    assert answer.status == 200, answer.body
    text = console.ask("GET", f"{path}&format=sql", token=7).body.decode()
    assert text.startswith("-- clicktally: windows from 2026-11-2")
    reader = Http(counted.url, counted.database, user="reader")
    by_sql = reader(f"{text} FORMAT JSONEachRow", output_format_json_quote_64bit_integers=0)
    assert by_sql.status == 200, by_sql.body
    rows = [json.loads(line) for line in by_sql.body.splitlines()]
    said = answer.json["rows"]
    for row in (*rows, *said):
        if row.get("finding") == "counted up to":
            row["amount"] = 0  # seconds until now
    assert rows == said
    assert rows


def test_the_time_before_stands_beside_each_row_and_in_totals(console: ConsoleProcess) -> None:
    path = "/v1/reports/posts?since=2026-11-26T16:00:00Z&until=2026-11-27T00:01:00Z&campaign=spring&previous=true"
    report = console.ask("GET", path, token=7).json
    assert [(row["post"], row["clicks"], row["clicks_before"], row["ctr_before"]) for row in report["rows"]] == [
        ("=1+1", 105, 5, 0.005),
        ("two", 7, 7, 0.0035),
    ]
    now, before = report["totals"]
    assert (now["period"], now["clicks"], now["gross_clicks"], now["impressions"]) == ("now", 112, 114, 3000)
    assert (before["period"], before["clicks"], before["impressions"], before["ctr"]) == ("before", 12, 3000, 0.004)
    assert before["ctr_from"] < before["ctr"] < before["ctr_to"]


def test_other_clicks_than_peoples_are_asked_for_by_class_and_impressions_by_kind(console: ConsoleProcess) -> None:
    for report, by in (("breakdown?by=campaign", "campaign"), ("series?unit=day&by=campaign", "campaign")):
        of_bots = {row[by]: row for row in rows_of(console, f"{report}&{DAY}&class=bot&kind=platform")}
        assert {name: (row["clicks"], row["impressions"]) for name, row in of_bots.items()} == {
            "spring": (4, 6000),
            "winter": (2, 600),
        }
        none = rows_of(console, f"{report}&{DAY}&kind=served&campaign=winter")
        assert [(row["clicks"], row["impressions"], row["kinds"], row["ctr"]) for row in none] == [
            (22, 0, [], None)
        ]
    assert sum(row["clicks"] for row in rows_of(console, f"heat-map?{DAY}&class=all")) == 52
    assert console.ask("GET", f"/v1/reports/series?{DAY}&class=people", token=7).json["parameter"] == "class"


def test_links_of_a_kind_and_one_link_are_counted_alone_in_every_report_of_clicks(console: ConsoleProcess) -> None:
    def clicks(filtered: str) -> list[int]:
        reports = ("breakdown?by=link", "series?unit=day", "heat-map?zone=Europe/Berlin", "clicks?by=link")
        return [
            sum(row["clicks"] for row in rows_of(console, f"{report}&{KINDS_DAY}&{filtered}")) for report in reports
        ]

    assert clicks("having=served") == clicks("link=go.example/a") == [5, 5, 5, 1]
    assert clicks("having=platform") == clicks("link=go.example/b") == [7, 7, 7, 2]
    assert clicks("having=platform&link=go.example/a") == clicks("having=viewable") == [0, 0, 0, 0]
    assert clicks("link=go.example/a&campaign=winter") == [0, 0, 0, 0]
    assert rows_of(console, f"uniques?{KINDS_DAY}&by=link&having=served") == [
        {"link": "go.example/a", "unique_clicks": 1}
    ]
    # On another day the same link has impressions of another kind.
    assert [row["link"] for row in rows_of(console, f"breakdown?by=link&{DAY}&having=served")] == []
    assert rows_of(console, f"breakdown?by=link&{KINDS_DAY}&link=go.example/a", as_token=8)


def test_sides_are_compared_as_the_view_of_variants_does(console: ConsoleProcess) -> None:
    sides = [quote(f"experiment=hooks&variant={name}") for name in ("a", "b")]
    path = f"/v1/reports/compare?{HOOKS_DAY}&of={sides[0]}&of={sides[1]}"
    compared = console.ask("GET", path, token=7).json
    control, other = rows_of(console, f"variants?{HOOKS_DAY}&experiment=hooks")
    assert [(row["clicks"], row["impressions"]) for row in compared["rows"]] == [(100, 10_000), (180, 10_000)]
    for side, variant in zip(compared["rows"], (control, other), strict=True):
        for name in ("clicks", "gross_clicks", "impressions", "kinds", "ctr", "enough_data", "is_winner"):
            assert side[name] == variant[name], name
        for name in ("ctr_from", "ctr_to"):
            assert side[name] == pytest.approx(variant[name], rel=1e-9)
    (pair,) = compared["pairs"]
    for name in ("difference", "difference_from", "difference_to", "p_value", "p_adjusted"):
        assert pair[name] == pytest.approx(other[name], rel=1e-9), name
    assert (pair["verdict"], compared["verdict"], other["verdict"]) == ("better", "winner", "winner")
    assert [row["is_winner"] for row in compared["rows"]] == [False, True]
    as_csv = console.ask("GET", f"{path}&format=csv", token=7).body.decode()
    assert [row["clicks"] for row in csv.DictReader(io.StringIO(as_csv))] == ["100", "180"]


def test_sides_that_share_links_are_said_to_and_none_is_counted_twice(console: ConsoleProcess) -> None:
    def compared(*sides: str) -> Any:
        of = "&".join(f"of={quote(side)}" for side in sides)
        return console.ask("GET", f"/v1/reports/compare?{DAY}&{of}", token=7).json

    overlapping = compared("campaign=spring", "channel=X", "campaign=none")
    assert [(side["clicks"], side["links"]) for side in overlapping["rows"]] == [(24, 2), (32, 2), (0, 0)]
    assert overlapping["verdict"] == "the same links on several sides"
    apart = compared("campaign=spring", "campaign=winter")
    assert (apart["verdict"], [side["clicks"] for side in apart["rows"]]) == ("not enough data yet", [24, 22])
    assert compared("account=acme", "account=").keys() == apart.keys()
    own = console.ask("GET", f"/v1/reports/compare?{DAY}&of=campaign%3Dspring&of=campaign%3Dwinter", token=8).json
    assert [side["clicks"] for side in own["rows"]] == [24, 0]


def test_what_may_be_wrong_and_what_happened_are_of_the_callers_account(console: ConsoleProcess) -> None:
    everything = {row["finding"]: row for row in rows_of(console, f"quality?{DAY}")}
    assert (everything["clicks: bot"]["amount"], everything["rule sets"]["examples"]) == (6, ["0"])
    assert everything["counted up to"]["examples"] == ["2026-11-26T22:30:00Z"]
    assert everything["posts without a link"]["examples"] == ["x 2"]
    assert "late events" in everything
    own = {row["finding"]: row for row in rows_of(console, f"quality?{DAY}", as_token=8)}
    assert (own["clicks: bot"]["amount"], "posts without a link" in own) == (4, False)
    happened = rows_of(console, f"annotations?{DAY}")
    assert [(row["at"], row["what"], row["post"], row["impressions"]) for row in happened] == [
        ("2026-11-26T08:00:00Z", "published", "one", 0),
        ("2026-11-26T11:00:00Z", "revised", "=1+1", -40),
    ]
    assert [row["post"] for row in rows_of(console, f"annotations?{DAY}", as_token=8)] == ["=1+1"]


NAMES = {
    "a": {"account": "acme", "campaign": "spring", "post": "=1+1", "channel": "x", "profile": "p"},
    "b": {"account": "acme", "campaign": "spring", "post": "two", "channel": "linkedin"},
    "c": {"campaign": "winter", "post": "one", "channel": "x"},
    "unknown": {},
}
CLICKS = {"a": 10, "b": 14, "c": 22, "unknown": 3}
FILTERS = (
    "campaign=spring",
    "campaign=winter&channel=X",
    "campaign=none",
    "campaign=",
    "account=",
    "account=acme&not_post=two",
    "not_channel=linkedin",
    "not_campaign=spring",
    "not_campaign=&not_channel=x",
    "campaign=&channel=x",
    "profile=&not_account=acme",
    "not_profile=p&not_post=",
)


@pytest.mark.parametrize("wanted", FILTERS)
def test_every_report_is_of_the_links_that_fit_and_of_unknown_ones_where_nothing_does(
    console: ConsoleProcess, wanted: str
) -> None:
    def fits(name: str) -> bool:
        for one in wanted.split("&"):
            label, _, value = one.partition("=")
            is_value = NAMES[name].get(label.removeprefix("not_"), "") == value.lower()
            if is_value == label.startswith("not_"):
                return False
        return True

    links = sorted(filter(fits, CLICKS))
    clicks = sum(CLICKS[name] for name in links)
    path = f"?{UNKNOWN_DAY}&{wanted}"
    assert sorted(row["link"] for row in rows_of(console, f"breakdown{path}&by=link")) == [
        f"go.example/{name}" for name in links
    ]
    assert sum(row["clicks"] for row in rows_of(console, f"breakdown{path}&by=channel&class=bot")) == len(links)
    assert sum(row["clicks"] for row in rows_of(console, f"series{path}&unit=day")) == clicks
    assert sum(row["clicks"] for row in rows_of(console, f"series{path}&unit=hour&by=channel,post")) == clicks
    assert sum(row["clicks"] for row in rows_of(console, f"heat-map{path}")) == clicks
    assert sum(row["clicks"] for row in rows_of(console, f"totals{path}") if row["period"] == "now") == clicks
    sides = console.ask("GET", f"/v1/reports/compare{path}&of=channel%3Dx&of=channel%3D", token=7).json["rows"]
    assert [side["links"] for side in sides] == [
        sum(NAMES[name].get("channel", "") == channel for name in links) for channel in ("x", "")
    ]
    findings = {row["finding"]: row["amount"] for row in rows_of(console, f"quality{path}")}
    assert findings.get("clicks: bot", 0) == len(links)


def test_a_zone_that_there_is_not_is_named(console: ConsoleProcess) -> None:
    for zone, status in (("Mars/Base", 400), ("'x", 400), ("America/Argentina/Buenos_Aires", 200)):
        answer = console.ask("GET", f"/v1/reports/series?{DAY}&zone={zone}", token=7)
        assert answer.status == status, answer.body
        assert status == 200 or answer.json["parameter"] == "zone"
