"""What a fault may touch, and what it must tell of."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from tests.chaos.http import NoAnswerError
from tests.chaos.ledger import Ledger
from tests.chaos.stack import Stack, wait_for


@dataclass
class World:
    """The stack, the round's random generator, and what earlier rounds left."""

    stack: Stack
    rng: random.Random
    round: int
    ledger: Ledger
    backups: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def sleep(self, at_least_s: float, at_most_s: float) -> None:
        """Let the fault last."""
        time.sleep(self.rng.uniform(at_least_s, at_most_s))

    def heads(self) -> dict[tuple[str, int], int]:
        """The heads, once ClickHouse answers."""
        heads: dict[tuple[str, int], int] = {}

        def answered() -> bool:
            try:
                heads.update(self.stack.heads())
            except NoAnswerError:
                return False
            return True

        wait_for(answered, "ClickHouse tells its heads")
        return heads

    def delete_records(self, before: dict[tuple[str, int], int]) -> None:
        """Let Kafka forget what lies before these offsets, as retention would."""

        async def delete() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.stack.bootstrap)
            await admin.start()
            try:
                places = {TopicPartition(*place): RecordsToDelete(offset) for place, offset in before.items()}
                await admin.delete_records(places, 10_000)
            finally:
                await admin.close()

        self.stack.call(delete())

    def produce(self, records: list[tuple[str, int, bytes, list[tuple[str, bytes]]]]) -> list[bool]:
        """Records (topic, partition, value, headers) of a foreign producer; which of them Kafka acknowledged."""

        async def send() -> list[bool]:
            producer: Any = AIOKafkaProducer(
                bootstrap_servers=self.stack.bootstrap, enable_idempotence=True, request_timeout_ms=10_000
            )
            try:
                await asyncio.wait_for(producer.start(), 30)
                sent = [
                    await producer.send(topic, value, partition=partition, headers=headers)
                    for topic, partition, value, headers in records
                ]
                done = await asyncio.wait_for(asyncio.gather(*sent, return_exceptions=True), 30)
                return [not isinstance(one, BaseException) for one in done]
            finally:
                await producer.stop()

        try:
            return self.stack.call(send(), 90)
        except (KafkaError, TimeoutError):
            return [False] * len(records)
