"""What CTR divides by follows from link and channel; what comes later, or from strangers, changes no past."""

from typing import NamedTuple

import pytest

from tests.integration.clickhouse_http import Http
from tests.integration.counted import know_links

YESTERDAY, TODAY = "2026-11-26", "2026-11-27"


class Ctr(NamedTuple):
    """A row of a view."""

    kind: str
    impressions: int
    ctr: str


def run_sql(http: Http, statement: str) -> None:
    answer = http(statement)
    assert answer.status == 200, answer.body


def link(http: Http, name: str, *, channel: str = "", kind: str = "", version: int = 1) -> None:
    run_sql(
        http,
        "INSERT INTO links (link, channel, ctr_impressions, version)"
        f" VALUES ('go.example/{name}', '{channel}', '{kind}', {version})",
    )
    know_links(http)


def count(http: Http, name: str, at: str, clicks: int = 0, **impressions: int) -> None:
    """One flush of a minute: human clicks and impressions by kind."""
    rows = [("", clicks, 0), *((kind, 0, count) for kind, count in impressions.items())]
    values = ", ".join(
        f"(0, 'go.example/{name}', '{at}', 'human', '{kind}', {clicked}, {seen})" for kind, clicked, seen in rows
    )
    run_sql(
        http,
        "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)"
        f" SETTINGS insert_deduplicate = 0 VALUES {values}",
    )


def ctr(http: Http, name: str, at: str, view: str = "ctr_1d") -> Ctr:
    ((kind, impressions, ratio),) = http.rows(
        f"SELECT impression_kind, impressions, ctr FROM {view}"
        f" WHERE link = 'go.example/{name}' AND window_start = '{at}'"
    )
    return Ctr(kind, int(impressions), ratio)


@pytest.mark.parametrize(
    ("channel", "kind", "divided_by"),
    [
        ("", "", Ctr("served", 1000, "0.01")),
        ("", "rendered", Ctr("rendered", 100, "0.1")),
        ("linkedin", "", Ctr("platform", 500, "0.02")),
        ("linkedin", "viewable", Ctr("viewable", 50, "0.2")),
        (" LinkedIn ", "", Ctr("platform", 500, "0.02")),
        ("web", "", Ctr("served", 1000, "0.01")),
        ("somewhere else", "", Ctr("served", 1000, "0.01")),
        ("email", "", Ctr("served", 1000, "0.01")),
    ],
)
def test_the_link_decides_then_its_channel_then_the_kind_with_the_most(
    migrated: Http, channel: str, kind: str, divided_by: Ctr
) -> None:
    link(migrated, "a", channel=channel, kind=kind)
    count(migrated, "a", f"{TODAY} 10:01:00", 10, served=1000, rendered=100, viewable=50, platform=500)
    for view, at in (
        ("ctr_1m", f"{TODAY} 10:01:00"),
        ("ctr_1h", f"{TODAY} 10:00:00"),
        ("ctr_1d", f"{TODAY} 00:00:00"),
    ):
        assert ctr(migrated, "a", at, view) == divided_by


def test_email_divides_by_what_was_delivered_where_that_is_known(migrated: Http) -> None:
    link(migrated, "mail", channel="email")
    count(migrated, "mail", f"{YESTERDAY} 10:00:00", 10, served=400, platform=1000)
    count(migrated, "mail", f"{TODAY} 10:00:00", 10, served=400)
    assert ctr(migrated, "mail", f"{YESTERDAY} 00:00:00") == Ctr("platform", 1000, "0.01")
    assert ctr(migrated, "mail", f"{TODAY} 00:00:00") == Ctr("served", 400, "0.025")


def test_a_stray_impression_of_today_changes_no_past_window_and_not_even_its_own(migrated: Http) -> None:
    """With the best kind ever seen, one viewable of today turned the CTR of all the past to NULL."""
    for name, channel in (("plain", ""), ("web", "web"), ("x", "x")):
        link(migrated, name, channel=channel)
        for at in (f"{YESTERDAY} 10:00:00", f"{TODAY} 09:00:00", f"{TODAY} 10:00:00"):
            count(migrated, name, at, 10, served=500, platform=1000 if name == "x" else 0)
    everything = " UNION ALL ".join(
        f"SELECT link, toString(window_start), impressions, impression_kind, ctr FROM {view}"
        for view in ("ctr_1m", "ctr_1h", "ctr_1d")
    )
    before = migrated.rows(f"SELECT * FROM ({everything}) ORDER BY ALL")
    for name in ("plain", "web", "x"):
        count(migrated, name, f"{TODAY} 10:00:00", viewable=1, rendered=1)
    assert migrated.rows(f"SELECT * FROM ({everything}) ORDER BY ALL") == before
    for name in ("plain", "web", "x"):
        count(migrated, name, f"{TODAY} 11:00:00", viewable=10_000)
    after = migrated.rows(f"SELECT * FROM ({everything}) ORDER BY ALL")
    today = f"{TODAY} "
    assert [row for row in after if not row[1].startswith(today)] == [
        row for row in before if not row[1].startswith(today)
    ]
    assert set(map(tuple, before)) - set(map(tuple, after)) == {
        (f"go.example/{name}", f"{TODAY} 00:00:00", "1000", "served", "0.02") for name in ("plain", "web")
    }


def test_without_impressions_ctr_is_null_and_the_kind_is_the_decided_one(migrated: Http) -> None:
    link(migrated, "x", channel="x")
    for name in ("x", "unknown"):
        count(migrated, name, f"{TODAY} 10:00:00", 3)
    assert ctr(migrated, "x", f"{TODAY} 00:00:00") == Ctr("platform", 0, "\\N")
    assert ctr(migrated, "unknown", f"{TODAY} 00:00:00") == Ctr("", 0, "\\N")


@pytest.mark.parametrize("channel", ["x", "email", ""])
def test_a_revision_below_zero_stays_below_zero_and_has_no_ctr(migrated: Http, channel: str) -> None:
    link(migrated, "revised", channel=channel)
    count(migrated, "revised", f"{TODAY} 10:00:00", 2, platform=20)
    count(migrated, "revised", f"{TODAY} 10:05:00", 2, platform=-5)
    assert ctr(migrated, "revised", f"{TODAY} 10:05:00", "ctr_1m") == Ctr("platform", -5, "\\N")
    assert ctr(migrated, "revised", f"{TODAY} 00:00:00").impressions == 15


def test_an_operator_replaces_the_default_of_a_channel(migrated: Http) -> None:
    link(migrated, "a", channel="podcast")
    link(migrated, "b", channel="web")
    for name in "ab":
        count(migrated, name, f"{TODAY} 10:00:00", 1, served=100, viewable=10)
    run_sql(migrated, "INSERT INTO channels (channel, kinds, version) VALUES ('web', ['viewable'], 1)")
    run_sql(migrated, "INSERT INTO channels (channel, kinds, version) VALUES ('podcast', ['viewable'], 1)")
    know_links(migrated)
    assert [ctr(migrated, name, f"{TODAY} 00:00:00").kind for name in "ab"] == ["viewable", "viewable"]


def test_hours_and_days_add_up_to_their_minutes(migrated: Http) -> None:
    link(migrated, "x", channel="x")
    for minute in range(50):
        count(migrated, "x", f"{TODAY} 10:{minute:02}:00", minute, platform=7 * minute, served=1)
    sums = [
        migrated.rows(
            f"SELECT sum(clicks), sum(impressions), sum(impressions_served), sum(gross_impressions) FROM {view}"
        )
        for view in ("ctr_1m", "ctr_1h", "ctr_1d")
    ]
    assert sums[0] == sums[1] == sums[2] == [["1225", "8575", "50", "8625"]]


def test_every_channel_has_its_kinds_and_a_meaning(migrated: Http) -> None:
    rows = migrated.rows("SELECT channel, kinds, ctr_low < ctr_high, impression_means FROM channels FINAL")
    assert {"x", "linkedin", "facebook", "instagram", "email", "google-ads", "display", "web"} <= {
        row[0] for row in rows
    }
    assert all(kinds != "[]" and means for _, kinds, _, means in rows)
    assert {ranged for _, _, ranged, _ in rows} == {"1", "\\N"}


@pytest.mark.parametrize("view", ["ctr_1m", "ctr_1h", "ctr_1d"])
def test_a_query_of_one_link_or_one_day_does_not_read_all_history(migrated: Http, view: str) -> None:
    run_sql(
        migrated,
        "INSERT INTO counters (kind, link, window_start, flush_month, class, impression_kind, impressions)"
        " SELECT 0, concat('go.example/', toString(number % 1000)), toDateTime('2025-11-27 00:00:00', 'UTC')"
        " + intDiv(number, 1000) * 21600 AS at, toStartOfMonth(at), 'human', 'served', 1 FROM numbers(1460 * 1000)",
    )
    (all_rows,) = (int(row[0]) for row in migrated.rows("SELECT count() FROM counters"))
    for condition, share in (
        ("link = 'go.example/7'", 0.05),
        (f"link = 'go.example/7' AND window_start >= '{YESTERDAY} 00:00:00'", 0.01),
        (f"window_start >= '{YESTERDAY} 00:00:00'", 0.1),
    ):
        answer = migrated(f"SELECT sum(clicks), sum(impressions) FROM {view} WHERE {condition}")
        assert answer.summary["read_rows"] < share * all_rows, (condition, answer.summary)
