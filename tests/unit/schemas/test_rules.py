import re
from typing import Any

import msgspec
import pytest

from schemas.destinations import URL_MAX_CHARS
from schemas.rules import (
    EARLY,
    EXPIRED,
    NO_RULES,
    NUMBERS_MAX,
    VARIANTS_MAX,
    WEIGHT_MAX,
    LinkRules,
    Retired,
    Rule,
    Variant,
    compiled_form,
    read_rules,
    rules_fault,
    weights,
)

B = Variant(number=1, name="b", destination="https://example.com/b", weight=3)
GERMAN = Rule(number=2, name="german", destination="https://example.com/de", countries=("DE", "AT"))
ALL = LinkRules(
    weight=0,
    variants=(B,),
    split_at_ms=1_700_000_000_000,
    rules=(GERMAN, Rule(number=3, name="apps", destination="app://open", languages=("de-at",), devices=("ios",))),
    retired=(Retired(number=4, name="old"),),
    starts_at_ms=1_700_000_000_000,
    early_destination="https://example.com/soon",
    expired_destination="https://example.com/over",
    pass_query=True,
    utm_source="news",
    utm_content="a b",
)

TOO_MANY = range(1, VARIANTS_MAX + 2)


def test_rules_are_read_as_they_were_compiled() -> None:
    assert read_rules(compiled_form(ALL)) == ALL
    assert compiled_form(NO_RULES) == {}
    assert msgspec.json.decode(msgspec.json.encode(compiled_form(ALL))) == compiled_form(ALL)


def test_every_destination_has_its_number() -> None:
    assert dict(ALL.destinations) == {
        1: "https://example.com/b",
        2: "https://example.com/de",
        3: "app://open",
        EARLY: "https://example.com/soon",
        EXPIRED: "https://example.com/over",
    }
    assert NO_RULES.destinations == ()
    assert weights(ALL) == ((0, 0), (3, 1))


def test_what_is_added_can_be_switched_off_and_is_kept() -> None:
    assert ALL.utm == {"utm_source": "news", "utm_content": "a b"}
    assert msgspec.structs.replace(ALL, add_utm=False).utm == {}


@pytest.mark.parametrize(
    "compiled",
    [
        {"hours": [8, 18]},
        {"variants": [{"number": 1, "name": "b", "destination": "https://b.example", "until": 1}]},
        {"rules": [{"number": 1, "name": "b", "destination": "https://b.example", "browsers": ["x"]}]},
        {"variants": [{"number": 0, "name": "b", "destination": "https://b.example"}]},
        {"variants": [{"number": NUMBERS_MAX + 1, "name": "b", "destination": "https://b.example"}]},
        {"variants": [{"number": 1, "name": "", "destination": "https://b.example"}]},
        {"variants": [{"number": 1, "name": "b", "destination": "https://b.example", "weight": -1}]},
        {"variants": [{"number": 1, "name": "b", "destination": "https://b.example", "weight": WEIGHT_MAX + 1}]},
        {
            "variants": [
                {"number": n + 1, "name": f"{n}", "destination": "https://b.example"}
                for n in range(VARIANTS_MAX + 1)
            ]
        },
        {"weight": 0.5},
        {"early_destination": "https://example.com/" + "x" * URL_MAX_CHARS},
        {"rules": [{"number": 1, "name": "b", "destination": "https://b.example", "countries": ["de"]}]},
        {"rules": [{"number": 1, "name": "b", "destination": "https://b.example", "countries": ["DE\n"]}]},
        {"rules": [{"number": 1, "name": "b", "destination": "https://b.example", "languages": ["de-AT"]}]},
        {"rules": [{"number": 1, "name": "b", "destination": "https://b.example", "devices": ["phone"]}]},
    ],
)
def test_nothing_that_is_unknown_is_ignored(compiled: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_rules(compiled)


def test_rules_at_every_limit_are_read() -> None:
    most = LinkRules(
        variants=tuple(
            Variant(number=NUMBERS_MAX - n, name=f"{n}", destination="https://b.example", weight=WEIGHT_MAX)
            for n in range(VARIANTS_MAX)
        )
    )
    assert read_rules(compiled_form(most)) == most
    assert rules_fault(most) is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"variants": (B, msgspec.structs.replace(B, number=5))}, "variants/1/name 'b' is also that of variants/0"),
        ({"variants": (B, msgspec.structs.replace(B, name="c"))}, "variants/1/number 1 is that of another"),
        ({"variants": (msgspec.structs.replace(B, number=4),)}, "variants/0/number 4 is that of another"),
        (
            {"variants": (msgspec.structs.replace(B, destination="data:,x"),)},
            "variants/0/destination .* script",
        ),
        ({"rules": (msgspec.structs.replace(GERMAN, countries=()),)}, "rules/0 has no condition"),
        ({"rules": (msgspec.structs.replace(GERMAN, name="b"),)}, "rules/0/name 'b' is also that of variants/0"),
        ({"rules": (msgspec.structs.replace(GERMAN, destination="/x"),)}, "rules/0/destination .* absolute"),
        ({"early_destination": "x"}, "early_destination .* absolute"),
        ({"expired_destination": "https://a b"}, "expired_destination .* percent-encode"),
        ({"starts_at_ms": None}, "early_destination .* set starts_at"),
        ({"variants": (msgspec.structs.replace(B, weight=0),)}, "weight is 0 here and in all"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(changes: dict[str, Any], fault: str) -> None:
    told = rules_fault(msgspec.structs.replace(ALL, **changes))
    assert told is not None
    assert re.match(fault, told)


def test_a_weight_of_nothing_is_enough_for_all_but_one() -> None:
    assert rules_fault(ALL) is None
    assert rules_fault(LinkRules(weight=1, variants=(msgspec.structs.replace(B, weight=0),))) is None
    assert rules_fault(LinkRules(weight=0)) is None
