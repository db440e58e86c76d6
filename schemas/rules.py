"""What a link says beyond its one destination: variants, rules, schedule, fallbacks, what is passed on.

This is the compiled form in `Link.rules`: written by consoles, read by redirectors and consoles. It keeps
everything that people said, so what they see is read from it.

Each destination of a link has a number, which a click is kept with. A number means the same destination for ever:
one that is taken away is retired with its name, and never given to another.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta

from schemas.destinations import URL_MAX_CHARS, destination_fault

RULES_VERSION: Final = 1
"""The newest compiled rules that this code applies."""

OWN: Final = 0
"""The number of a link's own destination."""
EARLY: Final = 65_534
"""The number of where a visit before the link's start is led."""
EXPIRED: Final = 65_535
"""The number of where a visit after the link's end is led."""

VARIANTS_MAX: Final = 26
"""As many as are compared in one experiment; with the own destination one more."""
RULES_MAX: Final = 50
NUMBERS_MAX: Final = 1000
"""Destinations that a link may have had in its whole life."""
WEIGHT_MAX: Final = 10_000
CONDITION_MAX: Final = 300
"""Countries or languages in one rule: more than there are countries."""

Device = Literal["ios", "android", "windows", "macos", "linux", "other"]
"""What a user agent says that it runs on. An iPad that asks for desktop pages says macOS."""
DEVICES: Final[tuple[Device, ...]] = get_args(Device)

Url = Annotated[str, Meta(min_length=1, max_length=URL_MAX_CHARS)]
Fallback = Annotated[str, Meta(max_length=URL_MAX_CHARS)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Number = Annotated[int, Meta(ge=1, le=NUMBERS_MAX)]
Weight = Annotated[int, Meta(ge=0, le=WEIGHT_MAX)]
Country = Annotated[str, Meta(max_length=2, pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2, such as DE")]
Language = Annotated[
    str,
    Meta(
        pattern="^[a-z]{2,8}(-([a-z]{2}|[0-9]{3}))?$",
        description="language, such as de for every kind of it, or with a region, such as de-at",
    ),
]
UtmValue = Annotated[str, Meta(max_length=128)]


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the destinations among which visitors are split by weight; the view link_destinations reads them."""

    number: Number
    name: Name
    destination: Url
    weight: Weight = 1


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Whoever fits all conditions, one value of each, is led to its destination."""

    number: Number
    name: Name
    destination: Url
    countries: Annotated[tuple[Country, ...], Meta(max_length=CONDITION_MAX)] = ()
    languages: Annotated[tuple[Language, ...], Meta(max_length=CONDITION_MAX)] = ()
    devices: Annotated[tuple[Device, ...], Meta(max_length=len(DEVICES))] = ()


class Retired(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A destination that was taken away: clicks were kept with its number."""

    number: Number
    name: Name


class LinkRules(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Version 1. The first rule that fits leads; where none does, visitors are split by weight.

    A field that is unknown must not be ignored: whoever adds one raises RULES_VERSION.
    """

    variants: Annotated[tuple[Variant, ...], Meta(max_length=VARIANTS_MAX)] = ()
    weight: Weight = 1
    """Of the link's own destination, where there are variants."""
    split_at_ms: int = 0
    """When the split began to be as it is."""
    rules: Annotated[tuple[Rule, ...], Meta(max_length=RULES_MAX)] = ()
    retired: tuple[Retired, ...] = ()
    starts_at_ms: int | None = None
    early_destination: Fallback = ""
    """Where a visit before the start is led; empty: there is no such link yet."""
    expired_destination: Fallback = ""
    """Where a visit after the end is led; empty: it is told that the link has expired."""
    pass_query: bool = False
    """Whether the visit's query goes on to the destination."""
    add_utm: bool = True
    """Whether the following are added to the destination."""
    utm_source: UtmValue = ""
    utm_medium: UtmValue = ""
    utm_campaign: UtmValue = ""
    utm_term: UtmValue = ""
    utm_content: UtmValue = ""

    @property
    def utm(self) -> dict[str, str]:
        """What is added to the destination, by parameter."""
        return {name: value for name in UTM if self.add_utm and (value := getattr(self, name))}

    @property
    def named(self) -> tuple[Variant | Rule, ...]:
        """The destinations that have a name."""
        return (*self.variants, *self.rules)

    @property
    def destinations(self) -> tuple[tuple[int, str], ...]:
        """Number and URL of every destination but the link's own."""
        fallbacks = ((EARLY, self.early_destination), (EXPIRED, self.expired_destination))
        return (
            *((one.number, one.destination) for one in self.named),
            *((number, url) for number, url in fallbacks if url),
        )


UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
NO_RULES: Final = LinkRules()
"""Of a link that says nothing beyond its destination."""


def read_rules(compiled: dict[str, Any]) -> LinkRules:
    """Rules in version 1. Raises msgspec.ValidationError for what is none."""
    return msgspec.convert(compiled, LinkRules)


def compiled_form(rules: LinkRules) -> dict[str, Any]:
    """The same as JSON has it, so that a link compares equal with what was read of it."""
    compiled: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rules))
    return compiled


def rules_fault(rules: LinkRules) -> str | None:
    """What is wrong with rules of the right shape, beginning with its place such as `variants/0/name`; or None."""
    return next(chain(_name_faults(rules), _destination_faults(rules), _choice_faults(rules)), None)


def named_places(rules: LinkRules) -> Iterator[tuple[str, Variant | Rule]]:
    """Every variant and rule, and where it stands."""
    for index, variant in enumerate(rules.variants):
        yield f"variants/{index}", variant
    for index, rule in enumerate(rules.rules):
        yield f"rules/{index}", rule


def _name_faults(rules: LinkRules) -> Iterator[str]:
    names: dict[str, str] = {}
    numbers = {one.number for one in rules.retired}
    for place, one in named_places(rules):
        if one.name in names:
            yield f"{place}/name {one.name!r} is also that of {names[one.name]}: choose another"
        if one.number in numbers:
            yield f"{place}/number {one.number} is that of another destination of the link: leave it out"
        names[one.name] = place
        numbers.add(one.number)


def _destination_faults(rules: LinkRules) -> Iterator[str]:
    for name, url in destinations_by_place(rules):
        if fault := destination_fault(url):
            yield f"{name} {url!r} {fault}"


def _choice_faults(rules: LinkRules) -> Iterator[str]:
    for index, rule in enumerate(rules.rules):
        if not (rule.countries or rule.languages or rule.devices):
            yield f"rules/{index} has no condition: name countries, languages or devices"
    if rules.variants and not any(weight for weight, _ in weights(rules)):
        yield "weight is 0 here and in all variants: give one of them more"
    if rules.early_destination and rules.starts_at_ms is None:
        yield "early_destination is for visits before the start, and there is no start: set starts_at"


def destinations_by_place(rules: LinkRules) -> Iterator[tuple[str, str]]:
    """The URL of every destination but the link's own, and where in the rules it stands."""
    for place, one in named_places(rules):
        yield f"{place}/destination", one.destination
    for name, url in (
        ("early_destination", rules.early_destination),
        ("expired_destination", rules.expired_destination),
    ):
        if url:
            yield name, url


def weights(rules: LinkRules) -> tuple[tuple[int, int], ...]:
    """Weight and number of all among which visitors are split, the own destination first."""
    return ((rules.weight, OWN), *((one.weight, one.number) for one in rules.variants))
