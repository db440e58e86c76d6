"""Topics filled once, for every contestant to read from their beginning."""

import asyncio
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer

from bench.traffic import Batch, Traffic
from schemas.topics import CLICKS, EVENT_TOPICS, IMPRESSIONS

IMPRESSION_SHARE = 0.2
_IN_FLIGHT = 200


@dataclass
class Filled:
    """What was written. `batches` holds the values for a contestant that does not read from Kafka."""

    fresh: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EVENT_TOPICS, 0))
    sent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EVENT_TOPICS, 0))
    late: int = 0
    records: int = 0
    size_bytes: int = 0
    values: list[tuple[str, int, bytes]] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Every event in the topics, resent ones too."""
        return sum(self.sent.values())

    @property
    def counted(self) -> int:
        """Events that must be counted once."""
        return sum(self.fresh.values())


def fill(bootstrap: str, traffic: Traffic, events: int, *, keep: bool = False) -> Filled:
    """Write about so many events, clicks and impressions, as the relay would: batches, headers, zstd."""
    return asyncio.run(_fill(bootstrap, traffic, events, keep=keep))


async def _fill(bootstrap: str, traffic: Traffic, events: int, *, keep: bool) -> Filled:
    filled = Filled()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type="zstd", linger_ms=2
    )
    await producer.start()
    try:
        impressions = traffic.batches(IMPRESSIONS, int(events * IMPRESSION_SHARE))
        pending: list[asyncio.Future[object]] = []
        for number, click_batch in enumerate(traffic.batches(CLICKS, int(events * (1 - IMPRESSION_SHARE)))):
            turn = [click_batch]
            if number % round(1 / IMPRESSION_SHARE - 1) == 0:
                turn += [shown] if (shown := next(impressions, None)) else []
            for batch in turn:
                pending.append(await _send(producer, batch))
                _note(filled, batch, keep=keep)
            if len(pending) >= _IN_FLIGHT:
                await asyncio.gather(*pending)
                pending.clear()
        await asyncio.gather(*pending)
    finally:
        await producer.stop()
    return filled


async def _send(producer: AIOKafkaProducer, batch: Batch) -> "asyncio.Future[object]":
    sent: asyncio.Future[object] = await producer.send(
        batch.topic, batch.value, partition=batch.partition, headers=batch.headers.to_kafka()
    )
    return sent


def _note(filled: Filled, batch: Batch, *, keep: bool) -> None:
    filled.fresh[batch.topic] += batch.fresh
    filled.sent[batch.topic] += batch.value.count(b"\n")
    filled.late += batch.late
    filled.records += 1
    filled.size_bytes += len(batch.value)
    if keep and batch.fresh:
        filled.values.append((batch.topic, batch.partition, batch.value))
