"""Who a user agent stands for: lists of bots, a second look on a hit, and the agent's shape."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Final

from stream.agents import lists
from stream.agents.iab import Entry
from stream.agents.matcher import MAX_CHARS, Matcher, Pattern
from stream.agents.version import fingerprint, number_of


class Who(Enum):
    """What stands behind an agent."""

    BROWSER = "browser"
    APP = "app"
    DEVICE = "device"
    BOT = "bot"


_BROWSERS: Final = (
    r"Mozilla/[\d.]+ ?[(\[].*(?:Gecko|WebKit|Trident|MSIE|KHTML|Presto|Opera)",
    r"^Mozilla/(?:[1-46-9]|1\d)\.\d+",
    r"^Mozilla/5\.0 ?[(;](?:Windows|Macintosh|X11|Linux|iP|compatible; (?:Konqueror|IBrowse)|\[en\\])",
    r"^Mozilla/5\.0 \w[\w./-]+ \((?:X11|Windows|Macintosh)",
    r"^Opera[/ ]\d",
)
"""How browsers name themselves, with whatever stands before."""

MAIL_PROXIES: Final = re.compile(
    r"GoogleImageProxy|YahooMailProxy|^Mozilla/5\.0$"
    r"|Microsoft Outlook|Outlook-(?:iOS|Android)|MacOutlook|\bms-office\b"
)
"""Google's and Yahoo's name themselves, Apple's says no more than Mozilla/5.0, Outlook loads while it previews."""

_CUTS: Final = 8
"""At most so many names are taken out by each rule: what repeats more often is made up."""

_SHAPES: Final = ("^[", r"^\w", r"^\d")
_WORDS: Final = frozenset({"(?<!lib)http", r"\.com\b"})
"""Patterns of is-bot that know no name: any agent of one word, any that holds an address."""


_LOGIC: Final = 1
"""Raised when this module judges otherwise by the same patterns."""


class Rules:
    """The rule set. `include` are an operator's own patterns of bots, `exclude` of people; `bought` are entries of
    the IAB's list. What the operator says wins over everything, and of that exclude over include.

    Raises PatternError. Costs 0.3 s to make. For one thread at a time.
    """

    def __init__(
        self, include: Sequence[str] = (), exclude: Sequence[str] = (), bought: Sequence[Entry] = ()
    ) -> None:
        listed = lists.without_dropped(lists.packaged())
        people = _own("people")
        self.matcher: Final = Matcher(
            [
                *listed,
                *people,
                *_own("bots", caseless=True),
                *_own("apps"),
                *_own("devices"),
                *(Pattern("browsers", expression) for expression in _BROWSERS),
                *(Pattern("include", rule) for rule in include),
                *(Pattern("exclude", rule) for rule in exclude),
                *(Pattern("iab", entry.expression) for entry in bought),
            ]
        )
        self._listed: Final = len(listed)
        self._people: Final = {
            place: re.compile(pattern.expression, re.ASCII) for place, pattern in enumerate(people, self._listed)
        }
        self._anchored: Final = _places(listed, lambda pattern: pattern.expression.startswith("^"))
        self._vague: Final = _places(
            listed, lambda pattern: pattern.expression.startswith(_SHAPES) or pattern.expression in _WORDS
        )
        self._sources: Final = [pattern.source for pattern in self.matcher.patterns]
        first = len(self._sources) - len(bought)
        self._exceptions: Final = {place: entry.exceptions for place, entry in enumerate(bought, first)}
        self.fingerprint: Final = fingerprint([_LOGIC, MAIL_PROXIES.pattern, *self.matcher.patterns, *bought])
        self.number: Final = number_of(self.fingerprint)

    def who(self, ua: str) -> Who:
        """Judge an agent by its first 512 characters."""
        ua = ua[:MAX_CHARS]
        places = self.matcher.matching(ua)
        hits = {place for place in places if place < self._listed}
        sources = {self._sources[place] for place in places if place >= self._listed}
        if "exclude" in sources:
            return _person(sources) or Who.APP
        if "include" in sources or "bots" in sources:
            return Who.BOT
        if "iab" in sources and self._is_bought(ua.lower(), places):
            return Who.BOT
        if not hits:
            return _person(sources) or Who.BOT
        return Who.BOT if self._bot_still(ua, hits, places, sources) else _person(sources) or Who.APP

    def is_mail_proxy(self, ua: str) -> bool:
        """Whether this fetches a mail's images before, or without, anybody reading it."""
        return MAIL_PROXIES.search(ua[:MAX_CHARS]) is not None

    def _is_bought(self, ua: str, places: Iterable[int]) -> bool:
        return any(
            place in self._exceptions and not any(name in ua for name in self._exceptions[place])
            for place in places
        )

    def _bot_still(self, ua: str, hits: set[int], places: Iterable[int], sources: set[str]) -> bool:
        # An app is a word and a version too, and may give its maker's address.
        vague = self._vague if "browsers" not in sources and sources & {"apps", "devices"} else frozenset()
        if hits <= vague:
            return False
        rest = ua
        for place in places:
            if place in self._people:
                rest = self._people[place].sub("", rest, count=_CUTS)
        if rest == ua:
            return True
        again = {place for place in self.matcher.matching(rest) if place < self._listed}
        # What is left begins elsewhere.
        return bool(again - self._anchored - vague)

    def why(self, ua: str) -> list[Pattern]:
        """The patterns that are in an agent."""
        return [self.matcher.patterns[place] for place in self.matcher.matching(ua)]


def _person(sources: set[str]) -> Who | None:
    if "browsers" in sources:
        return Who.BROWSER
    if "devices" in sources:
        return Who.DEVICE
    return Who.APP if "apps" in sources else None


def _own(name: str, *, caseless: bool = False) -> list[Pattern]:
    return [Pattern(name, rule, caseless=caseless) for rule in lists.own_rules(name)]


def _places(patterns: Sequence[Pattern], wanted: Callable[[Pattern], bool]) -> frozenset[int]:
    return frozenset(place for place, pattern in enumerate(patterns) if wanted(pattern))
