"""Follows a compacted topic into a table of the host's cache, from where the table says it left off."""

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from aiokafka.errors import KafkaError

from redirector.cache.store import TableName
from redirector.cache.writer import Change, Swept
from redirector.relay.cache_thread import CacheThread
from redirector.relay.metrics import RelayMetrics
from redirector.relay.settings import RelaySettings
from schemas.compacted import CompactedTopic, open_compacted
from schemas.events import LINK_MAX_BYTES
from schemas.links import Link
from schemas.retry import Retry
from schemas.tokens import Token

log = logging.getLogger(__name__)

_MAX_RECORDS: Final = 10_000
_HEARTBEAT_S: Final = 3600
_KEY_MAX_BYTES: Final = LINK_MAX_BYTES


class Keyed(Protocol):
    """A record of a compacted topic."""

    @property
    def key(self) -> str:
        """The topic's key, as text."""


class Table(Protocol):
    """What of a `redirector.cache.writer.TableWriter` is used here."""

    def apply(self, changes: Sequence[Change], *, next_offset: int | None, ready: bool, now_s: float) -> None:
        """Change records and marks together."""

    def retain(self, keys: set[bytes], *, after: bytes, at_most: int) -> Swept:
        """One step of deleting what is not among `keys`."""

    def next_offset(self) -> int | None:
        """Where following goes on."""

    def followed_at_s(self) -> int | None:
        """When that was last moved."""


class Followed:
    """A topic, named as its table, and the type of its records."""

    def __init__(self, topic: TableName, kind: type[Keyed]) -> None:
        self.topic: Final = topic
        self._decode: Final = msgspec.json.Decoder(kind).decode

    def read_change(self, key: bytes | None, value: bytes | None) -> Change:
        """A record of the topic as a change of the table. Raises ValueError when it is none."""
        if not key or len(key) > _KEY_MAX_BYTES:
            raise ValueError(f"a key has 1 to {_KEY_MAX_BYTES} bytes, this one {len(key or b'')}")
        if value is None:
            return key, None
        record = self._decode(value)
        if record.key.encode() != key:
            raise ValueError(f"the key is {key!r}, the record's is {record.key!r}")
        return key, value


FOLLOWED: Final = (Followed("links", Link), Followed("tokens", Token))


class Start(NamedTuple):
    """Where to begin, up to where the topic reached then, and whether records not seen until there are stale."""

    offset: int
    end: int
    rebuild: bool


def where_to_start(
    stored: int | None, followed_at_s: int | None, beginning: int, end: int, *, now_s: float, rebuild_after_s: int
) -> Start:
    """Go on from `stored`, unless the topic was made anew or its deletions may be compacted away by now."""
    if stored is None:
        return Start(beginning, end, rebuild=False)
    if stored > end or followed_at_s is None or now_s - followed_at_s > rebuild_after_s:
        return Start(beginning, end, rebuild=True)
    return Start(max(stored, beginning), end, rebuild=stored < beginning)


class TopicFollower:
    """Keeps one table in step for ever. One that must be rebuilt stays in use until the topic is read through."""

    def __init__(
        self, followed: Followed, table: Table, thread: CacheThread, settings: RelaySettings, metrics: RelayMetrics
    ) -> None:
        self._followed = followed
        self._topic: Final = followed.topic
        self._table = table
        self._thread = thread
        self._settings = settings
        self._metrics = metrics
        self._retry = Retry(settings.retry, on_first=self._tell, on_failure=self._count)

    async def run(self) -> None:
        """Follow until cancelled; when Kafka is away, try again, logging once. Raises CacheError."""
        await self._retry.for_ever(self._follow, on=(KafkaError, OSError))

    def _tell(self, error: Exception) -> None:
        log.warning("topic %s is not followed, what is known stays in use: %r", self._topic, error)

    def _count(self, _error: Exception) -> None:
        self._metrics.followed_errors.labels(self._topic).inc()

    async def _follow(self) -> None:
        settings = self._settings
        async with open_compacted(
            settings.kafka, self._topic, request_timeout_ms=settings.request_timeout_ms
        ) as topic:
            start = where_to_start(
                await self._thread.run(self._table.next_offset),
                await self._thread.run(self._table.followed_at_s),
                topic.beginning,
                topic.end,
                now_s=time.time(),
                rebuild_after_s=settings.links_rebuild_after_s,
            )
            topic.seek(start.offset)
            await self._read(topic, start)

    async def _read(self, topic: CompactedTopic, start: Start) -> None:
        seen: set[bytes] | None = set() if start.rebuild else None
        if start.rebuild:
            log.warning("table %s of the cache is read anew from offset %d of its topic", self._topic, start.offset)
        lag = self._metrics.followed_lag.labels(self._topic)
        at_end = False
        position = start.offset
        answered_s = written_s = time.time()
        while True:
            if not at_end and position >= start.end:
                at_end = True
                await self._finish(seen, position)
                seen = None
            records = await topic.fetch(max_records=_MAX_RECORDS)
            position = await topic.position()
            lag.set(topic.lag(position))
            before_s, answered_s = answered_s, max(answered_s, topic.answered_s())
            if answered_s - before_s > self._settings.links_rebuild_after_s:
                log.warning("topic %s did not answer for %d s", self._topic, answered_s - before_s)
                return
            if records or answered_s - written_s > _HEARTBEAT_S:
                written_s = answered_s
                await self._apply(
                    self._changes(records, seen), position if seen is None else None, ready=False, now_s=answered_s
                )

    async def _finish(self, seen: set[bytes] | None, position: int) -> None:
        """The topic was read up to where it ended at the start: what was not seen goes, the rest is complete."""
        if seen is not None:
            deleted, after = 0, b""
            while True:
                swept = await self._thread.run(partial(self._table.retain, seen, after=after, at_most=_MAX_RECORDS))
                deleted += swept.deleted
                if swept.last is None:
                    break
                after = swept.last
            log.warning("table %s of the cache is read anew: %d stale records deleted", self._topic, deleted)
        await self._apply((), position, ready=True, now_s=time.time())

    async def _apply(
        self, changes: Sequence[Change], next_offset: int | None, *, ready: bool, now_s: float
    ) -> None:
        await self._thread.run(
            partial(self._table.apply, changes, next_offset=next_offset, ready=ready, now_s=now_s)
        )
        self._retry.worked()

    def _changes(self, records: Sequence[Any], seen: set[bytes] | None) -> list[Change]:
        changes = []
        for record in records:
            try:
                change = self._followed.read_change(record.key, record.value)
            except (ValueError, msgspec.DecodeError, RecursionError) as error:
                self._metrics.followed_skipped.labels(self._topic).inc()
                log.warning("skipped a record of topic %s: %s", self._topic, error, extra={"offset": record.offset})
                continue
            changes.append(change)
            self._metrics.followed_applied.labels(self._topic, "delete" if change[1] is None else "put").inc()
            if seen is not None:
                (seen.discard if change[1] is None else seen.add)(change[0])
        return changes
