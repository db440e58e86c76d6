"""The views that reports select from, against former definitions, Python's calendar and sums by hand."""

import random
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from schemas.clickhouse.migrate import read_migrations
from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, link, run_sql
from tests.integration.test_performance import random_campaigns

CTR_VIEWS = ("ctr_1m", "ctr_1h", "ctr_1d")
ZONES = (
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "America/St_Johns",
    "Africa/Cairo",
)


def test_a_join_with_links_now_counts_once_after_a_second_import_and_leaves_out_what_was_deleted(
    migrated: Http,
) -> None:
    link(migrated, "a", {"campaign": "spring", "channel": "x"})
    link(migrated, "a", {"campaign": "spring", "channel": "linkedin"}, version=2)
    link(migrated, "gone", {"campaign": "spring", "channel": "x"})
    link(migrated, "gone", {"campaign": "spring", "channel": "x"}, version=2, deleted=True)
    count(migrated, [(name, "2026-11-27 10:00:00", "human", "", 5, 0) for name in ("a", "gone")])
    assert migrated.rows(
        "SELECT channel, sum(clicks) FROM ctr_1m JOIN links_now USING link"
        " WHERE campaign = 'spring' GROUP BY channel"
    ) == [["linkedin", "5"]]


def random_counts(http: Http, seed: int, *, least: int = -2) -> None:
    """Two flushes of 60 links over five days; some links decide their kind, some by channel, some not at all."""
    chosen = random.Random(seed)
    for number in range(60):
        channel = chosen.choice(["", "x", " LinkedIn", "web", "email", "elsewhere"])
        kind = chosen.choice(["", "", "", "viewable"])
        if number % 4:
            link(http, f"l{number}", {"channel": channel, "ctr_impressions": kind})
    start = datetime(2026, 11, 20, tzinfo=UTC)
    for _flush in range(2):
        rows = []
        for _row in range(3000):
            at = (start + timedelta(minutes=chosen.randrange(5 * 1440))).strftime("%Y-%m-%d %H:%M:00")
            class_ = chosen.choice(["human", "human", "bot", "prefetch", "duplicate", "unknown", "unverified"])
            kind = chosen.choice(["", "served", "rendered", "viewable", "platform"])
            amount = chosen.randint(least, 30) if kind == "platform" else chosen.randint(1, 30)
            clicks, impressions = (amount, 0) if not kind else (0, amount)
            rows.append((f"l{chosen.randrange(60)}", at, class_, kind, abs(clicks), impressions))
        count(http, rows)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_views_say_what_their_former_definitions_said(migrated: Http, seed: int) -> None:
    """Of what they were made for: below zero they said 0 where a link has several kinds, or a CTR below zero."""
    random_counts(migrated, seed, least=1)
    before = next(migration for migration in read_migrations() if migration.name.startswith("0009_"))
    for statement in before.statements:
        if (view := re.match(r"CREATE OR REPLACE VIEW (ctr_1.)", statement)) is not None:
            run_sql(migrated, statement.replace(view[1], f"former_{view[1]}", 1))
    for view_name in CTR_VIEWS:
        columns = [row[0] for row in migrated.rows(f"DESCRIBE former_{view_name}")]
        numbers = ", ".join(column for column in columns if column != "over_100_percent")
        fingerprint_query = f"SELECT count(), groupBitXor(cityHash64({numbers}, toUInt8(over_100_percent))) FROM "
        ((rows, hashed),) = migrated.rows(fingerprint_query + view_name)
        assert int(rows) > 0
        assert [[rows, hashed]] == migrated.rows(f"{fingerprint_query} former_{view_name}")


@pytest.mark.parametrize("seed", [5, 6])
def test_reports_by_keys_say_what_those_by_names_said(migrated: Http, seed: int) -> None:
    """Of each column to the last digit, but for the range of several channels, where sums of fractions are, and
    the ends of intervals, of which the formula has fewer terms."""
    random_campaigns(migrated, seed)
    former = [
        statement
        for migration in read_migrations()
        if migration.name.startswith(("0012_", "0015_", "0016_"))
        for statement in migration.statements
        if re.match(r"CREATE OR REPLACE VIEW (ctr_|link_perf|\w*performance)", statement)
    ]
    for statement in former:
        run_sql(migrated, re.sub(r"(?<=VIEW |FROM )(?=ctr_|\w*performance)", "former_", statement))
    run_sql(migrated, "SYSTEM RELOAD DICTIONARY link_names")
    time = "since = '2026-11-03 00:00:00', until = '2026-11-08 00:00:00'"
    for view in (
        *CTR_VIEWS,
        *(f"{view}_tz(zone = 'Australia/Lord_Howe')" for view in CTR_VIEWS[1:]),
        *("link_performance", f"link_performance_between({time})"),
        *(f"{by}_performance" for by in ("post", "campaign", "channel", "profile")),
        *(f"{by}_performance_between({time})" for by in ("post", "campaign", "channel", "profile")),
    ):
        names = [row[0] for row in migrated.rows(f"DESCRIBE former_{view}")]
        columns = ", ".join(f"round({name}, 9)" if name.startswith(("range", "ctr_")) else name for name in names)
        rows = migrated.rows(f"SELECT {columns} FROM {view} ORDER BY ALL")
        assert len(rows) > 1
        assert rows == migrated.rows(f"SELECT {columns} FROM former_{view} ORDER BY ALL"), view
    by_counters, by_sums = (
        f"SELECT * FROM {view}_between({time}) ORDER BY ALL" for view in ("links_counted", "link_performance")
    )
    assert migrated.rows(by_counters) == migrated.rows(by_sums)


def test_unverified_impressions_stand_beside_and_are_divided_by_nowhere(migrated: Http) -> None:
    link(migrated, "mail", {"channel": "email"})
    at = "2026-11-27 10:00:00"
    count(migrated, [("mail", at, "human", "served", 0, 10), ("mail", at, "unverified", "served", 0, 90)])
    count(migrated, [("mail", at, "human", "", 1, 0)])
    zoned = ("ctr_1h_tz(zone = 'Asia/Kolkata')", "ctr_1d_tz(zone = 'Asia/Kolkata')")
    for view in (*CTR_VIEWS, *zoned):
        assert migrated.rows(
            f"SELECT impressions, impressions_served, impressions_unverified, gross_impressions, ctr FROM {view}"
        ) == [["10", "10", "90", "100", "0.1"]]


@pytest.mark.parametrize("zone", ZONES)
def test_hours_and_days_of_a_zone_are_those_of_its_calendar(migrated: Http, zone: str) -> None:
    """A click in each quarter of an hour of a year: Python says in which hour and day of the zone it lies."""
    run_sql(
        migrated,
        "INSERT INTO counters (kind, link, window_start, class, clicks) SELECT 0, 'go.example/a',"
        " toDateTime('2026-01-01 00:00:00', 'UTC') + number * 900, 'human', 1 FROM numbers(365 * 96)",
    )
    hours: Counter[tuple[int, str]] = Counter()
    days: Counter[tuple[int, str]] = Counter()
    for quarter in range(365 * 96):
        at = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)).astimezone(ZoneInfo(zone))
        hours[int(at.replace(minute=0).timestamp()), str(at.date())] += 1
        days[int(at.replace(hour=0, minute=0, fold=0).timestamp()), str(at.date())] += 1
    for view, expected in (("ctr_1h_tz", hours), ("ctr_1d_tz", days)):
        rows = migrated.rows(f"SELECT toUnixTimestamp(window_start), day, clicks FROM {view}(zone = '{zone}')")
        assert len(rows) == len(expected)
        assert {(int(start), day): int(clicks) for start, day, clicks in rows} == expected


@pytest.mark.parametrize(
    ("zone", "day", "quarters", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23 * 4, 23),
        ("Europe/Berlin", date(2026, 10, 25), 25 * 4, 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24 * 4 + 2, 24),
        ("Australia/Lord_Howe", date(2026, 10, 4), 24 * 4 - 2, 24),
        ("Asia/Kolkata", date(2026, 10, 4), 24 * 4, 24),
    ],
)
def test_a_day_on_which_clocks_move_has_all_of_its_minutes(
    migrated: Http, zone: str, day: date, quarters: int, hours: int
) -> None:
    run_sql(
        migrated,
        "INSERT INTO counters (kind, link, window_start, class, clicks) SELECT 0, 'go.example/a',"
        f" toDateTime('{day - timedelta(days=2)} 00:00:00', 'UTC') + number * 900, 'human', 1 FROM numbers(5 * 96)",
    )
    for view, rows in (("ctr_1h_tz", hours), ("ctr_1d_tz", 1)):
        query = f"SELECT count(), sum(clicks) FROM {view}(zone = '{zone}') WHERE day = '{day}'"
        assert migrated.rows(query) == [[str(rows), str(quarters)]]


@pytest.mark.parametrize(
    ("view", "time"),
    [
        ("ctr_1m", "window_start >= '2026-11-20 00:00:00'"),
        ("ctr_1h", "window_start >= '2026-11-20 00:00:00'"),
        ("ctr_1d", "window_start >= '2026-11-20 00:00:00'"),
        ("ctr_1d_tz(zone = 'Asia/Kolkata')", "window_start >= '2026-11-20 00:00:00'"),
        ("ctr_1d_tz(zone = 'Asia/Kolkata')", "day >= '2026-11-20'"),
        ("ctr_1h_tz(zone = 'Australia/Lord_Howe')", "day >= '2026-11-20'"),
        ("link_performance_between(since = '2026-11-20 00:00:00', until = '2026-12-01 00:00:00')", "clicks > 0"),
        ("links_counted_between(since = '2026-11-20 00:00:00', until = '2026-12-01 00:00:00')", "clicks > 0"),
    ],
)
def test_conditions_on_link_and_time_reach_the_indexes_of_the_counters(
    migrated: Http, view: str, time: str
) -> None:
    run_sql(
        migrated,
        "INSERT INTO counters (kind, link, window_start, flush_month, class, clicks)"
        " SELECT 0, concat('go.example/', toString(number % 1000)), toDateTime('2025-11-27 00:00:00', 'UTC')"
        " + intDiv(number, 1000) * 86400 AS at, toStartOfMonth(at), 'human', 1 FROM numbers(365 * 1000)",
    )
    for condition in ("link = 'go.example/7'", time):
        plan = "\n".join(
            row[0] for row in migrated.rows(f"EXPLAIN indexes = 1 SELECT sum(clicks) FROM {view} WHERE {condition}")
        )
        counters = plan[plan.index(".counters)") :]
        granules = [(int(kept), int(of)) for kept, of in re.findall(r"Granules: (\d+)/(\d+)", counters)]
        kept, of = min(granule[0] for granule in granules), granules[0][1]
        assert kept < 0.15 * of, plan


@pytest.mark.parametrize("seed", [3, 4])
def test_totals_are_the_sums_of_all_links(migrated: Http, seed: int) -> None:
    """Also where projections answer for some parts, and the rows themselves for others."""
    random_counts(migrated, seed)
    for projection in ("by_minute", "by_quarter"):
        run_sql(migrated, f"ALTER TABLE counters MATERIALIZE PROJECTION {projection} SETTINGS mutations_sync = 1")
    count(
        migrated,
        [
            ("late", "2026-11-21 10:00:00", "human", "platform", 0, -7),
            ("late", "2026-11-22 09:59:00", "bot", "", 3, 0),
        ],
    )
    zoned = [
        f"{unit}(zone = '{zone}')" for unit in ("1h_tz", "1d_tz") for zone in ("Asia/Kolkata", "Europe/Berlin")
    ]
    for unit in ("1m", "1h", "1d", *zoned):
        columns = [row[0] for row in migrated.rows(f"DESCRIBE totals_{unit}")]
        keys = [column for column in columns if column in {"day", "window_start"}]
        sums = ", ".join([*keys, *(f"sum({column})" for column in columns if column not in keys)])
        by_links = migrated.rows(f"SELECT {sums} FROM ctr_{unit} GROUP BY {', '.join(keys)} ORDER BY ALL")
        assert migrated.rows(f"SELECT {', '.join(columns)} FROM totals_{unit} ORDER BY ALL") == by_links
        assert len(by_links) >= 5


def test_totals_of_hours_and_days_read_quarters_of_an_hour_wherever_the_day_begins(migrated: Http) -> None:
    random_counts(migrated, 3)
    before = {}
    days = (
        "totals_1h",
        "totals_1d",
        *(f"totals_{unit}_tz(zone = '{zone}')" for unit in ("1h", "1d") for zone in ZONES),
    )
    for view in days:
        before[view] = migrated.rows(f"SELECT * FROM {view} ORDER BY ALL")
    run_sql(migrated, "ALTER TABLE counters MATERIALIZE PROJECTION by_quarter SETTINGS mutations_sync = 1")
    for view in days:
        plan = "\n".join(row[0] for row in migrated.rows(f"EXPLAIN SELECT * FROM {view}"))
        assert "ReadFromMergeTree (by_quarter)" in plan, plan
        assert migrated.rows(f"SELECT * FROM {view} ORDER BY ALL") == before[view]


@pytest.mark.parametrize("seed", [7, 8])
def test_every_view_adds_up_to_all_that_was_counted(migrated: Http, seed: int) -> None:
    """Minutes, hours and days, of UTC and of zones, with links and without, by whatever links belong to."""
    random_campaigns(migrated, seed)
    random_counts(migrated, seed)
    ((clicks, gross, bots, human, all_impressions),) = migrated.rows(
        "SELECT sumIf(clicks, class = 'human'), sum(clicks), sumIf(clicks, class = 'bot'),"
        " sumIf(impressions, class = 'human' AND impression_kind != ''), sum(impressions)"
        " FROM counters WHERE kind = 0"
    )
    zoned = [f"{unit}(zone = '{zone}')" for unit in ("1h_tz", "1d_tz") for zone in ZONES[1:4:2]]
    for view in (f"{views}_{unit}" for views in ("ctr", "totals") for unit in ("1m", "1h", "1d", *zoned)):
        by_kind = "impressions_served + impressions_rendered + impressions_viewable + impressions_platform"
        sums = f"sum(clicks), sum(gross_clicks), sum(bot_clicks), sum({by_kind}), sum(gross_impressions)"
        assert migrated.rows(f"SELECT {sums} FROM {view}") == [[clicks, gross, bots, human, all_impressions]], view
    divided_by = set()
    for by in ("link", "post", "campaign", "channel", "profile"):
        for time in ("", "_between(since = '2026-11-01 00:00:00', until = '2026-12-01 00:00:00')"):
            ((of_humans, of_all, impressions),) = migrated.rows(
                f"SELECT sum(clicks), sum(gross_clicks), sum(impressions) FROM {by}_performance{time}"
            )
            assert (of_humans, of_all) == (clicks, gross), by
            divided_by.add(impressions)
    assert len(divided_by) == 1
