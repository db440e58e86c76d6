"""Destinations by device, country, language or test, as other shorteners write them, as rules and variants of ours.

Their order is kept: the first rule that fits leads, as there (Dub and Sink: devices, countries, the test). What
cannot be said here is told, and its destination is reached by nobody.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET, UnsetType

from console.left_behind import Left
from console.link_rules import RuleBody, VariantBody
from schemas.rules import RULES_MAX, VARIANTS_MAX, WEIGHT_MAX, Device

_BY_DEVICE: Final[dict[str, tuple[Device, ...]]] = {
    "ios": ("ios",),
    "iphoneURL": ("ios",),
    "android": ("android",),
    "androidURL": ("android",),
    "google": ("android",),
    "apple": ("ios",),
}
"""Fields of Dub (ios, android), Short.io (…URL) and Sink (google, apple), in the order in which these ask."""
_DEVICES: Final[dict[str, list[Device]]] = {
    "ios": ["ios"],
    "android": ["android"],
    "mobile": ["ios", "android"],
    "windows": ["windows"],
    "macos": ["macos"],
    "linux": ["linux"],
    "desktop": ["windows", "macos", "linux"],
}
"""Shlink's."""
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,8}(-([a-z]{2}|[0-9]{3}))?")
_NAME_MAX: Final = 64

TARGETED: Final = (*_BY_DEVICE, "geo", "testVariants", "splitURL", "splitPercent", "redirectRules")
"""The fields that are read here."""


def rules_in(entry: Mapping[str, Any]) -> tuple[list[RuleBody] | UnsetType, list[Left]]:
    """The rules of an entry, unset where it has none, and what of them cannot be said."""
    left: list[Left] = []
    rules = [
        RuleBody(name=field, destination=str(entry[field]), devices=list(devices))
        for field, devices in _BY_DEVICE.items()
        if entry.get(field)
    ]
    rules += _by_country(entry.get("geo"), left)
    rules += _of_shlink(entry.get("redirectRules"), left)
    if len(rules) > RULES_MAX:
        left.append(Left("rules", f"a link has at most {RULES_MAX} rules: those beyond are left"))
    return rules[:RULES_MAX] or UNSET, left


def variants_in(
    entry: Mapping[str, Any], destination: str, *, over: bool
) -> tuple[list[VariantBody] | UnsetType, int | UnsetType, list[Left]]:
    """The variants of an entry and the weight of its own destination; `over`: its test has ended."""
    tested = entry.get("testVariants")
    if entry.get("splitURL"):
        tested = [{"url": entry["splitURL"], "percentage": entry.get("splitPercent")}]
        own_percent = _percent(tested[0]["percentage"])
        tested.append({"url": destination, "percentage": None if own_percent is None else 100 - own_percent})
    if not tested:
        return UNSET, UNSET, []
    if over:
        return UNSET, UNSET, [Left("testVariants", "this test has ended: its main destination is imported alone")]
    shares = _shares(tested)
    if shares is None:
        return UNSET, UNSET, [Left("testVariants", "it is no list of url and percentage: the main one is imported")]
    own = sum(weight for url, weight in shares if url == destination)
    others = [(url, weight) for url, weight in shares if url != destination]
    if not others:
        return UNSET, UNSET, []
    return (
        [
            VariantBody(name=f"test {n}", destination=url, weight=weight)
            for n, (url, weight) in enumerate(others, 1)
        ],
        own,
        [],
    )


def _shares(tested: Any) -> list[tuple[str, int]] | None:
    if not isinstance(tested, list) or len(tested) > VARIANTS_MAX:
        return None
    shares = []
    for one in tested:
        percent = _percent(one.get("percentage")) if isinstance(one, dict) else None
        if percent is None or not one.get("url"):
            return None
        shares.append((str(one["url"]), percent))
    return shares


def _percent(value: Any) -> int | None:
    try:
        percent = round(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return percent if 0 <= percent <= WEIGHT_MAX else None


def _by_country(geo: Any, left: list[Left]) -> Iterator[RuleBody]:
    """`{"DE": url}`; countries with one destination are one rule."""
    if not geo:
        return
    if not isinstance(geo, dict):
        left.append(Left("geo", "it is no object of countries and destinations"))
        return
    countries: dict[str, list[str]] = {}
    for country, url in geo.items():
        if url and _COUNTRY.fullmatch(str(country).upper()):
            countries.setdefault(str(url), []).append(str(country).upper())
        elif url:
            left.append(Left("geo", f"{str(country)[:20]!r} is no country: two letters, such as DE"))
    for url, of_url in countries.items():
        yield RuleBody(name=", ".join(of_url)[:_NAME_MAX], destination=url, countries=of_url)


def _of_shlink(rules: Any, left: list[Left]) -> Iterator[RuleBody]:
    """A rule of which any condition cannot be said is left: without that it would lead more people."""
    if not rules:
        return
    if not isinstance(rules, list) or not all(isinstance(one, dict) for one in rules):
        left.append(Left("redirectRules", "it is no list of rules"))
        return
    for number, rule in enumerate(sorted(rules, key=_priority), 1):
        conditions = rule.get("conditions")
        said = _conditions(conditions if isinstance(conditions, list) else [])
        if isinstance(said, str):
            left.append(Left("redirectRules", f"no rule here has a condition {said}: such a rule is left"))
        else:
            yield RuleBody(
                name=f"rule {number}",
                destination=str(rule.get("longUrl") or ""),
                countries=said.get("countries", []),
                languages=said.get("languages", []),
                devices=said.get("devices", []),
            )


def _priority(rule: Mapping[str, Any]) -> float:
    try:
        return float(rule.get("priority") or 0)
    except (TypeError, ValueError):
        return 0.0


def _conditions(conditions: Sequence[Any]) -> dict[str, list[Any]] | str:
    """The conditions of a rule here, or the one that cannot be said. All have to hold, so each kind comes once."""
    said: dict[str, list[Any]] = {}
    for one in conditions:
        if not isinstance(one, dict):
            return "that is none"
        kind, value = str(one.get("type") or ""), str(one.get("matchValue") or "")
        match kind:
            case "device" if value in _DEVICES:
                name, values = "devices", list[Any](_DEVICES[value])
            case "geolocation-country-code" if _COUNTRY.fullmatch(value.upper()):
                name, values = "countries", [value.upper()]
            case "language" if _LANGUAGE.fullmatch(value.lower()):
                name, values = "languages", [value.lower()]
            case _:
                return f"{kind} {value}".strip()[:80] or "without a type"
        if name in said:
            return f"two of {kind}"
        said[name] = values
    return said or "of no kind"
