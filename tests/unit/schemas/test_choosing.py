import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.choosing import Chooser, VisitFacts, device_of
from schemas.rules import EARLY, EXPIRED, OWN, LinkRules, Rule, Variant

KEY = "go.example/spring"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
VISITORS = random.Random(7).sample(range(1, 2**53), 20_000)


def split(own: int, *others: int, key: str = KEY, first: int = 1) -> Chooser:
    """Destinations with these weights, numbered from `first` behind the own one."""
    variants = tuple(
        Variant(number=first + index, name=f"v{index}", destination="https://b.example", weight=weight)
        for index, weight in enumerate(others)
    )
    return Chooser(key, LinkRules(weight=own, variants=variants), None)


def chosen(chooser: Chooser, visitors: list[int]) -> list[int]:
    """The destination of each visitor."""
    return [chooser.number({"visitor": visitor}, 0) for visitor in visitors]


def rule(number: int, **conditions: Any) -> Rule:
    return Rule(number=number, name=f"{number}", destination="https://b.example", **conditions)


@pytest.mark.parametrize("first", [1, 5, 990])
@pytest.mark.parametrize("weights", [(1, 1), (9, 1), (0, 1), (1, 2, 3, 4), (10_000, 1), tuple(range(1, 12))])
def test_visitors_are_split_by_weight(weights: tuple[int, ...], first: int) -> None:
    counts = Counter(chosen(split(*weights, first=first), VISITORS))
    numbers = (OWN, *range(first, first + len(weights) - 1))
    for number, weight in zip(numbers, weights, strict=True):
        share = weight / sum(weights)
        deviation = (len(VISITORS) * share * (1 - share)) ** 0.5
        assert abs(counts[number] - len(VISITORS) * share) <= 4.5 * deviation


@given(visitor=st.integers(1, 2**53 - 1), weights=st.lists(st.integers(1, 100), min_size=2, max_size=9))
def test_a_visitor_gets_the_same_again_on_every_host(visitor: int, weights: list[int]) -> None:
    assert chosen(split(*weights), [visitor] * 3) == chosen(split(*weights), [visitor]) * 3


@settings(max_examples=30)
@given(
    weights=st.lists(st.integers(0, 50), min_size=2, max_size=9),
    at=st.integers(0, 8),
    more=st.integers(1, 100),
)
def test_more_weight_moves_nobody_but_to_the_destination_that_got_it(
    weights: list[int], at: int, more: int
) -> None:
    at %= len(weights)
    weights[at] += not any(weights)
    heavier = [*weights]
    heavier[at] += more
    some = VISITORS[:500]
    for before, after in zip(chosen(split(*weights), some), chosen(split(*heavier), some), strict=True):
        assert after in (before, at)


def test_a_destination_that_is_taken_away_moves_its_own_visitors_only() -> None:
    before = chosen(split(1, 1, 1), VISITORS)
    after = chosen(split(1, 1), VISITORS)
    assert all(now == then for then, now in zip(before, after, strict=True) if then != 2)
    taken_over = Counter(now for then, now in zip(before, after, strict=True) if then == 2)
    assert min(taken_over[OWN], taken_over[1]) > 0.45 * taken_over.total()


def test_the_same_weights_twice_as_large_move_nobody() -> None:
    assert chosen(split(1, 2, 3), VISITORS) == chosen(split(2, 4, 6), VISITORS)


def test_links_split_independently() -> None:
    together = Counter(
        zip(chosen(split(1, 1), VISITORS), chosen(split(1, 1, key="go.example/other"), VISITORS), strict=True)
    )
    expected = len(VISITORS) / 4
    assert sum((count - expected) ** 2 / expected for count in together.values()) < 16.3  # 0.1 % of 3 degrees
    assert len(together) == 4


def test_who_asked_not_to_be_recognized_gets_another_each_time() -> None:
    numbers = iter([7, 8])
    chooser = Chooser(
        KEY,
        LinkRules(variants=(Variant(number=1, name="b", destination="https://b.example"),)),
        None,
        new_visitor=lambda _bits: next(numbers),
    )
    assert [chooser.number({}, 0) for _ in range(2)] == chosen(split(1, 1), [7, 8])
    counts = Counter(split(1, 1).number({"visitor": 0}, 0) for _ in range(2000))
    assert 800 < counts[1] < 1200


@pytest.mark.parametrize(
    ("conditions", "facts", "fits"),
    [
        ({"countries": ("DE", "AT")}, {"country": "AT"}, True),
        ({"countries": ("DE", "AT")}, {"country": "CH"}, False),
        ({"countries": ("DE",)}, {}, False),
        ({"languages": ("de",)}, {"language": "de"}, True),
        ({"languages": ("de",)}, {"language": "de-at"}, True),
        ({"languages": ("de-at",)}, {"language": "de-at"}, True),
        ({"languages": ("de-at",)}, {"language": "de"}, False),
        ({"languages": ("de",)}, {"language": "den"}, False),
        ({"languages": ("de",)}, {}, False),
        ({"devices": ("ios",)}, {"ua": IPHONE}, True),
        ({"devices": ("android", "macos")}, {"ua": IPHONE}, False),
        ({"devices": ("other",)}, {}, True),
        ({"countries": ("DE",), "devices": ("ios",)}, {"country": "DE", "ua": IPHONE}, True),
        ({"countries": ("DE",), "devices": ("ios",)}, {"country": "DE"}, False),
        ({"countries": ("DE",), "devices": ("ios",)}, {"country": "AT", "ua": IPHONE}, False),
    ],
)
def test_a_rule_is_for_whoever_fits_all_its_conditions(
    conditions: dict[str, Any], facts: VisitFacts, fits: bool
) -> None:
    chooser = Chooser(KEY, LinkRules(rules=(rule(5, **conditions),)), None)
    assert chooser.number(facts, 0) == (5 if fits else OWN)


def test_the_first_rule_that_fits_goes_before_others_and_before_the_split() -> None:
    rules = LinkRules(
        weight=0,
        variants=(Variant(number=1, name="b", destination="https://b.example"),),
        rules=(rule(2, countries=("DE",)), rule(3, languages=("de",))),
    )
    chooser = Chooser(KEY, rules, None)
    facts: list[VisitFacts] = [{"country": "DE", "language": "de"}, {"language": "de"}, {"language": "en"}]
    assert [chooser.number(one, 0) for one in facts] == [2, 3, 1]


def test_the_schedule_goes_before_all_rules() -> None:
    chooser = Chooser(KEY, LinkRules(rules=(rule(2, countries=("DE",)),), starts_at_ms=100), 200)
    german: VisitFacts = {"country": "DE"}
    assert [chooser.number(german, now_ms) for now_ms in (99, 100, 199, 200)] == [EARLY, 2, 2, EXPIRED]
    over = Chooser(KEY, LinkRules(starts_at_ms=100), 100)
    assert [over.number({}, now_ms) for now_ms in (99, 100)] == [EARLY, EXPIRED]


@pytest.mark.parametrize(
    ("ua", "device"),
    [
        (IPHONE, "ios"),
        ("Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15", "ios"),
        (
            "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/145.0 Mobile Safari/537.36",
            "android",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/145.0 Safari/537.36", "windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15",
            "macos",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "linux"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/145.0 Safari/537.36", "linux"),
        ("Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; ARM; like iPhone OS 7_0_3)", "other"),
        ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950)", "other"),
        ("curl/8.0", "other"),
        ("", "other"),
    ],
)
def test_a_user_agent_says_what_it_runs_on(ua: str, device: str) -> None:
    assert device_of(ua) == device
