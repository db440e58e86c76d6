"""What people say of a link's variants, rules, schedule and parameters, merged into what it says already.

A destination keeps its number as long as it keeps its name, or is named by its number: then it may be renamed. One
that is no longer said is retired, and comes back under its old name with its old number.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.links import Rules
from schemas.rules import (
    CONDITION_MAX,
    DEVICES,
    NO_RULES,
    NUMBERS_MAX,
    RULES_MAX,
    RULES_VERSION,
    VARIANTS_MAX,
    Country,
    Device,
    Language,
    LinkRules,
    Name,
    Number,
    Retired,
    Rule,
    Url,
    Variant,
    Weight,
    compiled_form,
    weights,
)

Countries = Annotated[list[Country], Meta(max_length=CONDITION_MAX)]
Languages = Annotated[list[Language], Meta(max_length=CONDITION_MAX)]
Devices = Annotated[list[Device], Meta(max_length=len(DEVICES))]
GivenNumber = Annotated[
    Number, Meta(description="which destination of the link is meant, where its name changes; usually left out")
]


class VariantBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One of the destinations among which visitors are split by weight."""

    name: Name
    destination: Url
    weight: Weight = 1
    number: GivenNumber | UnsetType = UNSET


class RuleBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whoever fits all conditions that are given, one value of each, is led to its destination."""

    name: Name
    destination: Url
    countries: Countries = []
    languages: Languages = []
    devices: Devices = []
    number: GivenNumber | UnsetType = UNSET


Variants = Annotated[list[VariantBody], Meta(max_length=VARIANTS_MAX)]
RuleList = Annotated[list[RuleBody], Meta(max_length=RULES_MAX)]

TEXT_FIELDS: Final = (
    *("early_destination", "expired_destination"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
)
SWITCHES: Final = ("pass_query", "add_utm")
FIELDS: Final = ("variants", "weight", "rules", "starts_at_ms", *TEXT_FIELDS, *SWITCHES)
"""What can be said, by the names of LinkRules' fields."""
RULE_DEFAULTS: Final[dict[str, Any]] = {name: getattr(NO_RULES, name) for name in FIELDS}
"""What an emptied one holds."""


class NumberError(ValueError):
    """A destination's number that cannot be given; the message begins with its place in the rules."""


def merged(before: LinkRules, said: Mapping[str, Any], now_ms: int) -> LinkRules:
    """`before` with what is said, by FIELDS: variants and rules as bodies. Raises NumberError.

    `retired`, too, may be said, as a file of another installation does.
    """
    if before is NO_RULES and all(value == RULE_DEFAULTS.get(name, ()) for name, value in said.items()):
        return before  # nearly every row of an import
    values = dict(said)
    retired: Sequence[Retired] = values.pop("retired", ())
    numbers = _Numbers(before, retired)
    for name, kept in (("variants", before.variants), ("rules", before.rules)):
        if name not in values:
            values[name] = kept
            numbers.keep(kept)
    bodies: list[tuple[str, VariantBody | RuleBody]] = [
        (f"{name}/{index}", body)
        for name in ("variants", "rules")
        for index, body in enumerate(values[name])
        if isinstance(body, VariantBody | RuleBody)
    ]
    given = numbers.given_to(bodies)
    values["variants"] = tuple(
        one if isinstance(one, Variant) else _variant(one, given[f"variants/{index}"])
        for index, one in enumerate(values["variants"])
    )
    values["rules"] = tuple(
        one if isinstance(one, Rule) else _rule(one, given[f"rules/{index}"])
        for index, one in enumerate(values["rules"])
    )
    rules = msgspec.structs.replace(before, **values)
    rules = msgspec.structs.replace(rules, retired=numbers.retired_by(rules))
    if not rules.variants:
        return msgspec.structs.replace(rules, split_at_ms=0)
    return rules if weights(rules) == weights(before) else msgspec.structs.replace(rules, split_at_ms=now_ms)


def emptied(before: LinkRules) -> LinkRules:
    """Nothing is said any more; only which numbers were given is known."""
    return merged(NO_RULES, {"retired": _known(before)}, 0)


def as_kept(rules: LinkRules) -> Rules | None:
    """As a link holds them; None where they say nothing."""
    return None if rules == NO_RULES else Rules(v=RULES_VERSION, compiled=compiled_form(rules))


def _known(rules: LinkRules) -> list[Retired]:
    current = [Retired(number=one.number, name=one.name) for one in rules.named]
    return [*current, *rules.retired]


class _Numbers:
    """Those that a link has given, and to whom."""

    def __init__(self, before: LinkRules, more: Sequence[Retired]) -> None:
        known = _known(before)
        numbers = {one.number for one in known}
        self._known: Final = known + [one for one in more if one.number not in numbers]
        self._by_name: Final = {one.name: one.number for one in reversed(self._known)}
        self._retired: Final = {one.number: one.name for one in (*before.retired, *more)}
        self._taken: Final[set[int]] = set()

    def keep(self, ones: Sequence[Variant | Rule]) -> None:
        """These stay as they are."""
        self._taken.update(one.number for one in ones)

    def given_to(self, bodies: Sequence[tuple[str, VariantBody | RuleBody]]) -> dict[str, int]:
        """The number of each body by its place. Raises NumberError."""
        given: dict[str, int] = {}
        for place, body in bodies:
            if body.number is not UNSET:
                given[place] = self._as_said(place, body.name.strip(), body.number)
        for place, body in bodies:
            if place not in given:
                number = self._by_name.get(body.name.strip())
                given[place] = self._next(place) if number is None or number in self._taken else number
                self._taken.add(given[place])
        return given

    def retired_by(self, rules: LinkRules) -> tuple[Retired, ...]:
        """Those that `rules` have no more."""
        current = {one.number for one in rules.named}
        return tuple(sorted((one for one in self._known if one.number not in current), key=lambda one: one.number))

    def _as_said(self, place: str, name: str, number: int) -> int:
        if number in self._taken:
            raise NumberError(f"{place}/number {number} is that of another destination of the link: leave it out")
        if self._retired.get(number, name) != name:
            raise NumberError(
                f"{place}/number {number} was that of {self._retired[number]!r}, and clicks were kept with it:"
                " leave it out, and another is given"
            )
        self._taken.add(number)
        return number

    def _next(self, place: str) -> int:
        number = max((*self._taken, *(one.number for one in self._known)), default=0) + 1
        if number > NUMBERS_MAX:
            raise NumberError(
                f"{place} would be destination {number} of this link, {NUMBERS_MAX} are possible: make another link"
            )
        return number


def _variant(body: VariantBody, number: int) -> Variant:
    return Variant(number=number, name=body.name.strip(), destination=body.destination.strip(), weight=body.weight)


def _rule(body: RuleBody, number: int) -> Rule:
    return Rule(
        number=number,
        name=body.name.strip(),
        destination=body.destination.strip(),
        countries=tuple(body.countries),
        languages=tuple(body.languages),
        devices=tuple(body.devices),
    )
