"""Counts as they change: one query for all who listen, while anybody does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from schemas.errors import ClickHouseError, TransientError

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
WAITING_MOST: Final = 100
"""Changes that may wait for one listener; beyond, it has to begin anew."""
QUERY: Final = (
    "SELECT formatDateTime(counted.window_start, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS minute, account, campaign, post,"
    " channel, sum(counted.clicks) AS clicks, sum(counted.gross_clicks) AS gross_clicks,"
    " sum(counted.impressions) AS impressions FROM ctr_1m AS counted"
    " LEFT JOIN (SELECT link, toString(links.account) AS account, campaign, post,"
    " lower(trim(links.channel)) AS channel FROM links FINAL WHERE link IN (SELECT link FROM ctr_1m"
    " WHERE window_start >= now('UTC') - INTERVAL 10 MINUTE)) AS named ON counted.link = named.link"
    " WHERE counted.window_start >= now('UTC') - INTERVAL 10 MINUTE"
    " GROUP BY minute, account, campaign, post, channel"
)


class LiveRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one minute holds of a post by now: each row of it takes the place of the one before."""

    minute: str
    account: str
    campaign: str
    post: str
    channel: str
    clicks: int
    gross_clicks: int
    impressions: int

    @property
    def key(self) -> tuple[str, ...]:
        """What a later row must share to take its place."""
        return self.minute, self.account, self.campaign, self.post, self.channel


Rows = list[LiveRow]


class FellBehindError(Exception):
    """A listener reads more slowly than counts change: it begins anew."""


def changed(before: Mapping[tuple[str, ...], LiveRow], rows: Rows) -> Rows:
    """The rows that are not as they were."""
    return [row for row in rows if before.get(row.key) != row]


class Live:
    """Asks while somebody listens, and tells each what is new since they began."""

    def __init__(self, ask: Callable[[], Awaitable[bytes]], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._ask: Final = ask
        self._sleep: Final = sleep
        self._decode: Final = msgspec.json.Decoder(LiveRow).decode_lines
        self._known: dict[tuple[str, ...], LiveRow] | None = None
        self._listeners: Final[dict[asyncio.Queue[Rows], Callable[[], bool]]] = {}
        self._asking: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @asynccontextmanager
    async def changes(self, holds: Callable[[], bool] = lambda: True) -> AsyncIterator[AsyncIterator[Rows]]:
        """What the last minutes hold, then what changes. Ends by FellBehindError, and once `holds` says no."""
        queue: asyncio.Queue[Rows] = asyncio.Queue(WAITING_MOST)
        if self._known is not None:
            queue.put_nowait(list(self._known.values()))
        self._listeners[queue] = holds
        if self._asking is None:
            self._asking = asyncio.create_task(self._poll(), name="live")
        try:
            yield self._updates(queue)
        finally:
            self._listeners.pop(queue, None)

    async def _updates(self, queue: "asyncio.Queue[Rows]") -> AsyncIterator[Rows]:
        while queue in self._listeners:
            yield await queue.get()
        raise FellBehindError

    async def _poll(self) -> None:
        """Until nobody listens any more."""
        failing = False
        try:
            while self._listeners:
                try:
                    rows = self._decode(await self._ask())
                except (TransientError, ClickHouseError) as error:
                    if not failing:
                        log.warning("live counts stand still: %s", error)
                    failing = True
                else:
                    failing = False
                    self._tell(rows)
                self._let_go()
                await self._sleep(POLL_S)
        finally:
            self._asking, self._known = None, None

    def _let_go(self) -> None:
        """End those who are no longer let in."""
        for queue in [queue for queue, holds in self._listeners.items() if not holds()]:
            del self._listeners[queue]
            if queue.empty():
                queue.put_nowait([])  # wakes whoever waits

    def _tell(self, rows: Rows) -> None:
        news = rows if self._known is None else changed(self._known, rows)
        first = self._known is None
        self._known = {row.key: row for row in rows}
        if not news and not first:
            return
        for queue in list(self._listeners):
            try:
                queue.put_nowait(news)
            except asyncio.QueueFull:
                self._listeners.pop(queue, None)
