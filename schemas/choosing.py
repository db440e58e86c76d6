"""Which destination of a link a visit gets: decided from what is known of the request, without any I/O.

The split is weighted rendezvous hashing: each destination draws for the visitor, and the best draw wins. What a
destination draws depends on link, visitor and the destination's own number alone. So a visitor gets the same
destination as long as they have the same number; two links split independently; and a changed weight moves nobody
but those who must move to or from that destination.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from math import log
from random import SystemRandom
from struct import Struct
from typing import Final, TypedDict

from schemas.rules import EARLY, EXPIRED, OWN, Device, LinkRules, Rule, weights

_NEVER_MS: Final = 2**63
_DRAWS: Final = 8
"""Destinations that draw from one hash."""
_AS_NUMBERS: Final = Struct(f"<{_DRAWS}Q").unpack
_TO_ONE: Final = 2.0**-64
_DEVICES_KEPT: Final = 4096
_new_visitor: Final = SystemRandom().getrandbits
_VISITOR_BITS: Final = 53


class VisitFacts(TypedDict, total=False):
    """What of a request may decide; what is not known is not there."""

    visitor: int
    ua: str
    country: str
    language: str


class _Split:
    """Destinations by weight."""

    def __init__(self, key: str, rules: LinkRules) -> None:
        blocks: dict[int, list[tuple[int, int, float]]] = {}
        for weight, number in weights(rules):
            if weight:
                blocks.setdefault(number // _DRAWS, []).append((number % _DRAWS, number, 1 / weight))
        self._blocks: Final = tuple(
            (hashlib.blake2b(f"{block}\0{key}\0".encode(), digest_size=64), tuple(arms))
            for block, arms in sorted(blocks.items())
        )

    def number(self, visitor: int) -> int:
        """The destination of a visitor.

        -log(u) / weight is distributed exponentially with that rate, so the smallest is a destination's with the
        chance of its part of the weights (Efraimidis and Spirakis, 2006). Here without the sign: the largest.
        """
        longest, chosen = float("-inf"), OWN
        for keyed, arms in self._blocks:
            hashed = keyed.copy()
            hashed.update(visitor.to_bytes(8, "big"))
            drawn = _AS_NUMBERS(hashed.digest())
            for slot, number, per_weight in arms:
                reach = log((drawn[slot] + 1) * _TO_ONE) * per_weight
                if reach > longest:
                    longest, chosen = reach, number
        return chosen


class Chooser:
    """The rules of one link, made ready."""

    def __init__(
        self,
        key: str,
        rules: LinkRules,
        expires_at_ms: int | None,
        new_visitor: Callable[[int], int] = _new_visitor,
    ) -> None:
        """`new_visitor` gives so many random bits: the number of those who asked not to have one."""
        self._starts_at_ms: Final = 0 if rules.starts_at_ms is None else rules.starts_at_ms
        self._expires_at_ms: Final = _NEVER_MS if expires_at_ms is None else expires_at_ms
        self._conditions: Final = tuple(_Conditions(rule) for rule in rules.rules)
        self._split: Final = _Split(key, rules) if rules.variants else None
        self._new_visitor: Final = new_visitor

    def number(self, facts: VisitFacts, now_ms: int) -> int:
        """The number of the destination for a visit; EXPIRED and EARLY also where these have none."""
        if now_ms >= self._expires_at_ms:
            return EXPIRED
        if now_ms < self._starts_at_ms:
            return EARLY
        for conditions in self._conditions:
            if conditions.fit(facts):
                return conditions.number
        if self._split is None:
            return OWN
        return self._split.number(facts.get("visitor", 0) or self._new_visitor(_VISITOR_BITS))


class _Conditions:
    """Those of a rule, as sets."""

    __slots__ = ("_countries", "_devices", "_languages", "number")

    def __init__(self, rule: Rule) -> None:
        self.number: Final = rule.number
        self._countries: Final = frozenset(rule.countries)
        self._languages: Final = frozenset(rule.languages)
        self._devices: Final = frozenset(rule.devices)

    def fit(self, facts: VisitFacts) -> bool:
        """Whether a visit has one value of each."""
        if self._countries and facts.get("country", "") not in self._countries:
            return False
        if self._languages:
            language = facts.get("language", "")
            if language not in self._languages and language.partition("-")[0] not in self._languages:
                return False
        return not self._devices or device_of(facts.get("ua", "")) in self._devices


@lru_cache(_DEVICES_KEPT)
def device_of(ua: str) -> Device:
    """What a user agent says that it runs on."""
    if "iPhone" in ua or "iPad" in ua or "iPod" in ua:
        return "other" if "Windows Phone" in ua else "ios"  # Windows Phone named them all to get their pages
    if "Android" in ua:
        return "other" if "Windows Phone" in ua else "android"
    if "Windows NT" in ua:
        return "windows"
    if "Macintosh" in ua:
        return "macos"
    if "CrOS" in ua or "Linux" in ua or "X11" in ua:
        return "linux"
    return "other"
