"""Traffic classes: what kind of visitor stands behind an event, and by which rule."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from crawlerdetect import CrawlerDetect

from schemas.events import TrafficClass

RULES: Final = 1
"""The rule set's version, stored beside every count. A change of rule or list needs a new one."""

LIST_VERSION: Final = "0.4.2"
"""Version of the bot list (PyPI: crawlerdetect) that this rule set was made with; a test holds them together."""

CACHE_MAX: Final = 100_000


class Verdict(NamedTuple):
    """A traffic class and the rule that gave it."""

    traffic_class: TrafficClass
    reason: str


HUMAN: Final = Verdict("human", "")
REPORTED: Final = Verdict("human", "reported")
"""For impressions that somebody counted and reports: there is no user agent to judge."""


class Classifier:
    """First match wins: prefetch, bot, unknown, human. Pure, but for a cache of what it answered before.

    The bot list takes 0.3 ms for a user agent it has not seen, the cache 0.1 µs for one it has.
    """

    def __init__(self) -> None:
        self._list = CrawlerDetect()
        self._answered: dict[tuple[str, str], Verdict] = {}

    def verdict(self, ua: str, purpose: str) -> Verdict:
        """Classify by user agent and by the value of the prefetch header, "" where there was none."""
        key = (ua, purpose)
        known = self._answered.get(key)
        if known is not None:
            return known
        if len(self._answered) >= CACHE_MAX:
            self._answered.clear()
        self._answered[key] = judged = self._judge(ua, purpose)
        return judged

    def verdicts(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """`verdict` of many (ua, purpose) at once."""
        answered = self._answered
        try:
            return [answered[pair] for pair in pairs]
        except KeyError:
            return [self.verdict(ua, purpose) for ua, purpose in pairs]

    def _judge(self, ua: str, purpose: str) -> Verdict:
        if purpose and _announces_prefetch(purpose):
            return Verdict("prefetch", "purpose")
        if not any(character.isalpha() for character in ua):
            return Verdict("unknown", "no_user_agent")
        if self._list.isCrawler(ua):
            return Verdict("bot", "user_agent")
        return HUMAN


def _announces_prefetch(purpose: str) -> bool:
    return purpose.strip().lower().startswith(("prefetch", "preview", "prerender"))
