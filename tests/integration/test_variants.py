"""Variants of an experiment, against scipy's and statsmodels' own answers over random and extreme counts."""

import asyncio
import itertools
import math
import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

from deploy.local.processes import ClickHouse
from schemas.clickhouse.migrate import migrate
from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, link, run_sql

AT = "2026-11-20 10:00:00"
HUGE = 2**50
COLUMNS = (
    "variant, is_control, clicks, impressions, ctr_from, ctr_to, difference, difference_from, difference_to,"
    " lift, enough_data, p_value, p_adjusted, sample_ratio_p, is_winner, verdict"
)


@pytest.fixture(scope="module")
def database(clickhouse: ClickHouse) -> Iterator[Http]:
    """One for all of these tests: they differ in links and counters alone."""
    http = Http(clickhouse.url, "variants")
    asyncio.run(migrate(f"{http.url}/{http.database}"))
    yield http
    http("DROP DATABASE variants")


@pytest.fixture
def migrated(database: Http) -> Http:
    for table in ("links", "counters"):
        run_sql(database, f"TRUNCATE TABLE {table}")
    return database


class Arm(NamedTuple):
    """What is counted for a variant, and its declared weight."""

    clicks: int
    impressions: int
    weight: float | None = None


class VariantRow(NamedTuple):
    """A row of the view."""

    variant: str
    is_control: bool
    clicks: int
    impressions: int
    ctr: tuple[float | None, float | None]
    difference: tuple[float | None, float | None, float | None]
    lift: float | None
    enough: bool
    p_value: float | None
    p_adjusted: float | None
    ratio_p: float | None
    is_winner: bool
    verdict: str


def experiments(http: Http, arms: dict[str, dict[str, Arm]], kind: str = "viewable") -> None:
    """Each variant is one link of its experiment, on a channel without ranges or kinds of its own."""
    links, counters = [], []
    for experiment, variants in arms.items():
        for variant, arm in variants.items():
            name = f"go.example/{experiment}-{variant}"
            tags = "[]" if arm.weight is None else f"['weight={arm.weight}', 'other']"
            links.append(f"('{name}', '{experiment}', '{variant}', {tags}, 1)")
            counters.append(f"(0, '{name}', '{AT}', 'human', '', {arm.clicks}, 0)")
            counters.append(f"(0, '{name}', '{AT}', 'human', '{kind}', 0, {arm.impressions})")
    run_sql(http, f"INSERT INTO links (link, experiment, variant, tags, version) VALUES {', '.join(links)}")
    run_sql(
        http,
        "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)"
        f" SETTINGS insert_deduplicate = 0 VALUES {', '.join(counters)}",
    )


def number(cell: str) -> float | None:
    return None if cell == r"\N" else float(cell)


def rows_by_experiment(http: Http) -> dict[str, list[VariantRow]]:
    """The rows of each experiment, the control first, then by name."""
    rows = http.rows(f"SELECT experiment, {COLUMNS} FROM variant_comparison ORDER BY is_control DESC, variant")
    experiments: dict[str, list[VariantRow]] = {}
    for name, *row in rows:
        one = VariantRow(
            row[0],
            row[1] == "true",
            int(row[2]),
            int(row[3]),
            (number(row[4]), number(row[5])),
            (number(row[6]), number(row[7]), number(row[8])),
            number(row[9]),
            row[10] == "true",
            number(row[11]),
            number(row[12]),
            number(row[13]),
            row[14] == "true",
            row[15],
        )
        experiments.setdefault(name, []).append(one)
    return experiments


def experiment_rows(http: Http, experiment: str = "e") -> list[VariantRow]:
    return rows_by_experiment(http)[experiment]


def close(got: float | None, expected: float, *, rel: float = 1e-9, absolute: float = 1e-13) -> None:
    assert got is not None
    assert got == pytest.approx(expected, rel=rel, abs=absolute)


def p_of_pair(one: Arm, other: Arm) -> float:
    """By statsmodels; where both have no clicks or nothing but clicks it has no answer, and they do not differ."""
    pooled = (one.clicks + other.clicks) / (one.impressions + other.impressions)
    if pooled in {0, 1}:
        return 1
    return float(
        proportions_ztest([one.clicks, other.clicks], [one.impressions, other.impressions], prop_var=False)[1]
    )


def enough(arms: list[Arm]) -> bool:
    usual = sum(arm.clicks for arm in arms) / sum(arm.impressions for arm in arms)
    return all(min(usual, 1 - usual) * arm.impressions >= 10 for arm in arms)


def check_ctr(rows: list[VariantRow], variants: dict[str, Arm]) -> None:
    """Every number of an experiment that has impressions."""
    arms = [variants[row.variant] for row in rows]
    assert [(row.clicks, row.impressions) for row in rows] == [arm[:2] for arm in arms]
    for row, arm in zip(rows, arms, strict=True):
        low, high = proportion_confint(arm.clicks, arm.impressions, alpha=0.05, method="wilson")
        close(row.ctr[0], low)
        close(row.ctr[1], high)
    control = arms[0]
    for row, arm in zip(rows[1:], arms[1:], strict=True):
        low, high = confint_proportions_2indep(
            arm.clicks, arm.impressions, control.clicks, control.impressions, method="newcomb", compare="diff"
        )
        close(row.difference[0], arm.clicks / arm.impressions - control.clicks / control.impressions)
        close(row.difference[1], low)
        close(row.difference[2], high)
    if enough(arms) and len(arms) > 1:
        pairs = [*itertools.combinations(range(len(arms)), 2)]
        plain = [p_of_pair(arms[one], arms[other]) for one, other in pairs]
        adjusted = multipletests(plain, method="holm")[1]
        for row, p, corrected in zip(rows[1:], plain, adjusted, strict=False):
            close(row.p_value, p, rel=1e-6, absolute=1e-300)
            close(row.p_adjusted, corrected, rel=1e-6, absolute=1e-300)
        rates = [arm.clicks / arm.impressions for arm in arms]
        leader = rates.index(max(rates))
        wins = all(p < 0.05 for pair, p in zip(pairs, adjusted, strict=True) if leader in pair)
        if rows[0].ratio_p is not None and rows[0].ratio_p >= 0.001:
            assert {row.verdict for row in rows} == {"winner" if wins else "no winner yet"}
            assert [row.is_winner for row in rows] == [wins and at == leader for at in range(len(rows))]
    else:
        assert not any(row.is_winner for row in rows)
    check_ratio(rows, arms)


def check_ratio(rows: list[VariantRow], arms: list[Arm]) -> None:
    weights = [1 if arm.weight is None else arm.weight for arm in arms]
    total = sum(arm.impressions for arm in arms)
    shares = [total * weight / sum(weights) for weight in weights]
    for row in rows:
        if len(arms) > 1 and min(shares) >= 5:
            x = sum((arm.impressions - share) ** 2 / share for arm, share in zip(arms, shares, strict=True))
            close(row.ratio_p, float(stats.chi2.sf(x, len(arms) - 1)), rel=1e-6, absolute=1e-300)
        else:
            assert row.ratio_p is None


def test_ctrs_are_compared_as_scipy_and_statsmodels_do(migrated: Http) -> None:
    chosen = random.Random(1)
    arms: dict[str, dict[str, Arm]] = {}
    for at in range(60):
        size = chosen.choice([10, 100, 1000, 10**5, 10**9])
        rate = chosen.choice([0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 1.0])
        variants = {}
        for name in "abcdefghijklmnopqrstuvwxyz"[: chosen.choice([1, 2, 2, 2, 3, 4, 5, 8, 26])]:
            shown = max(1, round(chosen.gauss(size, math.sqrt(size))))
            clicked = min(shown, max(0, round(chosen.gauss(shown * rate, 1.5 * math.sqrt(shown * rate)))))
            variants[name] = Arm(clicked, shown, chosen.choice([None, None, 1.0, 1.01]))
        arms[f"e{at}"] = variants
    experiments(migrated, arms)
    rows_of = rows_by_experiment(migrated)
    seen: set[str] = set()
    for name, variants in arms.items():
        rows = rows_of[name]
        check_ctr(rows, variants)
        seen.update(row.verdict for row in rows)
    assert seen >= {"winner", "no winner yet", "not enough data yet", "sample ratio mismatch", "nothing to compare"}


def test_extreme_counts_have_right_numbers_too(migrated: Http) -> None:
    extremes = (
        (Arm(0, 1), Arm(0, 1)),
        (Arm(0, 1), Arm(1, 1)),
        (Arm(0, 1000), Arm(0, 1000)),
        (Arm(1000, 1000), Arm(1000, 1000)),
        (Arm(0, 1000), Arm(1000, 1000)),
        (Arm(0, 1000), Arm(40, 1000)),
        (Arm(1, HUGE), Arm(HUGE, HUGE)),
        (Arm(HUGE // 100, HUGE), Arm(HUGE // 100 + 10**7, HUGE)),
        (Arm(10, 10**6), Arm(10, 10**6)),
        (Arm(30, 1000), Arm(50, 1000), Arm(70, 1010), Arm(0, 990)),
    )
    arms = {str(at): dict(zip("abcd", some, strict=False)) for at, some in enumerate(extremes)}
    experiments(migrated, arms)
    rows_of = rows_by_experiment(migrated)
    for name, variants in arms.items():
        check_ctr(rows_of[name], variants)


def test_clicks_without_impressions_are_compared_by_their_shares(migrated: Http) -> None:
    chosen = random.Random(1)
    arms = {}
    for at in range(40):
        size = chosen.choice([1, 5, 20, 100, 10**6])
        arms[f"e{at}"] = {
            name: Arm(chosen.randint(0, 2 * size), 0, chosen.choice([None, 1.0, 2.0, 0.5]))
            for name in "abcde"[: chosen.choice([2, 2, 3, 5])]
        }
    arms["none"] = {"a": Arm(0, 0), "b": Arm(50, 0)}
    experiments(migrated, arms)
    rows_of = rows_by_experiment(migrated)
    seen: set[str] = set()
    for name, variants in arms.items():
        rows = rows_of.get(name, [])
        if not sum(arm.clicks for arm in variants.values()):
            assert rows == []
            continue
        check_clicks(rows, variants)
        seen.update(row.verdict for row in rows)
    assert seen == {"winner", "no winner yet", "not enough data yet"}


def check_clicks(rows: list[VariantRow], variants: dict[str, Arm]) -> None:
    """By scipy's chi-square of two counts; the interval has 0 outside exactly when p is below 0.05."""
    arms = [variants[row.variant] for row in rows]
    weights = [arm.weight or 1 for arm in arms]
    total = sum(arm.clicks for arm in arms)
    assert [row.enough for row in rows] == [total * weight / sum(weights) >= 10 for weight in weights]
    assert {row.ratio_p for row in rows} == {None}
    for at, row in enumerate(rows[1:], 1):
        both = arms[at].clicks + arms[0].clicks
        share = weights[at] / (weights[at] + weights[0])
        if both:
            low, high = proportion_confint(arms[at].clicks, both, alpha=0.05, method="wilson")
            for got, end in zip(row.difference[1:], (low, high), strict=True):
                close(got, both * (end / weights[at] - (1 - end) / weights[0]), absolute=1e-9)
        close(row.difference[0], arms[at].clicks / weights[at] - arms[0].clicks / weights[0])
        if not (row.enough and rows[0].enough):
            assert row.p_value is None
            continue
        expected = [both * share, both * (1 - share)]
        p = float(stats.chisquare([arms[at].clicks, arms[0].clicks], expected).pvalue)
        close(row.p_value, p, rel=1e-6, absolute=1e-300)
        assert row.difference[1] is not None
        assert row.difference[2] is not None
        assert (p < 0.05) == (not row.difference[1] <= 0 <= row.difference[2])


def test_the_control_is_called_so_or_a_or_is_the_first(migrated: Http) -> None:
    controls = {
        ("b", "Control", "a"): "Control",
        ("c", " A", "b"): " A",
        ("z", "blue", "green"): "blue",
        ("b", "", "a1"): "",
    }
    arms = {str(at): dict.fromkeys(names, Arm(50, 1000)) for at, names in enumerate(controls)}
    experiments(migrated, arms)
    rows_of = rows_by_experiment(migrated)
    for name, control in zip(arms, controls.values(), strict=True):
        rows = rows_of[name]
        assert [row.variant for row in rows if row.is_control] == [control]
        assert (rows[0].difference[0], rows[0].p_value, rows[0].p_adjusted) == (None, None, None)


def test_ten_clicks_expected_of_each_variant_are_enough(migrated: Http) -> None:
    experiments(
        migrated,
        {
            "enough": {"a": Arm(0, 1000), "b": Arm(20, 1000)},
            "fewer": {"a": Arm(0, 1000), "b": Arm(19, 1000)},
            "misses": {"a": Arm(991, 1000), "b": Arm(990, 1000)},
            "clicks": {"a": Arm(0, 0), "b": Arm(20, 0)},
            "less": {"a": Arm(0, 0), "b": Arm(19, 0)},
        },
    )
    assert {name: {row.verdict for row in rows} for name, rows in rows_by_experiment(migrated).items()} == {
        "enough": {"winner"},
        "fewer": {"not enough data yet"},
        "misses": {"not enough data yet"},
        "clicks": {"winner"},
        "less": {"not enough data yet"},
    }


def test_a_variant_without_any_count_is_there_as_long_as_its_link_is(migrated: Http) -> None:
    experiments(migrated, {"e": {"a": Arm(100, 0), "b": Arm(120, 0)}})
    names = {"experiment": "e", "variant": "c"}
    link(migrated, "late", names)
    assert [(row.variant, row.clicks) for row in experiment_rows(migrated)] == [("a", 100), ("b", 120), ("c", 0)]
    link(migrated, "late", names, version=2, deleted=True)
    assert [row.variant for row in experiment_rows(migrated)] == ["a", "b"]
    link(migrated, "e-b", {"experiment": "e", "variant": "b"}, version=2, deleted=True)
    assert [(row.variant, row.clicks) for row in experiment_rows(migrated)] == [("a", 100), ("b", 120)]


def test_what_cannot_be_compared_says_why_and_has_no_p(migrated: Http) -> None:
    many = {f"v{at:02}": Arm(50, 1000) for at in range(27)}
    experiments(
        migrated,
        {
            "alone": {"a": Arm(50, 1000)},
            "over": {"a": Arm(50, 1000), "b": Arm(1001, 1000)},
            "unseen": {"a": Arm(50, 1000), "b": Arm(50, 0)},
            "crowd": many,
        },
    )
    experiments(migrated, {"mixed": {"a": Arm(50, 1000)}})
    link(migrated, "other", {"experiment": "mixed", "variant": "b"})
    count(migrated, [("other", AT, "human", "", 60, 0), ("other", AT, "human", "served", 0, 1000)])
    rows_of = rows_by_experiment(migrated)
    expected = {
        "alone": "nothing to compare",
        "over": "more clicks than impressions",
        "unseen": "sample ratio mismatch",
        "crowd": "too many variants",
        "mixed": "impressions of different kinds",
    }
    for experiment, verdict in expected.items():
        rows = rows_of[experiment]
        assert {row.verdict for row in rows} == {verdict}
        assert {(row.p_value, row.p_adjusted, row.is_winner) for row in rows} == {(None, None, False)}
    assert len(rows_of["crowd"]) == 27


def test_an_audience_that_was_not_split_as_meant_is_told(migrated: Http) -> None:
    experiments(
        migrated,
        {
            "equal": {"a": Arm(500, 10_000), "b": Arm(900, 10_460)},
            "unequal": {"a": Arm(500, 10_000), "b": Arm(900, 10_480)},
            "declared": {"a": Arm(500, 10_000), "b": Arm(90, 1000, 0.1)},
            "missed": {"a": Arm(500, 10_000), "b": Arm(90, 1000, 0.2)},
        },
    )
    experiments(migrated, {"feed": {"a": Arm(500, 10_000), "b": Arm(900, 20_000)}}, kind="platform")
    experiments(migrated, {"mail": {"a": Arm(500, 10_000), "b": Arm(900, 20_000, 1)}}, kind="platform")
    rows = migrated.rows("SELECT DISTINCT experiment, verdict, sample_ratio_mismatch FROM variant_comparison")
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        "equal": ("winner", "false"),
        "unequal": ("sample ratio mismatch", "true"),
        "declared": ("winner", "false"),
        "missed": ("sample ratio mismatch", "true"),
        "feed": ("no winner yet", "true"),
        "mail": ("sample ratio mismatch", "true"),
    }


def test_the_best_of_several_has_won_only_when_it_beats_each_of_them(migrated: Http) -> None:
    experiments(migrated, {"e": {"a": Arm(500, 10_000), "b": Arm(700, 10_000), "c": Arm(705, 10_000)}})
    rows = migrated.rows(
        "SELECT variant, against_control, is_winner, verdict FROM variant_comparison ORDER BY variant"
    )
    assert rows == [
        ["a", "", "false", "no winner yet"],
        ["b", "better", "false", "no winner yet"],
        ["c", "better", "false", "no winner yet"],
    ]


def test_a_tag_that_is_no_weight_declares_none(migrated: Http) -> None:
    tags = ("weight=", "weight=-2", "weight=nan", "weight=inf", "weight=two", "weight")
    experiments(migrated, {str(at): {"a": Arm(500, 10_000), "b": Arm(600, 10_000)} for at in range(len(tags))})
    links = ", ".join(f"('go.example/{at}-b', '{at}', 'b', ['{tag}'], 2)" for at, tag in enumerate(tags))
    run_sql(migrated, f"INSERT INTO links (link, experiment, variant, tags, version) VALUES {links}")
    rows = migrated.rows("SELECT weight, verdict, count() FROM variant_comparison GROUP BY ALL")
    assert rows == [["1", "winner", str(2 * len(tags))]]


def test_a_range_of_time_holds_its_first_window_and_not_the_one_after_its_last(migrated: Http) -> None:
    for variant in "ab":
        link(migrated, variant, {"experiment": "e", "variant": variant, "account": "acme"})
        for minute in (0, 1, 2, 3):
            count(migrated, [(variant, f"2026-11-20 10:0{minute}:00", "human", "", 10**minute, 0)])
    between = "variant_comparison_between(since = '2026-11-20 10:01:00', until = '2026-11-20 10:03:00')"
    assert migrated.rows(f"SELECT account, variant, clicks FROM {between} ORDER BY variant") == [
        ["acme", "a", "110"],
        ["acme", "b", "110"],
    ]
    nothing = "variant_comparison_between(since = '2026-11-21 00:00:00', until = '2026-11-22 00:00:00')"
    assert migrated.rows(f"SELECT * FROM {nothing}") == []


def test_experiments_of_the_same_name_in_two_accounts_are_two(migrated: Http) -> None:
    for account in ("acme", "other"):
        for variant in "ab":
            name = f"{account}-{variant}"
            link(migrated, name, {"experiment": "e", "variant": variant, "account": account})
            count(migrated, [(name, AT, "human", "", 10, 0)])
    assert migrated.rows(
        "SELECT account, count(), sum(clicks) FROM variant_comparison GROUP BY account ORDER BY 1"
    ) == [
        ["acme", "2", "20"],
        ["other", "2", "20"],
    ]
