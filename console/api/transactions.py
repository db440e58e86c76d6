"""Writes of links and records as transactions of one producer: all of one, or none."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from console.api.changes import Write
from console.api.following import TopicFollower
from console.api.metrics import ApiMetrics
from console.api.own_records import OwnRecords
from console.api.problems import Problem

LARGE: Final = 256
"""Writes of a transaction that is worth not to be read again."""


class Committed:
    """A transaction that Kafka confirmed: by topic, up to which offset it wrote."""

    def __init__(self, writes: Sequence[Write], offsets: Mapping[str, int]) -> None:
        self.writes: Final = writes
        self.offsets: Final = offsets


class UnknownOutcome(Exception):  # noqa: N818 - neither success nor failure
    """Kafka was told to commit and did not say whether it did."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(repr(cause))
        self.cause: Final = cause
        self.problem: Final = Problem(
            "unknown-outcome",
            "Kafka did not say whether it was written: read it, or send it again with the same Idempotency-Key",
            headers=(("Retry-After", "1"),),
        )


class Transactions:
    """Makes them, one after the other. What one wrote goes to those who follow its topics."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        followers: Mapping[str, TopicFollower],
        metrics: ApiMetrics,
        *,
        within_s: float,
    ) -> None:
        self._producer: Final = producer
        self._followers: Final = followers
        self._metrics: Final = metrics
        self._within_s: Final = within_s

    async def commit(self, writes: Sequence[Write]) -> Committed:
        """Write all in one transaction.

        Raises UnknownOutcome once it may have been committed, anything else while it surely was not.
        """
        by_topic: dict[str, list[Write]] = {}
        for write in writes:
            by_topic.setdefault(write.topic, []).append(write)
        expecting = [self._followers[topic] for topic in by_topic] if len(writes) >= LARGE else []
        for follower in expecting:
            follower.expect()
        try:
            own = await self._commit(by_topic)
        except BaseException:
            for follower in expecting:
                follower.expect_no_more()
            raise
        if expecting:
            for topic, records in own.items():
                self._followers[topic].take(records)
        self._metrics.transactions.labels("committed").inc()
        return Committed(writes, {topic: records.end - 1 for topic, records in own.items()})

    async def _commit(self, by_topic: Mapping[str, Sequence[Write]]) -> dict[str, OwnRecords]:
        async with asyncio.timeout(self._within_s):
            await self._producer.begin_transaction()
            sent = {topic: await self._send(topic, writes) for topic, writes in by_topic.items()}
            await asyncio.gather(*(future for batches in sent.values() for future, _ in batches))
        try:
            async with asyncio.timeout(self._within_s):
                await self._producer.commit_transaction()
        except BaseException as error:
            self._metrics.transactions.labels("failed").inc()
            raise UnknownOutcome(error) from error
        return {topic: _records(by_topic[topic], batches) for topic, batches in sent.items()}

    async def _send(self, topic: str, writes: Sequence[Write]) -> "list[tuple[asyncio.Future[Any], int]]":
        """Hand records over in batches of our own, which costs a tenth of sending each; how many are in each."""
        sent = []
        batch = self._producer.create_batch()
        for write in writes:
            key = write.key.encode()
            if batch.append(key=key, value=write.value, timestamp=None) is None:
                count = batch.record_count()
                sent.append((await self._producer.send_batch(batch, topic, partition=0), count))
                batch = self._producer.create_batch()
                batch.append(key=key, value=write.value, timestamp=None)
        count = batch.record_count()
        sent.append((await self._producer.send_batch(batch, topic, partition=0), count))
        return sent


def _records(writes: Sequence[Write], batches: "Sequence[tuple[asyncio.Future[Any], int]]") -> OwnRecords:
    """What a transaction wrote to a topic; only its end where others' records lie between its batches."""
    placed = [(int(sent.result().offset), count) for sent, count in batches]
    end = placed[-1][0] + placed[-1][1]
    if any(offset + count != following for (offset, count), (following, _) in pairwise(placed)):
        return OwnRecords(end, ())
    return OwnRecords(placed[0][0], [(write.key, write.value) for write in writes])
