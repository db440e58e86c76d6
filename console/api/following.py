"""Follows a compacted topic, committed transactions only, into what this console knows.

What this console itself wrote, as the writer, is applied without being read again (`own_records.py`).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
from aiokafka.errors import KafkaError

from console.api.index import Change, Index, Place
from console.api.metrics import ApiMetrics
from console.api.own_records import OwnQueue, OwnRecords
from schemas.compacted import CompactedTopic, open_compacted
from schemas.errors import TransientError
from schemas.kafka import KafkaAccess
from schemas.retry import Retry, RetryPolicy
from schemas.tokens import Token

log = logging.getLogger(__name__)

STALE_AFTER_S: Final = 12 * 3600
"""Compaction drops the record of a deletion after a day: what is further behind is read anew."""
_MAX_RECORDS: Final = 20_000
_GATHERED: Final = 65_536
"""Records that are applied at once while a topic is read to its end: a segment of the index is then made in one."""
_GATHERED_BYTES: Final = 64 * 1024 * 1024
_REQUEST_MS: Final = 15_000
_MARK_S: Final = 600.0
_RETRY: Final = RetryPolicy(first_s=0.1, longest_s=5.0)


class Target(Protocol):
    """Where records go."""

    async def place(self) -> Place | None:
        """How far the topic was followed; None to begin at its beginning."""

    async def forget(self) -> None:
        """The topic is read from its beginning next."""

    async def apply(self, changes: Sequence[Change], *, next_offset: int, now_s: float) -> None:
        """Take records, and remember the place."""


class TopicFollower:
    """Keeps a target in step for ever. Who waits for an offset is told once it is applied."""

    def __init__(self, kafka: KafkaAccess, topic: str, target: Target, metrics: ApiMetrics) -> None:
        self._kafka: Final = kafka
        self.topic: Final = topic
        self._target: Final = target
        self._metrics: Final = metrics
        self._retry: Final = Retry(_RETRY, on_first=self._tell, on_failure=self._count)
        self._topic: CompactedTopic | None = None
        self._moved: Final = asyncio.Condition()
        self._applying: Final = asyncio.Lock()
        self._own: Final = OwnQueue()
        self._own_came: Final = asyncio.Event()
        self._under_way = 0
        self.position = 0
        """The first offset that is not applied."""
        self.ready = False
        """Whether the topic was once read to where it ended."""

    async def run(self) -> None:
        """Follow until cancelled; when Kafka is away, try again."""
        await self._retry.for_ever(self._follow, on=(KafkaError, OSError, TransientError))

    async def reached(self, offset: int) -> None:
        """Wait until the record of `offset` is applied."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.ready and self.position > offset)

    async def to_end(self) -> None:
        """Wait until all is applied that was committed before this call. Raises TransientError, KafkaError."""
        if self._topic is None:
            raise TransientError(f"topic {self.topic} is not followed at the moment")
        async with asyncio.timeout(_REQUEST_MS / 1000):
            end = await self._topic.end_now()
        await self.reached(end - 1)

    def expect(self) -> None:
        """This process begins a transaction: `take` gives what it wrote; where it fails, `expect_no_more`."""
        self._under_way += 1
        if self._topic is not None and self.ready and self.position >= self._own.read_to:
            self._topic.pause()

    def expect_no_more(self) -> None:
        """It came to nothing, or nobody knows to what: whatever there is has to be read."""
        self._settled(1)

    def take(self, own: OwnRecords) -> None:
        """What this process committed; it is applied as soon as all that was written before it is."""
        self._own.add(own)
        self._own_came.set()

    def _settled(self, count: int) -> None:
        self._under_way -= count
        if self._topic is not None and (not self._under_way or self.position < self._own.read_to):
            self._topic.resume()

    def _tell(self, error: Exception) -> None:
        log.warning("topic %s is not followed, what is known stays in use: %r", self.topic, error)

    def _count(self, _error: Exception) -> None:
        self._metrics.follow_errors.labels(self.topic).inc()

    async def _follow(self) -> None:
        async with open_compacted(self._kafka, self.topic, request_timeout_ms=_REQUEST_MS) as reading:
            place = await self._target.place()
            if place is not None and is_stale(place, reading.beginning, reading.end, now_s=time.time()):
                log.warning("topic %s is read anew from offset %d", self.topic, reading.beginning)
                self.ready = False
                await self._target.forget()
                place = None
            self.position = reading.beginning if place is None else place.next_offset
            reading.seek(self.position)
            self._topic = reading
            self._settled(self._own.restart())
            work = [asyncio.create_task(self._read(reading)), asyncio.create_task(self._take_own(reading))]
            try:
                done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._topic = None
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
            for task in done:
                task.result()

    async def _read(self, reading: CompactedTopic) -> None:
        lag = self._metrics.follow_lag.labels(self.topic)
        marked_s = time.time()
        gathered: list[Change] = []
        gathered_bytes = 0
        while True:
            if not self.ready and self.position >= reading.end:
                await self._target.apply((), next_offset=self.position, now_s=time.time())
                self.ready = True
                await self._tell_waiters()
            records = await reading.fetch(max_records=min(_MAX_RECORDS, max(1, _GATHERED - len(gathered))))
            async with self._applying:
                position = await reading.position()
                self._retry.worked()
                gathered += self._changes(records)
                gathered_bytes += sum(len(record.value or b"") for record in records)
                if (
                    not self.ready
                    and position < reading.end
                    and 0 < len(gathered) < _GATHERED
                    and gathered_bytes < _GATHERED_BYTES
                ):
                    continue
                now_s = time.time()
                if gathered or now_s - marked_s > _MARK_S:
                    marked_s = now_s
                    await self._target.apply(gathered, next_offset=position, now_s=now_s)
                    gathered, gathered_bytes = [], 0
                if position != self.position:
                    self.position = position
                    await self._tell_waiters()
            lag.set(reading.lag(position))

    async def _take_own(self, reading: CompactedTopic) -> None:
        """Apply what this process wrote, as much at once as came while the last was applied."""
        while True:
            await self._own_came.wait()
            self._own_came.clear()
            async with self._applying:
                while self.ready and (own := self._own.take(self.position)).transactions:
                    await self._target.apply(own.changes, next_offset=own.end, now_s=time.time())
                    self.position = own.end
                    reading.seek(own.end)
                    await self._tell_waiters()
                    self._settled(own.transactions)
                self._settled(self._own.clear())

    async def _tell_waiters(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    def _changes(self, records: Sequence[Any]) -> list[Change]:
        changes: list[Change] = []
        for record in records:
            if record.offset < self.position:
                continue  # our own, applied meanwhile
            try:
                key = (record.key or b"").decode()
            except UnicodeDecodeError:
                key = ""
            if key:
                changes.append((key, record.value))
            else:
                self._metrics.skipped.labels(self.topic).inc()
                log.warning(
                    "skipped a record of topic %s: it has no key", self.topic, extra={"offset": record.offset}
                )
        return changes


def is_stale(place: Place, beginning: int, end: int, *, now_s: float) -> bool:
    """Whether the topic was made anew, or what was deleted meanwhile may be compacted away."""
    return not beginning <= place.next_offset <= end or now_s - place.followed_at_s > STALE_AFTER_S


class TokenTable:
    """All tokens, in memory: they are few, and read anew at each start."""

    def __init__(self) -> None:
        self.tokens: Final[dict[str, Token]] = {}
        self._decode: Final = msgspec.json.Decoder(Token).decode

    async def place(self) -> Place | None:
        """None: the topic is read from its beginning at each start."""
        return None

    async def forget(self) -> None:
        """Nobody is let in until the topic is read again."""
        self.tokens.clear()

    async def apply(self, changes: Sequence[Change], *, next_offset: int, now_s: float) -> None:  # noqa: ARG002 - as Target
        """What is no token, or one with roles of a newer release, opens nothing."""
        for key, value in changes:
            self.tokens.pop(key, None)
            if value is not None:
                try:
                    token = self._decode(value)
                except (ValueError, msgspec.DecodeError, RecursionError):
                    continue
                if token.key == key:
                    self.tokens[key] = token


class IndexTable:
    """One topic's part of the index; `in_thread` runs what changes the index in its one thread."""

    def __init__(self, index: Index, topic: str, in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        self._index: Final = index
        self._topic: Final = topic
        self._in_thread: Final = in_thread
        self._apply: Final = index.apply_links if topic == "links" else index.apply_records

    async def place(self) -> Place | None:
        """How far the index says that the topic was followed."""
        place: Place | None = await self._in_thread(lambda: self._index.place(self._topic))
        return place

    async def forget(self) -> None:
        """Empty this part."""
        await self._in_thread(lambda: self._index.forget(self._topic))

    async def apply(self, changes: Sequence[Change], *, next_offset: int, now_s: float) -> None:
        """Take all of the records, and the place, or none of it."""
        await self._in_thread(lambda: self._apply(changes, next_offset=next_offset, now_s=now_s))
