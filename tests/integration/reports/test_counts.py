"""Numbers of reports by HTTP: sums, series, visitors, the time before, sides compared, and what changes."""

import csv
import io
import json
import time
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import count
from tests.integration.reports.world import DAY, HOOKS_DAY, rows_of
from tests.tokens import bearer_of


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


def test_a_zone_that_there_is_not_is_named(console: ConsoleProcess) -> None:
    for zone, status in (("Mars/Base", 400), ("'x", 400), ("America/Argentina/Buenos_Aires", 200)):
        answer = console.ask("GET", f"/v1/reports/series?{DAY}&zone={zone}", token=7)
        assert answer.status == status, answer.body
        assert status == 200 or answer.json["parameter"] == "zone"


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
