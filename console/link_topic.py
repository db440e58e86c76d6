"""Write links to the topic that everybody reads them from."""

import asyncio
from functools import partial
from types import TracebackType
from typing import Final, Self

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import TransientError
from schemas.kafka import KafkaAccess
from schemas.links import Link
from schemas.topics import LINKS

_BATCH_BYTES: Final = 256 * 1024


class LinkTopic:
    """Links on their way to Kafka; `async with` it. A link is there once `flush` came back without an error."""

    def __init__(self, kafka: KafkaAccess | str) -> None:
        access = KafkaAccess.of(kafka)
        self._bootstrap_servers = access.bootstrap_servers
        self._producer = AIOKafkaProducer(
            **access.arguments("links"),
            enable_idempotence=True,
            acks="all",
            compression_type="lz4",
            max_batch_size=_BATCH_BYTES,
        )
        self._encode = msgspec.json.Encoder().encode
        self._batch = self._producer.create_batch()
        self._failed: BaseException | None = None
        self._failures = 0
        self.acknowledged = 0

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except KafkaError as error:
            await self._producer.stop()
            raise TransientError(f"Kafka at {self._bootstrap_servers} does not answer: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def put(self, link: Link) -> None:
        """Hand a link over; waits while too many are on their way. Raises TransientError."""
        await self._add(link.key, self._encode(link))

    async def delete(self, key: str) -> None:
        """Hand over that a link is no more, like `put`."""
        await self._add(key, None)

    async def flush(self) -> None:
        """Wait until every link handed over is in Kafka. Raises TransientError when some are not."""
        await self._send()
        await self._producer.flush()
        # The callbacks of the last batch run in the next turn of the loop.
        await asyncio.sleep(0)
        if self._failed is not None:
            raise TransientError(
                f"Kafka at {self._bootstrap_servers} did not take {self._failures} links, the first for:"
                f" {self._failed!r}; import the file again, what is there already does no harm"
            ) from self._failed

    async def _add(self, key: str, value: bytes | None) -> None:
        # The producer's own way to send one record costs 20 µs, a batch of our own 2.
        encoded = key.encode()
        if self._batch.append(key=encoded, value=value, timestamp=None) is None:
            await self._send()
            self._batch.append(key=encoded, value=value, timestamp=None)

    async def _send(self) -> None:
        batch, self._batch = self._batch, self._producer.create_batch()
        count = batch.record_count()
        if not count:
            return
        try:
            sent = await self._producer.send_batch(batch, LINKS, partition=0)
        except KafkaError as error:
            raise TransientError(f"Kafka at {self._bootstrap_servers} took no link: {error!r}") from error
        sent.add_done_callback(partial(self._settle, count))

    def _settle(self, count: int, sent: "asyncio.Future[object]") -> None:
        failure = asyncio.CancelledError() if sent.cancelled() else sent.exception()
        if failure is None:
            self.acknowledged += count
        else:
            self._failures += count
            self._failed = self._failed or failure
