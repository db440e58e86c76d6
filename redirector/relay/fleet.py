"""All spools of a directory at once: new ones get a shipper, broken ones another try."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from redirector.relay.metrics import RelayMetrics
from redirector.relay.shipper import Shipper
from schemas.retry import Retry, RetryPolicy
from schemas.spool import segment_path, spools

log = logging.getLogger(__name__)

_PEEKED_BYTES: Final = 8192


class Fleet:
    """One shipper a spool, as long as the spool is there."""

    def __init__(
        self, spool_dir: Path, new_shipper: Callable[[Path], Shipper], metrics: RelayMetrics, *, retry: RetryPolicy
    ) -> None:
        self._spool_dir = spool_dir
        self._new_shipper = new_shipper
        self._metrics = metrics
        self._retry = retry
        self._shippers: dict[Path, Shipper | None] = {}

    async def run(self, stopping: asyncio.Event, *, scan_interval_s: float) -> None:
        """Ship every spool until `stopping`, then finish the rounds under way; cancel to leave them."""
        async with asyncio.TaskGroup() as tasks:
            while not stopping.is_set():
                for spool in spools(self._spool_dir):
                    if spool not in self._shippers:
                        self._shippers[spool] = None
                        tasks.create_task(self._keep_shipping(spool, stopping))
                self.set_gauges()
                try:
                    async with asyncio.timeout(scan_interval_s):
                        await stopping.wait()
                except TimeoutError:
                    continue

    def set_gauges(self) -> None:
        """What waits, and for how long."""
        waiting = 0
        oldest = 0.0
        for shipper in list(self._shippers.values()):
            if shipper is not None:
                try:
                    waiting += shipper.waiting_bytes()
                    oldest = max(oldest, _waiting_s(shipper))
                except OSError:
                    continue
        self._metrics.spools.set(len(self._shippers))
        self._metrics.waiting_bytes.set(waiting)
        self._metrics.oldest_waiting.set(oldest)

    async def _keep_shipping(self, spool: Path, stopping: asyncio.Event) -> None:
        async def ship() -> None:
            if stopping.is_set():
                return
            try:
                shipper = self._shippers[spool] = self._new_shipper(spool)
                await shipper.run(stopping)
            except OSError:
                if spool in spools(self._spool_dir):
                    raise

        retry = Retry(
            self._retry,
            on_first=lambda error: log.warning(
                "spool %s cannot be shipped; it is tried again until it can: %s", spool, error
            ),
            on_failure=lambda _error: self._metrics.spool_errors.inc(),
        )
        await retry.until_it_works(ship, on=OSError)
        del self._shippers[spool]


class _Timed(msgspec.Struct):
    type: str
    time_ms: int


def _waiting_s(shipper: Shipper) -> float:
    """Age of the oldest line that waits: a click tells it; before anything else, since when we see it."""
    if shipper.waiting_since is None:
        return 0.0
    seen_s = time.monotonic() - shipper.waiting_since
    settled = shipper.settled
    try:
        fd = os.open(segment_path(shipper.spool, settled.segment), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return seen_s
    try:
        line = os.pread(fd, _PEEKED_BYTES, settled.offset).partition(b"\n")[0]
    finally:
        os.close(fd)
    try:
        first = msgspec.json.decode(line, type=_Timed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return seen_s
    return max(seen_s, time.time() - first.time_ms / 1000) if first.type == "click" else seen_s
