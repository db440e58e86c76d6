"""Follows the compacted topic `links` into the link cache, from where the cache says it left off."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import lmdb
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from redirector.links.cache_writer import LinkCacheWriter
from redirector.relay.backoff import Backoff
from redirector.relay.metrics import RelayMetrics
from redirector.relay.settings import RelaySettings
from schemas.events import LINK_MAX_BYTES
from schemas.links import Link
from schemas.topics import LINKS

log = logging.getLogger(__name__)

Change = tuple[bytes, bytes | None]

_PARTITION: Final = TopicPartition(LINKS, 0)
_MAX_RECORDS: Final = 10_000
_FETCH_WAIT_MS: Final = 500
_HEARTBEAT_S: Final = 3600
_DECODER: Final = msgspec.json.Decoder(Link)


class Start(NamedTuple):
    """Where to begin, up to where the topic reached then, and whether links not seen until there are stale."""

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


def read_change(key: bytes | None, value: bytes | None) -> Change:
    """A record of the topic as a change of the cache. Raises ValueError when it is none."""
    if not key or len(key) > LINK_MAX_BYTES:
        raise ValueError(f"a link's key has 1 to {LINK_MAX_BYTES} bytes, this one {len(key or b'')}")
    if value is None:
        return key, None
    link = _DECODER.decode(value)
    if link.key.encode() != key:
        raise ValueError(f"the key is {key!r}, the link is {link.key!r}")
    return key, value


class LinkFollower:
    """Keeps the cache in step for ever. A cache that must be rebuilt stays in use until it is read through."""

    def __init__(self, settings: RelaySettings, metrics: RelayMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._backoff = Backoff(settings.retry_min_ms / 1000, settings.retry_max_ms / 1000)

    async def run(self) -> None:
        """Follow until cancelled. Kafka away or the disk full: try again, logging once."""
        while True:
            try:
                cache = LinkCacheWriter.open(self._settings.link_cache_dir)
            except (lmdb.Error, OSError) as error:
                await self._wait(error)
                continue
            try:
                await self._follow(cache)
            except (KafkaError, lmdb.Error, OSError, TimeoutError) as error:
                await self._wait(error)
            finally:
                cache.close()

    async def _wait(self, error: Exception) -> None:
        self._metrics.links_errors.inc()
        if not self._backoff.failures:
            log.warning("links are not followed, redirects use those known: %r", error)
        await asyncio.sleep(self._backoff.next_s())

    async def _follow(self, cache: LinkCacheWriter) -> None:
        timeout_ms = self._settings.request_timeout_ms
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap_servers,
            client_id="clicktally-relay-links",
            enable_auto_commit=False,
            auto_offset_reset="none",
            request_timeout_ms=timeout_ms,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
        )
        try:
            async with asyncio.timeout(timeout_ms / 1000 + 1):
                await consumer.start()
                beginning = (await consumer.beginning_offsets([_PARTITION]))[_PARTITION]
                end = (await consumer.end_offsets([_PARTITION]))[_PARTITION]
            start = where_to_start(
                cache.next_offset(),
                cache.followed_at_s(),
                beginning,
                end,
                now_s=time.time(),
                rebuild_after_s=self._settings.links_rebuild_after_s,
            )
            consumer.assign([_PARTITION])
            consumer.seek(_PARTITION, start.offset)
            await self._read(consumer, cache, start)
        finally:
            await consumer.stop()

    async def _read(self, consumer: Any, cache: LinkCacheWriter, start: Start) -> None:
        seen: set[bytes] | None = set() if start.rebuild else None
        if start.rebuild:
            log.warning("the link cache is read anew from offset %d of topic %s", start.offset, LINKS)
        at_end = False
        position = start.offset
        answered_s = written_s = time.time()
        while True:
            if not at_end and position >= start.end:
                at_end = True
                self._finish(cache, seen, position)
                seen = None
            fetched = await consumer.getmany(_PARTITION, timeout_ms=_FETCH_WAIT_MS, max_records=_MAX_RECORDS)
            records = fetched.get(_PARTITION, ())
            position = await consumer.position(_PARTITION)
            self._metrics.links_lag.set(max(0, (consumer.highwater(_PARTITION) or start.end) - position))
            before_s, answered_s = answered_s, max(answered_s, _answered_s(consumer))
            if answered_s - before_s > self._settings.links_rebuild_after_s:
                log.warning("topic %s did not answer for %d s", LINKS, answered_s - before_s)
                return
            if records or answered_s - written_s > _HEARTBEAT_S:
                written_s = answered_s
                changes = self._changes(records, seen)
                next_offset = position if seen is None else None
                await asyncio.to_thread(
                    cache.apply, changes, next_offset=next_offset, ready=False, now_s=answered_s
                )
                self._backoff.reset()

    def _finish(self, cache: LinkCacheWriter, seen: set[bytes] | None, position: int) -> None:
        if seen is not None:
            log.warning("the link cache is read anew: %d stale links deleted", cache.retain(seen))
        cache.apply((), next_offset=position, ready=True, now_s=time.time())
        self._backoff.reset()

    def _changes(self, records: Sequence[Any], seen: set[bytes] | None) -> list[Change]:
        changes = []
        for record in records:
            try:
                change = read_change(record.key, record.value)
            except (ValueError, msgspec.DecodeError, RecursionError) as error:
                self._metrics.links_skipped.inc()
                log.warning("skipped a record of topic links: %s", error, extra={"offset": record.offset})
                continue
            changes.append(change)
            self._metrics.links_applied.labels("delete" if change[1] is None else "put").inc()
            if seen is not None:
                (seen.discard if change[1] is None else seen.add)(change[0])
        return changes


def _answered_s(consumer: Any) -> float:
    """When the broker last answered a fetch, seconds since 1970; 0 before the first."""
    return float(consumer.last_poll_timestamp(_PARTITION) or 0) / 1000
