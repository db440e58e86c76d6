"""A consumer of aiokafka that is closed while it waits to try again."""

import asyncio
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer

from schemas.consumer import close_consumer


class Client:
    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class Trying:
    """As aiokafka's: a fetch of its own waits, and is cancelled and awaited by `stop`."""

    def __init__(self) -> None:
        self._client = Client()
        self._fetch = asyncio.create_task(asyncio.sleep(60))

    @property
    def closed(self) -> bool:
        return self._client.closed

    async def stop(self) -> None:
        await asyncio.sleep(0)
        self._fetch.cancel()
        await self._fetch
        await self._client.close()


async def test_its_own_fetch_cancels_nobody_and_the_connections_are_closed() -> None:
    consumer = Trying()
    await close_consumer(cast("AIOKafkaConsumer", consumer))
    assert consumer.closed


async def test_whoever_is_cancelled_while_closing_stays_cancelled() -> None:
    consumer = Trying()
    closing = asyncio.create_task(close_consumer(cast("AIOKafkaConsumer", consumer)))
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
