"""A producer's errors are Kafka's, whatever aiokafka does to whoever waits."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.errors import TransientError
from schemas.kafka import KafkaAccess
from schemas.producer import KafkaProducer, ProducerSettings


@pytest.fixture
async def producer() -> AsyncIterator[KafkaProducer]:
    one = KafkaProducer(
        ProducerSettings(
            kafka=KafkaAccess.of("127.0.0.1:1"),
            request_timeout_ms=60_000,
            compression="none",
            max_request_bytes=1000,
        )
    )
    yield one
    await one.abandon()


async def test_a_record_that_aiokafka_cancels_was_not_sent(
    producer: KafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(producer._producer, "send_and_wait", cancelled)
    with pytest.raises(TransientError, match="aiokafka cancelled it"):
        await producer.send("clicks", 0, b"x", key=None, headers=[])


async def test_whoever_is_cancelled_while_sending_stays_cancelled(
    producer: KafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()

    async def hangs(*_: Any, **__: Any) -> None:
        began.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(producer._producer, "send_and_wait", hangs)
    sending = asyncio.create_task(producer.send("clicks", 0, b"x", key=None, headers=[]))
    await began.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_a_producer_that_is_abandoned_tells_whoever_waits(
    producer: KafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()

    async def hangs(*_: Any, **__: Any) -> None:
        began.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(producer._producer, "send_and_wait", hangs)
    sending = asyncio.create_task(producer.send("clicks", 0, b"x", key=None, headers=[]))
    await began.wait()
    await producer.abandon()
    with pytest.raises(TransientError, match="another record ended the connection"):
        await sending
