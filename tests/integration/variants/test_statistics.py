"""Variants of an experiment, against scipy's and statsmodels' own answers over random and extreme counts."""

import itertools
import math
import random

from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

from tests.integration.clickhouse_http import Http
from tests.integration.variants.experiments import HUGE, Arm, VariantRow, close, experiments, rows_by_experiment


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
