"""Gives posts their links once these are known: newest totals without one are sent again with it.

It has no state. What was sent is in the table `snapshots` a flush later, and what is sent twice, or by two at once,
changes nothing in the stream: so a crash at any moment costs a repetition.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec

from schemas.clickhouse.unmatched import LinksNow, Unmatched
from schemas.errors import TransientError
from schemas.matching import link_of
from schemas.retry import Retry, RetryPolicy
from schemas.snapshots import Snapshot
from stream.tables.metrics import MatcherMetrics

logger = logging.getLogger(__name__)

SENT_AGAIN_AFTER_S: Final = 600.0
"""What was sent and is not in the table after this long is sent again: the stream may stand still."""
_IDLE_SHARE: Final = 20
"""A pass that took a second is followed by twenty of rest."""

Identity = tuple[str, str, str, int, int]


class MatchStore(Protocol):
    """What ClickHouse holds. Every method may raise TransientError: try again."""

    def unmatched(self) -> AsyncIterator[list[Unmatched]]:
        """Newest totals without a link."""

    async def links_for(self, totals: Sequence[Unmatched]) -> LinksNow:
        """The links that may be theirs."""


def matched(totals: Sequence[Unmatched], links: LinksNow) -> list[Snapshot]:
    """Those of the totals whose link is known now, with it. A post keeps the link that it had. Pure."""
    linked = []
    for one in totals:
        account = one.snapshot.account
        kept = one.before if one.before and links.has(one.before, account) else ""
        link = kept or link_of(one.snapshot, links.of(account))
        if link:
            linked.append(msgspec.structs.replace(one.snapshot, link=link))
    return linked


class Matcher:
    """Looks for the links of totals that have none, again and again. One is enough; two do no harm."""

    def __init__(
        self,
        store: MatchStore,
        send: Callable[[Sequence[Snapshot]], Awaitable[None]],
        metrics: MatcherMetrics,
        *,
        every_s: float,
        retry: RetryPolicy,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._send = send
        self._metrics = metrics
        self._every_s = every_s
        self._clock = clock
        self._sleep = sleep
        self._retry = Retry(retry, on_first=self._tell, on_failure=self._count)
        self._sent: dict[Identity, tuple[int, float]] = {}

    async def run(self) -> None:
        """Match until cancelled. Raises ClickHouseError."""
        await self._retry.for_ever(self._match, on=TransientError)

    async def look(self) -> None:
        """Go once through what is unmatched. Raises TransientError."""
        began = self._clock()
        unmatched = 0
        for identity in [one for one, (_, at) in self._sent.items() if at + SENT_AGAIN_AFTER_S < began]:
            del self._sent[identity]
        async for totals in self._store.unmatched():
            linked = matched(totals, await self._store.links_for(totals))
            unmatched += len(totals) - len(linked)
            new = [one for one in linked if self._sent.get(_identity(one), (-1, 0.0))[0] < one.observed_ms]
            if new:
                await self._send(new)
                self._metrics.matched.inc(len(new))
                self._sent.update((_identity(one), (one.observed_ms, began)) for one in new)
        self._metrics.unmatched.set(unmatched)
        self._metrics.seconds.set(self._clock() - began)

    async def _match(self) -> None:
        while True:
            began = self._clock()
            await self.look()
            self._retry.worked()
            await self._sleep(max(self._every_s, _IDLE_SHARE * (self._clock() - began)))

    def _tell(self, error: Exception) -> None:
        logger.warning("posts are not matched to links, trying again: %s", error)

    def _count(self, _error: Exception) -> None:
        self._metrics.errors.inc()


def _identity(snapshot: Snapshot) -> Identity:
    return snapshot.platform, snapshot.post, snapshot.series, snapshot.start_ms, snapshot.end_ms
