"""Nobody lets go of the cache while a thread works in it, and the event loop goes on meanwhile."""

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from redirector.cache.writer import CacheWriter, Change, Swept
from redirector.relay.cache_thread import CacheError, CacheThread
from redirector.relay.follower import FOLLOWED, TopicFollower
from redirector.relay.metrics import RelayMetrics
from redirector.relay.settings import RelaySettings

WITHIN_S = 10.0


class SlowTable:
    """A table whose writes take until a test lets them go on."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.steps: list[str] = []

    def work(self, name: str) -> None:
        self.begun.set()
        assert self.go_on.wait(WITHIN_S)
        self.steps.append(name)

    def apply(self, changes: object, *, next_offset: int | None, ready: bool, now_s: float) -> None:
        del changes, next_offset, ready, now_s
        self.work("applied")

    def retain(self, keys: set[bytes], *, after: bytes, at_most: int) -> Swept:
        del keys, at_most
        self.work("retained")
        return Swept(1, None if after else b"k")

    def next_offset(self) -> int | None:
        return None

    def followed_at_s(self) -> int | None:
        return None


async def begun(table: SlowTable) -> None:
    await asyncio.to_thread(table.begun.wait, WITHIN_S)


@pytest.mark.parametrize("cancellations", [1, 2])
async def test_who_is_cancelled_waits_until_the_thread_is_done(cancellations: int) -> None:
    table, thread = SlowTable(), CacheThread()
    work = asyncio.create_task(thread.run(partial(table.work, "applied")))
    await begun(table)
    for _ in range(cancellations):
        work.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not work.done()
    table.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert table.steps == ["applied"]
    thread.close()


async def test_the_loop_goes_on_while_stale_records_are_deleted() -> None:
    table, thread = SlowTable(), CacheThread()
    follower = TopicFollower(FOLLOWED[0], table, thread, RelaySettings(), RelayMetrics(CollectorRegistry()))
    finishing = asyncio.create_task(follower._finish({b"k"}, 7))
    await begun(table)
    assert not finishing.done()
    table.go_on.set()
    await finishing
    assert table.steps == ["retained", "retained", "applied"]
    thread.close()


async def test_an_error_of_the_disk_says_that_the_cache_must_be_opened_anew(tmp_path: Path) -> None:
    thread = CacheThread()
    (tmp_path / "file").touch()
    with pytest.raises(CacheError):
        await thread.run(partial(CacheWriter.open, tmp_path / "file" / "links"))
    cache = await thread.run(partial(CacheWriter.open, tmp_path / "links"))
    too_long: list[Change] = [(b"k" * 512, b"v")]
    with pytest.raises(CacheError):
        await thread.run(partial(cache.table("links").apply, too_long, next_offset=1, ready=False, now_s=1.0))
    await thread.run(cache.close)
    thread.close()
