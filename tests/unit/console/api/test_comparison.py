"""Sides against each other, as scipy and statsmodels judge them."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from console.api.comparison import Arm, chi_square_tail, compare, wilson


def arm(clicks: int, impressions: int, weight: float = 0.0, kind: str = "platform") -> Arm:
    return Arm(clicks=clicks, impressions=impressions, kinds=(kind,) if impressions else (), weight=weight)


@st.composite
def arms_of_proportions(draw: st.DrawFn) -> list[Arm]:
    """Two to six sides whose clicks are among their impressions."""
    arms = []
    for _ in range(draw(st.integers(2, 6))):
        shown = draw(st.integers(1, 10**9))
        arms.append(arm(draw(st.integers(0, shown)), shown))
    return arms


def is_close(one: float | None, other: float) -> bool:
    return one is not None and math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)


@given(arms_of_proportions())
def test_intervals_and_differences_are_wilsons_and_newcombes(arms: list[Arm]) -> None:
    compared = compare(arms)
    for one, interval in zip(arms, compared.intervals, strict=True):
        assert interval is not None
        low, high = proportion_confint(one.clicks, one.impressions, alpha=0.05, method="wilson")
        assert is_close(interval[0], low)
        assert is_close(interval[1], high)
    for pair in compared.pairs:
        first, second = arms[pair.first], arms[pair.second]
        low, high = confint_proportions_2indep(
            second.clicks, second.impressions, first.clicks, first.impressions, method="newcomb", compare="diff"
        )
        assert is_close(pair.difference, second.clicks / second.impressions - first.clicks / first.impressions)
        assert pair.interval is not None
        assert is_close(pair.interval[0], low)
        assert is_close(pair.interval[1], high)


@given(arms_of_proportions())
def test_p_is_of_the_pooled_score_and_corrected_by_holm_over_all_pairs(arms: list[Arm]) -> None:
    compared = compare(arms)
    usual = sum(one.clicks for one in arms) / sum(one.impressions for one in arms)
    if not all(min(usual, 1 - usual) * one.impressions >= 10 for one in arms):
        assert compared.verdict == "not enough data yet"
        assert compared.winner is None
        return
    plain = []
    for one, other in itertools.combinations(arms, 2):
        pooled = (one.clicks + other.clicks) / (one.impressions + other.impressions)
        counts = [one.clicks, other.clicks], [one.impressions, other.impressions]
        plain.append(1.0 if pooled in {0, 1} else float(proportions_ztest(*counts, prop_var=False)[1]))
    adjusted = multipletests(plain, method="holm")[1]
    assert [(pair.first, pair.second) for pair in compared.pairs] == [*itertools.combinations(range(len(arms)), 2)]
    for pair, p, corrected in zip(compared.pairs, plain, adjusted, strict=True):
        assert is_close(pair.p_value, p)
        assert is_close(pair.p_adjusted, corrected)
    rates = [one.clicks / one.impressions for one in arms]
    leader = rates.index(max(rates))
    wins = all(pair.is_decided for pair in compared.pairs if leader in (pair.first, pair.second))
    assert (compared.winner, compared.verdict) == ((leader, "winner") if wins else (None, "no winner yet"))


@given(st.floats(0, 2000), st.integers(1, 25))
def test_the_tail_of_chi_square_is_scipys(x: float, degrees: int) -> None:
    assert math.isclose(chi_square_tail(x, degrees), stats.chi2.sf(x, degrees), rel_tol=1e-9, abs_tol=1e-300)


def test_clicks_without_impressions_are_compared_by_weight_as_a_chi_square_of_two_counts() -> None:
    compared = compare([arm(60, 0, 2.0), arm(50, 0, 1.0)])
    (pair,) = compared.pairs
    expected = [110 * 2 / 3, 110 / 3]
    assert is_close(pair.p_value, float(stats.chisquare([60, 50], expected)[1]))
    assert (compared.measure, pair.difference, compared.verdict, compared.winner) == ("clicks", 20.0, "winner", 1)
    low, high = wilson(50, 110) or (0.0, 0.0)
    assert pair.interval == (110 * (low - (1 - low) / 2), 110 * (high - (1 - high) / 2))


@pytest.mark.parametrize(
    ("arms", "verdict"),
    [
        ([arm(10, 100)], "nothing to compare"),
        ([arm(500, 1000), arm(100, 1000)], "winner"),
        ([arm(500, 1000), arm(501, 1000)], "no winner yet"),
        ([arm(9, 10_000), arm(10, 10_000)], "not enough data yet"),
        ([arm(10, 10_000), arm(10, 10_000)], "no winner yet"),
        ([arm(500, 1000), arm(100, 0)], "not enough data yet"),
        ([arm(0, 0), arm(0, 0)], "not enough data yet"),
        ([arm(500, 1000), arm(100, 1000, kind="served")], "impressions of different kinds"),
        ([arm(1001, 1000), arm(100, 1000)], "more clicks than impressions"),
        ([arm(500, 1000, 1.0), arm(1000, 2000, 1.0)], "sample ratio mismatch"),
        ([arm(500, 1000, 1.0), arm(100, 2000, 2.0)], "winner"),
        ([arm(500, -7), arm(100, 1000)], "not enough data yet"),
    ],
)
def test_the_verdict_says_what_can_be_said(arms: list[Arm], verdict: str) -> None:
    compared = compare(arms)
    assert (compared.verdict, compared.winner is None) == (verdict, verdict != "winner")
    if len(arms) > 1:
        assert compare(arms, overlap=True).verdict == "the same links on several sides"


def test_the_sample_ratio_is_judged_where_weights_are_declared() -> None:
    assert compare([arm(500, 1000), arm(100, 3000)]).sample_ratio_p is None
    judged = compare([arm(500, 1000, 1.0), arm(100, 1100, 1.0)]).sample_ratio_p
    assert is_close(judged, float(stats.chisquare([1000, 1100])[1]))
