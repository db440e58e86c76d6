"""All followed topics at once, in one cache: LMDB allows a process to open it once."""

import asyncio
import logging
from functools import partial

from redirector.cache.writer import CacheWriter
from redirector.relay.cache_thread import CacheError, CacheThread
from redirector.relay.follower import FOLLOWED, TopicFollower
from redirector.relay.metrics import RelayMetrics
from redirector.relay.settings import RelaySettings
from schemas.retry import Retry

log = logging.getLogger(__name__)


async def follow_topics(settings: RelaySettings, metrics: RelayMetrics) -> None:
    """Keep the cache in step until cancelled. A full or failing disk: open it again, logging once."""
    thread = CacheThread()

    async def follow() -> None:
        cache = await thread.run(partial(CacheWriter.open, settings.link_cache_dir))
        try:
            await _follow_all(cache, thread, settings, metrics)
        finally:
            await thread.run(cache.close)

    retry = Retry(
        settings.retry,
        on_first=lambda error: log.warning(
            "the cache in %s is not kept, what it has is used: %s", settings.link_cache_dir, error
        ),
        on_failure=lambda _error: metrics.cache_errors.inc(),
    )
    try:
        await retry.for_ever(follow, on=CacheError)
    finally:
        thread.close()


async def _follow_all(
    cache: CacheWriter, thread: CacheThread, settings: RelaySettings, metrics: RelayMetrics
) -> None:
    """Raises CacheError: the first follower's that has one."""
    followers = [
        asyncio.create_task(
            TopicFollower(followed, cache.table(followed.topic), thread, settings, metrics).run(),
            name=f"following {followed.topic}",
        )
        for followed in FOLLOWED
    ]
    try:
        done, _ = await asyncio.wait(followers, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for follower in followers:
            follower.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
    for follower in done:
        follower.result()
