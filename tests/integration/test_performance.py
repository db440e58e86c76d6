"""Reports of posts, campaigns, channels and profiles, against counts, intervals and judgements made in Python."""

import random
from collections import Counter
from decimal import Decimal, localcontext
from typing import NamedTuple

import pytest

from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, link, run_sql

KINDS_OF_CHANNELS = {
    "x": ("platform",),
    "linkedin": ("platform",),
    "web": ("viewable", "rendered", "served"),
    "email": ("platform", "served"),
}
ALL_KINDS = ("viewable", "rendered", "platform", "served")
GRAINS = {
    "post": ("account", "campaign", "post", "channel"),
    "campaign": ("account", "campaign"),
    "channel": ("account", "channel"),
    "profile": ("account", "channel", "profile"),
}
NAMELESS = {"account": "", "campaign": "", "post": "", "channel": "", "profile": ""}


class Delta(NamedTuple):
    """A random counter row and the names of its link."""

    link: str
    names: dict[str, str]
    day: int
    class_: str
    kind: str
    amount: int


def random_campaigns(http: Http, seed: int) -> list[Delta]:
    """Counters of named and unnamed links over ten days of November."""
    chosen = random.Random(seed)
    names = {f"l{number}": NAMELESS for number in range(80)}
    for name in [*names][:70]:
        names[name] = {
            "account": chosen.choice(["", "acme"]),
            "campaign": chosen.choice(["spring", "autumn", ""]),
            "post": chosen.choice(["teaser", "launch", ""]),
            "channel": chosen.choice(["", *KINDS_OF_CHANNELS]),
            "profile": chosen.choice(["one", "two"]),
            "aim": chosen.choice(["", "awareness"]),
        }
        link(http, name, names[name])
        if chosen.random() < 0.2:
            link(http, name, names[name], version=2, deleted=True)
    deltas = []
    for _row in range(3000):
        name = chosen.choice([*names])
        kind = chosen.choice(["", "served", "rendered", "viewable", "platform"])
        class_ = chosen.choice(["human", "human", "bot", "unverified"])
        deltas.append(Delta(name, names[name], chosen.randint(1, 10), class_, kind, chosen.randint(1, 50)))
    count(
        http,
        [(one.link, f"2026-11-{one.day:02} 10:00:00", one.class_, one.kind, *amounts_of(one)) for one in deltas],
    )
    return deltas


def amounts_of(delta: Delta) -> tuple[int, int]:
    """Clicks and impressions of a delta."""
    return (0, delta.amount) if delta.kind else (delta.amount, 0)


def added_up(deltas: list[Delta], names: tuple[str, ...]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Clicks, gross clicks and impressions by names, counted in Python."""
    seen: dict[str, Counter[str]] = {}
    sums: dict[tuple[str, ...], list[int]] = {}
    for one in deltas:
        row = sums.setdefault(tuple(one.names[name] for name in names), [0, 0, 0])
        if not one.kind:
            row[1] += one.amount
            row[0] += one.amount * (one.class_ == "human")
        elif one.class_ == "human":
            seen.setdefault(one.link, Counter())[one.kind] += one.amount
    named = {one.link: one.names for one in deltas}
    for name, kinds in seen.items():
        possible = KINDS_OF_CHANNELS.get(named[name]["channel"], ALL_KINDS)
        sums[tuple(named[name][one] for one in names)][2] += max(kinds[kind] for kind in possible)
    return {key: (row[0], row[1], row[2]) for key, row in sums.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_totals_equal_the_sums_of_their_breakdowns_and_what_python_counts(migrated: Http, seed: int) -> None:
    deltas = random_campaigns(migrated, seed)
    some = [one for one in deltas if 3 <= one.day < 7]
    between = "_between(since = '2026-11-03 10:00:00', until = '2026-11-07 10:00:00')"
    for when, counted in (("", deltas), (between, some)):
        totals: set[tuple[str, ...]] = set()
        for grain, names in GRAINS.items():
            view = f"{grain}_performance{when}"
            rows = migrated.rows(f"SELECT {', '.join(names)}, clicks, gross_clicks, impressions FROM {view}")
            sums = {tuple(row[:-3]): (int(row[-3]), int(row[-2]), int(row[-1])) for row in rows}
            assert len(sums) == len(rows)
            assert sums == added_up(counted, names)
            totals.update(
                map(tuple, migrated.rows(f"SELECT sum(links), sum(clicks), sum(impressions) FROM {view}"))
            )
        assert len(totals) == 1


def campaign(http: Http, name: str, clicks: int, impressions: int, channel: str = "x", **names: str) -> None:
    """A campaign of one post of one link."""
    slug = f"{name}-{channel}"
    link(http, slug, {"campaign": name, "post": "p", "channel": channel, **names})
    at = "2026-11-20 10:00:00"
    count(http, [(slug, at, "human", "", clicks, 0), (slug, at, "human", "platform", 0, impressions)])


def cells_of(http: Http, name: str, columns: str, view: str = "campaign_performance") -> list[str]:
    (row,) = http.rows(f"SELECT {columns} FROM {view} WHERE campaign = '{name}'")
    return row


@pytest.mark.parametrize(
    ("clicks", "impressions"),
    [
        (0, 1),
        (1, 1),
        (0, 1000),
        (1, 1000),
        (10, 1000),
        (999, 1000),
        (1000, 1000),
        (37, 123_456),
        (5, 7),
        (31, 4 * 10**9),
    ],
)
def test_the_interval_is_wilsons(migrated: Http, clicks: int, impressions: int) -> None:
    """Its ends are where the distance to the CTR is z standard errors: the roots of a quadratic, in 50 digits."""
    campaign(migrated, "c", clicks, impressions)
    got = [float(end) for end in cells_of(migrated, "c", "ctr_from, ctr_to")]
    with localcontext() as context:
        context.prec = 50
        z, n, p = Decimal("1.95996398454005423552"), Decimal(impressions), Decimal(clicks) / Decimal(impressions)
        a, b, c = 1 + z * z / n, -(2 * p + z * z / n), p * p
        root = (b * b - 4 * a * c).sqrt()
        ends = [float((-b - root) / (2 * a)), float((-b + root) / (2 * a))]
    assert got == pytest.approx(ends, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("clicks", "impressions"), [(3, 0), (3, 2), (0, 0), (1, -5)])
def test_without_impressions_for_its_clicks_a_ctr_has_no_interval(
    migrated: Http, clicks: int, impressions: int
) -> None:
    campaign(migrated, "c", clicks, impressions)
    assert cells_of(migrated, "c", "ctr_from, ctr_to, enough_data") == ["\\N", "\\N", "false"]


@pytest.mark.parametrize(
    ("channel", "counted", "position", "enough"),
    [
        ("x", (4, 1000), "below", "true"),
        ("x", (5, 1000), "within", "true"),
        ("x", (20, 1000), "within", "true"),
        ("x", (21, 1000), "above", "true"),
        ("x", (5, 999), "within", "false"),
        ("linkedin", (5, 1250), "within", "true"),
        ("linkedin", (5, 1249), "within", "false"),
        ("email", (5, 250), "within", "true"),
        ("display", (5, 10_000), "within", "true"),
        ("display", (5, 9_999), "within", "false"),
        ("elsewhere", (5, 1000), "", "true"),
        ("elsewhere", (5, 999), "", "false"),
    ],
)
def test_a_ctr_is_placed_in_its_channels_range_and_judged_from_five_expected_clicks_on(
    migrated: Http, channel: str, counted: tuple[int, int], position: str, enough: str
) -> None:
    campaign(migrated, "c", *counted, channel)
    assert cells_of(migrated, "c", "position, enough_data") == [position, enough]


def test_a_campaign_over_several_channels_is_placed_in_the_range_that_its_impressions_make(migrated: Http) -> None:
    campaign(migrated, "c", 10, 3000, "x")
    campaign(migrated, "c", 10, 1000, "email")
    low, high, position = cells_of(migrated, "c", "range_low, range_high, position")
    assert float(low) == pytest.approx((3000 * 0.005 + 1000 * 0.02) / 4000)
    assert float(high) == pytest.approx((3000 * 0.02 + 1000 * 0.05) / 4000)
    assert position == "below"
    campaign(migrated, "c", 0, 1000, "web")
    assert cells_of(migrated, "c", "range_low, position, pattern") == ["\\N", "", "no reference range"]


def test_the_pattern_says_what_the_numbers_mean_and_what_to_do(migrated: Http) -> None:
    """The account's median post has 2,999.5 impressions; another account's posts don't matter."""
    campaign(migrated, "seen", 10, 5000)
    campaign(migrated, "median", 15, 3000)
    campaign(migrated, "resonates", 30, 2999)
    campaign(migrated, "ignored", 4, 1000)
    campaign(migrated, "works", 100, 20_000)
    campaign(migrated, "known", 0, 2999, aim="awareness")
    campaign(migrated, "young", 1, 100)
    campaign(migrated, "silent", 1, 0)
    campaign(migrated, "site", 100, 9000, "somewhere")
    for number in range(20):
        campaign(migrated, f"other{number}", 1, 1_000_000, account="other")
    columns = "pattern, meaning, advice, usual_impressions"
    assert {name: cells_of(migrated, name, columns)[:3] for name in ("seen", "median", "resonates", "ignored")} == {
        "seen": [
            "many impressions, few clicks",
            "seen, but the hook did not land",
            "rewrite the opening line or the call to action",
        ],
        "median": [
            "many impressions, many clicks",
            "reach and engagement both work",
            "note what made it different and reuse it",
        ],
        "resonates": [
            "few impressions, high CTR",
            "the message resonated with a small audience",
            "repeat this angle with a stronger hook, another time of day",
        ],
        "ignored": [
            "few impressions, few clicks",
            "neither shown nor engaging",
            "other topic, other angle, other time",
        ],
    }
    assert {
        name: cells_of(migrated, name, columns)[0] for name in ("works", "known", "young", "silent", "site")
    } == {
        "works": "many impressions, many clicks",
        "known": "awareness",
        "young": "not enough data yet",
        "silent": "no impressions",
        "site": "no reference range",
    }
    assert cells_of(migrated, "known", "meaning, advice") == ["impressions lead, CTR is not judged", ""]
    for view in ("campaign_performance", "post_performance"):
        assert cells_of(migrated, "seen", f"{columns}, kinds", view)[3:] == ["2999.5", "['platform']"]


def test_a_range_of_time_holds_its_first_window_and_not_the_one_after_its_last(migrated: Http) -> None:
    link(migrated, "a", {"campaign": "c", "channel": "x"})
    for minute in (0, 1, 2, 3):
        count(migrated, [("a", f"2026-11-20 10:0{minute}:00", "human", "", 10**minute, 0)])
    for grain in GRAINS:
        view = f"{grain}_performance_between(since = '2026-11-20 10:01:00', until = '2026-11-20 10:03:00')"
        assert migrated.rows(f"SELECT clicks FROM {view}") == [["110"]]


def test_the_quality_of_the_data_is_told_with_examples(migrated: Http) -> None:
    run_sql(
        migrated,
        "INSERT INTO counters (kind, topic, touched_at, late, dead_letters, events)"
        " VALUES (2, 'clicks@1', now(), 7, 2, 100)",
    )
    campaign(migrated, "over", 11, 10)
    campaign(migrated, "fine", 10, 10)
    link(migrated, "wrong", {"channel": "x"})
    at = "2026-11-20 10:00:00"
    count(migrated, [("wrong", at, "human", "served", 0, 5), ("unnamed", at, "human", "", 1, 0)])
    count(migrated, [("wrong", at, "bot", "", 4, 0), ("wrong", at, "unverified", "served", 0, 6)])
    november = "data_quality_between(since = '2026-11-20 10:00:00', until = '2100-01-01 00:00:00')"
    for view in ("data_quality", november):
        rows = migrated.rows(f"SELECT finding, amount, examples FROM {view}")
        assert {finding: (amount, examples) for finding, amount, examples in rows} == {
            "late events": ("7", "[]"),
            "dead letters": ("2", "[]"),
            "clicks: bot": ("4", "[]"),
            "impressions: unverified": ("6", "[]"),
            "links over 100 %": ("1", "['go.example/over-x']"),
            "links without impressions of their kind": ("1", "['go.example/wrong']"),
            "links without names": ("1", "['go.example/unnamed']"),
        }
    for times in (
        "since = '2026-11-19 00:00:00', until = '2026-11-20 10:00:00'",
        "since = '2026-11-20 10:01:00', until = '2026-11-20 10:02:00'",
    ):
        assert migrated.rows(f"SELECT sum(amount) FROM data_quality_between({times})") == [["0"]]
