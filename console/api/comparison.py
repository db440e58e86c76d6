"""Which of several is better, and whether by more than chance: the statistics of `variant_comparison`, for any.

Two proportions by the normal approximation, Newcombe's interval, Holm over all pairs, chi-square of the sample
ratio; without impressions, clicks by weight. docs/reports.md says what each number means, ADR 18 why these tests.
All intervals are at 95 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

MOST: Final = 26
_Z: Final = 1.959963984540054
_ENOUGH: Final = 10
_EXPECTED_LEAST: Final = 5
_LEVEL: Final = 0.05
_RATIO_LEVEL: Final = 0.001

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What was counted on one side. `weight`: its declared part of the audience, 0 where none is."""

    clicks: int
    impressions: int
    kinds: tuple[str, ...] = ()
    weight: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two sides by their places; the difference is that of the second to the first."""

    first: int
    second: int
    difference: float | None
    interval: Interval | None
    p_value: float | None
    p_adjusted: float | None = None

    @property
    def is_decided(self) -> bool:
        """Whether the two differ by more than chance."""
        return self.p_adjusted is not None and self.p_adjusted < _LEVEL


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What can be said of all sides together. `winner`: its place."""

    measure: str
    intervals: tuple[Interval | None, ...]
    enough: tuple[bool, ...]
    pairs: tuple[Pair, ...]
    sample_ratio_p: float | None
    winner: int | None
    verdict: str


def compare(arms: Sequence[Arm], *, overlap: bool = False) -> Comparison:
    """The sides against each other. `overlap`: some links are on several of them."""
    by_ctr = any(arm.impressions > 0 for arm in arms)
    weights = [arm.weight or 1.0 for arm in arms]
    intervals = tuple(wilson(arm.clicks, arm.impressions) for arm in arms)
    enough = tuple(_is_enough(arms, weights, place, by_ctr) for place in range(len(arms)))
    ratio_p = _sample_ratio(arms, weights) if any(arm.weight > 0 for arm in arms) else None
    ratio_is_off = ratio_p is not None and ratio_p < _RATIO_LEVEL
    mixed = by_ctr and len({kind for arm in arms for kind in arm.kinds}) > 1
    over = by_ctr and any(arm.clicks > arm.impressions > 0 for arm in arms)
    judged = not (mixed or over or overlap)
    pairs = [
        _pair(arms, weights, (first, second), by_ctr=by_ctr, judged=judged and enough[first] and enough[second])
        for first, second in combinations(range(len(arms)), 2)
    ]
    pairs = _corrected(pairs)
    measures = [_measure(arm, weight, by_ctr) for arm, weight in zip(arms, weights, strict=True)]
    leader = max(range(len(arms)), key=lambda place: measures[place])
    undecided = any(leader in (pair.first, pair.second) and not pair.is_decided for pair in pairs)
    reasons = (
        (len(arms) == 1, "nothing to compare"),
        (overlap, "the same links on several sides"),
        (mixed, "impressions of different kinds"),
        (over, "more clicks than impressions"),
        (ratio_is_off, "sample ratio mismatch"),
        (not all(enough), "not enough data yet"),
        (undecided, "no winner yet"),
    )
    verdict = next((words for holds, words in reasons if holds), "winner")
    return Comparison(
        measure="ctr" if by_ctr else "clicks",
        intervals=intervals,
        enough=enough,
        pairs=tuple(pairs),
        sample_ratio_p=ratio_p,
        winner=leader if verdict == "winner" else None,
        verdict=verdict,
    )


def wilson(successes: int, trials: int) -> Interval | None:
    """Wilson's interval of a proportion; None where it is none."""
    if trials <= 0 or not 0 <= successes <= trials:
        return None
    middle = 2 * successes + _Z**2
    reach = _Z * math.sqrt(_Z**2 + 4 * successes * (1 - successes / trials))
    below = 2 * (trials + _Z**2)
    return (
        0.0 if successes == 0 else (middle - reach) / below,
        1.0 if successes == trials else (middle + reach) / below,
    )


def chi_square_tail(x: float, degrees: int) -> float:
    """How likely a chi-square of so many degrees of freedom is above x (Abramowitz and Stegun, 26.4.4, 26.4.5)."""
    half = x / 2
    if half <= 0:
        return 1.0
    odd = degrees % 2 / 2
    terms = (math.exp((i + odd) * math.log(half) - half - math.lgamma(i + odd + 1)) for i in range(degrees // 2))
    return min(1.0, (math.erfc(math.sqrt(half)) if odd else 0.0) + sum(terms))


def _measure(arm: Arm, weight: float, by_ctr: bool) -> float:
    """What sides are ranked by; one without impressions comes last."""
    if not by_ctr:
        return arm.clicks / weight
    return arm.clicks / arm.impressions if arm.impressions > 0 else -1.0


def _is_enough(arms: Sequence[Arm], weights: Sequence[float], place: int, by_ctr: bool) -> bool:
    """Whether the normal distribution is near enough: clicks, and impressions without, if all were alike."""
    clicks = sum(arm.clicks for arm in arms)
    if not by_ctr:
        return clicks * weights[place] / sum(weights) >= _ENOUGH
    shown = arms[place].impressions
    usual = clicks / sum(max(arm.impressions, 0) for arm in arms)
    return shown > 0 and shown * usual >= _ENOUGH and shown * (1 - usual) >= _ENOUGH


def _sample_ratio(arms: Sequence[Arm], weights: Sequence[float]) -> float | None:
    """How likely the impressions are by the declared weights; None where chi-square would not be right."""
    shown = [arm.impressions for arm in arms]
    if len(arms) < 2 or min(shown) < 0 or len({kind for arm in arms for kind in arm.kinds}) > 1:  # noqa: PLR2004 - a pair
        return None
    expected = [sum(shown) * weight / sum(weights) for weight in weights]
    if min(expected) < _EXPECTED_LEAST:
        return None
    x = sum((seen - wanted) ** 2 / wanted for seen, wanted in zip(shown, expected, strict=True))
    return chi_square_tail(x, len(arms) - 1)


def _pair(
    arms: Sequence[Arm], weights: Sequence[float], places: tuple[int, int], *, by_ctr: bool, judged: bool
) -> Pair:
    first, second = (arms[place] for place in places)
    if by_ctr:
        difference, interval = _newcombe(first, second)
        p = _p_of_ctr(first, second) if judged else None
    else:
        weight, other = (weights[place] for place in places)
        difference = second.clicks / other - first.clicks / weight
        interval = _of_clicks(first.clicks, second.clicks, weight, other)
        p = _p_of_clicks(first.clicks, second.clicks, weight / (weight + other)) if judged else None
    return Pair(first=places[0], second=places[1], difference=difference, interval=interval, p_value=p)


def _newcombe(first: Arm, second: Arm) -> tuple[float | None, Interval | None]:
    if first.impressions <= 0 or second.impressions <= 0:
        return None, None
    one, other = first.clicks / first.impressions, second.clicks / second.impressions
    low, high = wilson(first.clicks, first.impressions), wilson(second.clicks, second.impressions)
    if low is None or high is None:
        return other - one, None
    return other - one, (
        other - one - math.hypot(other - high[0], low[1] - one),
        other - one + math.hypot(high[1] - other, one - low[0]),
    )


def _p_of_ctr(first: Arm, second: Arm) -> float:
    usual = (first.clicks + second.clicks) / (first.impressions + second.impressions)
    deviation = math.sqrt(usual * (1 - usual) * (1 / first.impressions + 1 / second.impressions))
    return _two_sided(first.clicks / first.impressions - second.clicks / second.impressions, deviation)


def _p_of_clicks(first: int, second: int, share: float) -> float:
    both = first + second
    return _two_sided(first - both * share, math.sqrt(share * (1 - share) * both))


def _two_sided(distance: float, deviation: float) -> float:
    return 1.0 if deviation == 0 else math.erfc(abs(distance) / deviation / math.sqrt(2))


def _of_clicks(first: int, second: int, weight: float, other: float) -> Interval | None:
    """By Wilson's interval of the second's part of the clicks of both."""
    both = first + second
    part = wilson(second, both)
    if part is None:
        return None
    return both * (part[0] / other - (1 - part[0]) / weight), both * (part[1] / other - (1 - part[1]) / weight)


def _corrected(pairs: Sequence[Pair]) -> list[Pair]:
    """Holm: the smallest p times the number of pairs, the next times one less, and none below the one before.

    A pair that cannot be judged counts as one that does not differ.
    """
    ranks = sorted(range(len(pairs)), key=lambda place: (_as_alike(pairs[place].p_value), place))
    adjusted: dict[int, float] = {}
    highest = 0.0
    for rank, place in enumerate(ranks):
        highest = max(highest, min(1.0, (len(pairs) - rank) * _as_alike(pairs[place].p_value)))
        adjusted[place] = highest
    return [
        Pair(
            first=pair.first,
            second=pair.second,
            difference=pair.difference,
            interval=pair.interval,
            p_value=pair.p_value,
            p_adjusted=None if pair.p_value is None else adjusted[place],
        )
        for place, pair in enumerate(pairs)
    ]


def _as_alike(p: float | None) -> float:
    return 1.0 if p is None else p
