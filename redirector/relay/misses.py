"""Moves what `serve` counted of requests that led nowhere to the topic `misses`. Nobody waits for it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from redirector.misses.outbox import Outbox
from redirector.relay.metrics import RelayMetrics
from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError
from schemas.producer import Producer, started
from schemas.retry import Retry, RetryPolicy
from schemas.topics import MISSES

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0


class MissesMover:
    """A file is removed when Kafka has it, or will never take it, which is logged: after a crash it is sent again,
    and the same id is the same minute.
    """

    def __init__(
        self,
        outbox: Outbox,
        new_producer: Callable[[], Producer],
        metrics: RelayMetrics,
        *,
        retry: RetryPolicy,
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        self._outbox = outbox
        self._new_producer = new_producer
        self._metrics = metrics
        self._look_every_s = look_every_s
        self._retry = Retry(retry, on_first=self._tell, on_failure=self._count)

    async def run(self) -> None:
        """Move until cancelled; Kafka or the disk away: try again, logging once."""
        await self._retry.for_ever(self._look, on=(OSError, TransientError))

    def _tell(self, error: Exception) -> None:
        log.warning("misses stay on this host until Kafka takes them: %r", error)

    def _count(self, _error: Exception) -> None:
        self._metrics.misses_errors.inc()

    async def _look(self) -> None:
        waiting = await asyncio.to_thread(self._outbox.waiting)
        self._metrics.misses_waiting.set(len(waiting))
        if waiting:
            await self._move(waiting)
        self._retry.worked()
        await asyncio.sleep(self._look_every_s)

    async def _move(self, waiting: Sequence[Path]) -> None:
        producer = await started(self._new_producer())
        try:
            for path in waiting:
                try:
                    await producer.send(
                        MISSES, 0, await asyncio.to_thread(path.read_bytes), key=path.stem.encode(), headers=[]
                    )
                except TooLargeError:
                    log.exception("misses of %s are given up", path)
                await asyncio.to_thread(path.unlink)
                self._metrics.misses_sent.inc()
        finally:
            await producer.abandon()
