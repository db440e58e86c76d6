"""Counts as they change: one query for all who listen, while anybody does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, Self

import msgspec

from schemas.errors import ClickHouseError, TransientError
from schemas.links import Link

log = logging.getLogger(__name__)

POLL_S: Final = 0.3
WAITING_MOST: Final = 100
"""Changes that may wait for one listener; beyond, it has to begin anew."""
QUERY: Final = (
    "SELECT formatDateTime(window_start, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS minute, names.1 AS account,"
    " names.2 AS campaign, names.3 AS post, names.4 AS channel, unnamed, sum(clicks) AS clicks,"
    " sum(gross_clicks) AS gross_clicks, sum(impressions) AS impressions"
    " FROM (SELECT window_start, clicks, gross_clicks, impressions,"
    " materialize(dictGet('link_names', ('account', 'campaign', 'post', 'channel'), link)) AS names,"
    " if(dictHas('link_names', tuple(link)), '', link) AS unnamed"
    " FROM ctr_1m WHERE window_start >= now('UTC') - INTERVAL 10 MINUTE)"
    " GROUP BY minute, names, unnamed"
)
"""Names come from the dictionary, seconds behind, more with millions of links: newer links say who they are."""


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


Rows = Sequence[LiveRow]


class CountedRow(LiveRow, frozen=True, kw_only=True):
    """A row of the query; of a link that the dictionary does not know yet, `unnamed` is its key."""

    unnamed: str = ""


class Names(NamedTuple):
    """What a row says of whose it is."""

    account: str = ""
    campaign: str = ""
    post: str = ""
    channel: str = ""


def names_of(link: Link | None) -> Names:
    """As the dictionary has them."""
    if link is None:
        return Names()
    channel = link.channel.strip(" ").encode().lower().decode()  # ASCII alone, as ClickHouse's lower
    return Names(link.account, link.campaign, link.post, channel)


def named(rows: Sequence[CountedRow], names: Mapping[str, Names]) -> Rows:
    """One row of each minute and names; `names` are those of links that the dictionary does not know."""
    summed: dict[tuple[str, ...], LiveRow] = {}
    for row in rows:
        key = (row.minute, *names[row.unnamed]) if row.unnamed else row.key
        before = summed.get(key)
        summed[key] = LiveRow(
            minute=key[0],
            account=key[1],
            campaign=key[2],
            post=key[3],
            channel=key[4],
            clicks=row.clicks + (before.clicks if before else 0),
            gross_clicks=row.gross_clicks + (before.gross_clicks if before else 0),
            impressions=row.impressions + (before.impressions if before else 0),
        )
    return list(summed.values())


class FellBehindError(Exception):
    """A listener reads more slowly than counts change, or is let in no more: it begins anew."""


def changed(before: Mapping[tuple[str, ...], LiveRow], rows: Rows) -> Rows:
    """The rows that are not as they were."""
    return [row for row in rows if before.get(row.key) != row]


class Listener:
    """What one who listens has yet to be told. Rows are the same object for all who are told them at once."""

    def __init__(self, holds: Callable[[], bool]) -> None:
        self.holds: Final = holds
        self._queue: Final[asyncio.Queue[Rows]] = asyncio.Queue(WAITING_MOST)
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Rows:
        """Waiting may be broken off: nothing is lost. Raises FellBehindError."""
        if not self._ended:
            rows = await self._queue.get()
            if not self._ended:
                return rows
        raise FellBehindError

    def tell(self, rows: Rows) -> bool:
        """Whether there was room."""
        try:
            self._queue.put_nowait(rows)
        except asyncio.QueueFull:
            self._ended = True
        return not self._ended

    def end(self) -> None:
        """Tell nothing more, and wake whoever waits."""
        self._ended = True
        if self._queue.empty():
            self._queue.put_nowait(())


Naming = Callable[[Sequence[str]], Awaitable[Mapping[str, Names]]]
"""The names of links by their keys."""


async def no_names(keys: Sequence[str]) -> Mapping[str, Names]:
    """Where no link is known."""
    return dict.fromkeys(keys, Names())


class Live:
    """Asks while somebody listens, and tells each what is new since they began."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[bytes]],
        sleep: Callable[[float], Awaitable[None]],
        naming: Naming = no_names,
    ) -> None:
        self._ask: Final = ask
        self._sleep: Final = sleep
        self._naming: Final = naming
        self._decode: Final = msgspec.json.Decoder(CountedRow).decode_lines
        self._rows: Rows | None = None
        self._known: dict[tuple[str, ...], LiveRow] = {}
        self._listeners: Final[set[Listener]] = set()
        self._asking: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @asynccontextmanager
    async def changes(self, holds: Callable[[], bool] = lambda: True) -> AsyncIterator[Listener]:
        """What the last minutes hold, then what changes. Ends by FellBehindError, also once `holds` says no."""
        listener = Listener(holds)
        if self._rows is not None:
            listener.tell(self._rows)
        self._listeners.add(listener)
        if self._asking is None:
            self._asking = asyncio.create_task(self._poll(), name="live")
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

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
                    unnamed = list({row.unnamed for row in rows if row.unnamed})
                    self._tell(named(rows, await self._naming(unnamed) if unnamed else {}))
                self._let_go()
                await self._sleep(POLL_S)
        finally:
            self._asking, self._rows, self._known = None, None, {}

    def _let_go(self) -> None:
        """End those who are no longer let in."""
        for listener in [one for one in self._listeners if not one.holds()]:
            self._listeners.discard(listener)
            listener.end()

    def _tell(self, rows: Rows) -> None:
        first = self._rows is None
        news = changed(self._known, rows)
        self._rows, self._known = rows, {row.key: row for row in rows}
        if news or first:
            for listener in [one for one in self._listeners if not one.tell(news)]:
                self._listeners.discard(listener)
