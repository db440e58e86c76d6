"""Counts requests that led nowhere, by slug and referring host, in memory that no stranger can fill. No I/O.

Strangers guess slugs by the million. Of each reason `kept` different ones are counted at a time, after Misra and
Gries (1982): where another one comes and there is no room, it and one request of each that is counted go to
"other", and who has none left makes room. So what is asked for more often than once in `kept` requests stays, its
count is never too high, and nothing is lost from the sum.
"""

import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from schemas.links import read_domain, slug_of_path
from schemas.misses import DOMAIN_MAX_CHARS, MISS_REASONS, SLUG_MAX_CHARS, Miss, MissedMinute, MissReason

KEPT: Final = 1000
NAMED: Final = 100
_HOSTS_KEPT: Final = 1024
_MINUTES_KEPT: Final = 60
_BYTES_A_CHAR: Final = 12
"""Of one percent-encoded in UTF-8."""
_MINUTE_MS: Final = 60_000

Key = tuple[str, str, str]
"""Domain, slug and referring host."""


class TopSlugs:
    """Those of one reason and minute."""

    def __init__(self, kept: int) -> None:
        self._kept: Final = kept
        self._counts: dict[Key, int] = {}
        self._other = 0

    def add(self, key: Key) -> None:
        """One request. Costs as much as there is room once in so many; otherwise a look into a dictionary."""
        counts = self._counts
        if key in counts or len(counts) < self._kept:
            counts[key] = counts.get(key, 0) + 1
            return
        self._other += len(counts) + 1
        self._counts = {known: count - 1 for known, count in counts.items() if count > 1}

    def rows(self, reason: MissReason, named: int) -> list[Miss]:
        """The `named` most asked for one by one, and the rest together: as many requests as there were."""
        ranked = sorted(self._counts.items(), key=lambda one: (-one[1], one[0]))
        rows = [
            Miss(reason=reason, requests=count, domain=domain, slug=slug, referrer=referrer)
            for (domain, slug, referrer), count in ranked[:named]
        ]
        other = self._other + sum(count for _, count in ranked[named:])
        return [*rows, Miss(reason=reason, requests=other)] if other else rows


class Misses:
    """Of one process. A minute that is over waits until it is taken; of those that nobody takes the oldest go."""

    def __init__(
        self, *, kept: int = KEPT, named: int = NAMED, new_id: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> None:
        self._kept: Final = kept
        self._named: Final = named
        self._new_id: Final = new_id
        self._minute = -1
        self._top: dict[MissReason, TopSlugs] = {}
        self._over: list[MissedMinute] = []
        self.lost = 0
        """Requests of minutes that nobody took in time."""

    def add(self, reason: MissReason, host: str, path: str, referrer: str, now_ms: int) -> None:
        """A request, its Host and path as they came, its referring page if it named one."""
        minute = now_ms // _MINUTE_MS
        if minute != self._minute:
            self._begin(minute)
        self._top[reason].add((domain_of(host), shown_slug(path), host_of(referrer)))

    def take(self, now_ms: int) -> list[MissedMinute]:
        """The minutes that are over, the oldest first."""
        if self._minute != now_ms // _MINUTE_MS:
            self._begin(now_ms // _MINUTE_MS)
        over, self._over = self._over, []
        return over

    def take_all(self) -> list[MissedMinute]:
        """The minute under way too: there will be no other."""
        self._begin(self._minute)
        over, self._over = self._over, []
        return over

    def _begin(self, minute: int) -> None:
        rows = [row for reason, top in self._top.items() for row in top.rows(reason, self._named)]
        if rows:
            self._over.append(MissedMinute(id=self._new_id(), minute=self._minute, rows=rows))
            while len(self._over) > _MINUTES_KEPT:
                self.lost += self._over.pop(0).requests
        self._minute = minute
        self._top = {reason: TopSlugs(self._kept) for reason in MISS_REASONS}


@lru_cache(_HOSTS_KEPT)
def domain_of(host: str) -> str:
    """A Host header as links write domains. Raises LinkError where it is none: nobody is answered for such."""
    return read_domain(host)[:DOMAIN_MAX_CHARS]


def shown_slug(path: str) -> str:
    """A path's slug as links write it, cut, fit to be shown: what can't be printed is replaced."""
    slug = slug_of_path(path[: 1 + _BYTES_A_CHAR * SLUG_MAX_CHARS].partition("?")[0])
    return printable(slug)[:SLUG_MAX_CHARS]


def host_of(referrer: str) -> str:
    """The host of a page's address, in lower case without user, port or `www.`; empty where there is none."""
    _, separator, rest = referrer[: 2 * DOMAIN_MAX_CHARS].partition("://")
    if not separator:
        return ""
    host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    return printable(host.removeprefix("www."))[:DOMAIN_MAX_CHARS]


def printable(text: str) -> str:
    """Text without control characters, lone surrogates or what turns the direction of writing."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
