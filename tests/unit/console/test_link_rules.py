from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.link_rules import NumberError, RuleBody, VariantBody, as_kept, emptied, merged
from schemas.rules import NO_RULES, NUMBERS_MAX, LinkRules, Retired, rules_fault

HOME = "https://example.com/"


def variant(name: str, **fields: Any) -> VariantBody:
    return msgspec.convert({"name": name, "destination": HOME} | fields, VariantBody)


def rule(name: str, **fields: Any) -> RuleBody:
    return msgspec.convert({"name": name, "destination": HOME, "countries": ["DE"]} | fields, RuleBody)


def numbers(rules: LinkRules) -> dict[str, int]:
    return {one.name: one.number for one in rules.named}


def retired(rules: LinkRules) -> dict[str, int]:
    return {one.name: one.number for one in rules.retired}


def test_destinations_are_numbered_as_they_come() -> None:
    rules = merged(NO_RULES, {"variants": [variant("b"), variant("c")], "rules": [rule("german")]}, 7)
    assert numbers(rules) == {"b": 1, "c": 2, "german": 3}
    assert (rules.split_at_ms, rules.retired) == (7, ())


def test_a_destination_keeps_its_number_with_its_name_wherever_it_stands() -> None:
    before = merged(NO_RULES, {"variants": [variant("b"), variant("c")]}, 7)
    after = merged(before, {"variants": [variant("c", destination="https://example.com/c"), variant("d")]}, 8)
    assert numbers(after) == {"c": 2, "d": 3}
    assert retired(after) == {"b": 1}
    again = merged(after, {"variants": [variant("b"), variant("c")]}, 9)
    assert numbers(again) == {"b": 1, "c": 2}
    assert retired(again) == {"d": 3}


def test_a_destination_is_renamed_by_its_number() -> None:
    before = merged(NO_RULES, {"variants": [variant("b"), variant("c")]}, 7)
    after = merged(before, {"variants": [variant("c", number=1), variant("b", number=2), variant("d")]}, 8)
    assert numbers(after) == {"c": 1, "b": 2, "d": 3}
    assert after.retired == ()


def test_a_variant_that_becomes_a_rule_stays_the_same_destination() -> None:
    before = merged(NO_RULES, {"variants": [variant("b"), variant("german")]}, 7)
    after = merged(before, {"variants": [variant("b")], "rules": [rule("german")]}, 8)
    assert (numbers(after), after.retired) == ({"b": 1, "german": 2}, ())


def test_a_retired_number_is_never_anothers() -> None:
    before = merged(merged(NO_RULES, {"variants": [variant("b")]}, 7), {"variants": []}, 8)
    assert retired(before) == {"b": 1}
    with pytest.raises(NumberError, match=r"variants/0/number 1 was that of 'b'"):
        merged(before, {"variants": [variant("c", number=1)]}, 9)
    assert numbers(merged(before, {"variants": [variant("c")]}, 9)) == {"c": 2}
    assert numbers(merged(before, {"variants": [variant("b", number=1)]}, 9)) == {"b": 1}


def test_a_number_is_given_once() -> None:
    with pytest.raises(NumberError, match="rules/0/number 4 is that of another"):
        merged(NO_RULES, {"variants": [variant("b", number=4)], "rules": [rule("c", number=4)]}, 7)
    kept = merged(NO_RULES, {"variants": [variant("b", number=4)]}, 7)
    with pytest.raises(NumberError, match="rules/0/number 4 is that of another"):
        merged(kept, {"rules": [rule("c", number=4)]}, 7)


def test_the_last_number_is_the_last_destination() -> None:
    last = merged(NO_RULES, {"variants": [variant("b", number=NUMBERS_MAX)]}, 7)
    with pytest.raises(NumberError, match="make another link"):
        merged(last, {"rules": [rule("c")]}, 7)


def test_a_name_that_is_said_twice_is_found_out_later_and_loses_nobodys_number() -> None:
    before = merged(NO_RULES, {"variants": [variant("b")]}, 7)
    twice = merged(before, {"variants": [variant("b"), variant("b")]}, 8)
    assert [one.number for one in twice.variants] == [1, 2]
    assert rules_fault(twice) == "variants/1/name 'b' is also that of variants/0: choose another"


def test_a_split_begins_anew_when_its_weights_change_and_only_then() -> None:
    before = merged(NO_RULES, {"variants": [variant("b")]}, 7)
    assert merged(before, {"variants": [variant("b", destination="https://example.com/b")]}, 8).split_at_ms == 7
    assert merged(before, {"utm_source": "x", "rules": [rule("german")]}, 8).split_at_ms == 7
    assert merged(before, {"weight": 3}, 8).split_at_ms == 8
    assert merged(before, {"variants": [variant("b", weight=0)]}, 8).split_at_ms == 8
    assert merged(before, {"variants": [variant("c")]}, 8).split_at_ms == 8
    assert merged(before, {"variants": []}, 8).split_at_ms == 0


def test_what_says_nothing_is_not_kept_but_which_numbers_were_given_is() -> None:
    assert as_kept(merged(NO_RULES, {"weight": 1, "add_utm": True, "utm_term": "", "variants": []}, 7)) is None
    full = merged(NO_RULES, {"variants": [variant("b")], "pass_query": True, "utm_term": "x"}, 7)
    empty = emptied(full)
    assert empty == LinkRules(retired=(Retired(number=1, name="b"),))
    assert numbers(merged(empty, {"variants": [variant("c"), variant("b")]}, 8)) == {"c": 2, "b": 1}
    kept = as_kept(full)
    assert kept is not None
    assert kept.read() == full


NAMES = st.lists(st.sampled_from("abcde"), unique=True, max_size=5)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=6))
def test_a_name_has_one_number_through_all_changes(steps: list[tuple[list[str], list[str]]]) -> None:
    rules = NO_RULES
    known: dict[str, int] = {}
    for variants, others in steps:
        conditional = [rule(name) for name in others if name not in variants]
        rules = merged(rules, {"variants": [*map(variant, variants)], "rules": conditional}, 7)
        for name, number in (numbers(rules) | retired(rules)).items():
            assert known.setdefault(name, number) == number
        assert len(set(known.values())) == len(known)
        assert rules_fault(rules) is None
