"""What was decided and writes nothing is answered only when it was decided on everything that was committed.

A commit is fenced: where it succeeds, nobody else has begun to write. A writer that has nothing to commit learns
nothing of the kind, and it may be none any more: it was stopped for a while, or is cut off from Kafka alone. In its
index, a link that was made meanwhile is not there to be deleted, and one that was changed is still as it is
asked to be. So it asks Kafka where the topics end, follows them up to there, and decides anew where it was behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.consumer import close_consumer
from schemas.kafka import KafkaAccess

Decided = TypeVar("Decided")


class Followed(Protocol):
    """A topic that is followed into the index."""

    position: int
    """The first offset that is not applied."""

    async def reached(self, offset: int) -> None:
        """Wait until the record of `offset` is applied."""


class CommittedEnds:
    """Where topics end for those who read what is committed.

    Asked on a connection of its own: on a follower's the answer would wait until the records do that it waits for.
    """

    def __init__(self, kafka: KafkaAccess, topics: tuple[str, ...]) -> None:
        self._places: Final = [TopicPartition(topic, 0) for topic in topics]
        self._consumer: Final[Any] = AIOKafkaConsumer(
            **kafka.arguments("ends"), enable_auto_commit=False, isolation_level="read_committed"
        )

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await self._consumer.start()

    async def now(self) -> dict[str, int]:
        """By topic, the offset behind all that is committed at this moment. Raises KafkaError."""
        ends = await self._consumer.end_offsets(self._places)
        return {place.topic: int(end) for place, end in ends.items()}

    async def close(self) -> None:
        """Let go of the connection."""
        await close_consumer(self._consumer)


async def decide_on_all(
    decide: Callable[[], Awaitable[list[Decided]]],
    writes: Callable[[Decided], bool],
    ends: Callable[[], Awaitable[Mapping[str, int]]],
    followers: Mapping[str, Followed],
) -> list[Decided]:
    """What `decide` gives; where it writes nothing, on all that was committed before it was asked.

    Raises KafkaError where Kafka does not say what was.
    """
    positions = {topic: follower.position for topic, follower in followers.items()}
    outcomes = await decide()
    if any(map(writes, outcomes)):
        return outcomes
    behind = {topic: end for topic, end in (await ends()).items() if end > positions[topic]}
    for topic, end in behind.items():
        await followers[topic].reached(end - 1)
    return await decide() if behind else outcomes


async def followed_within(seconds: float, offsets: Mapping[str, int], followers: Mapping[str, Followed]) -> bool:
    """Whether each topic is followed up to its offset in time."""
    try:
        async with asyncio.timeout(seconds):
            for topic, offset in offsets.items():
                await followers[topic].reached(offset)
    except TimeoutError:
        return False
    return True
