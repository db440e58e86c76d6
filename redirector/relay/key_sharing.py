"""Keeps the host's visitor key in step with the other hosts', over the topic `visitor-keys`.

Nobody waits for it: without Kafka each host turns its key at midnight by itself, and all turn to the same one.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Final

import msgspec
from aiokafka.errors import KafkaError

from redirector.relay.metrics import RelayMetrics
from redirector.relay.settings import RelaySettings
from redirector.visitor_key.agreement import Agreed, next_step, read_agreed
from redirector.visitor_key.day_key import DayKey, day_of, encode
from redirector.visitor_key.host_key import HostKey
from schemas.compacted import CompactedTopic, open_compacted
from schemas.errors import TransientError
from schemas.producer import KafkaProducer, Producer, started
from schemas.retry import Retry
from schemas.topics import VISITOR_KEYS

log = logging.getLogger(__name__)

_KEY: Final = b"visitor-key"
_MAX_RECORDS: Final = 1000
_BETWEEN_SENDS_S: Final = 60.0
"""Whose clock is wrong sends what nobody takes, but not all the time."""


class KeySharing:
    """One a host; two do no harm."""

    def __init__(
        self,
        settings: RelaySettings,
        metrics: RelayMetrics,
        new_producer: Callable[[], KafkaProducer],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._new_producer = new_producer
        self._clock = clock
        self._host_key = HostKey(settings.spool_dir)
        self._patience = random.random()  # noqa: S311 - nothing secret
        self._agreed: Agreed | None = None
        self._retry = Retry(settings.retry, on_first=self._tell, on_failure=self._count)

    async def run(self) -> None:
        """Share until cancelled; Kafka or the disk away: try again, logging once."""
        await self._retry.for_ever(self._share, on=(KafkaError, OSError, TransientError))

    def _tell(self, error: Exception) -> None:
        log.warning("the visitors' key is not shared; hosts that agreed go on agreeing: %r", error)

    def _count(self, _error: Exception) -> None:
        self._metrics.visitor_key_errors.inc()

    async def _share(self) -> None:
        settings = self._settings
        async with open_compacted(
            settings.kafka, VISITOR_KEYS, request_timeout_ms=settings.request_timeout_ms
        ) as topic:
            self._agreed = None
            topic.seek(topic.beginning)
            position, sent_s = topic.beginning, -_BETWEEN_SENDS_S
            while True:
                may_send = time.monotonic() - sent_s >= _BETWEEN_SENDS_S
                if position >= topic.end and await self._step(may_send=may_send):
                    sent_s = time.monotonic()
                await self._read(topic)
                position = await topic.position()
                if topic.answered_s():
                    self._retry.worked()

    async def _read(self, topic: CompactedTopic) -> None:
        for record in await topic.fetch(max_records=_MAX_RECORDS):
            try:
                self._agreed = read_agreed(record.value, record.timestamp)
            except msgspec.DecodeError as error:
                log.warning("a record of topic %s is no key: %s", VISITOR_KEYS, error)

    async def _step(self, *, may_send: bool) -> bool:
        """Whether a key was sent. What another host sent is taken at once, also right after one of our own."""
        now_ms = int(self._clock() * 1000)
        own = await asyncio.to_thread(self._host_key.of, day_of(now_ms))
        step = next_step(self._agreed, own, now_ms, self._patience)
        if step is None or (step.kind == "send" and not may_send):
            return False
        if step.kind == "use":
            await asyncio.to_thread(self._host_key.replace, step.key)
            self._metrics.visitor_keys_taken.inc()
            log.info("the visitors' key is another host's from now on")
            return False
        await self._send(step.key)
        self._metrics.visitor_keys_sent.inc()
        return True

    async def _send(self, key: DayKey) -> None:
        producer: Producer = await started(self._new_producer())
        try:
            await producer.send(VISITOR_KEYS, 0, encode(key), key=_KEY, headers=[])
        finally:
            await producer.abandon()
