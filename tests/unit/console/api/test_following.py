"""A topic that is read to its end is applied in few large steps; from then on each record at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from console.api import following
from console.api.following import TopicFollower
from console.api.index import Change, Place
from console.api.metrics import ApiMetrics
from console.api.own_records import OwnRecords
from schemas.kafka import KafkaAccess
from schemas.retry import RetryPolicy


@dataclass(frozen=True)
class Record:
    offset: int
    key: bytes
    value: bytes = b"{}"


class Topic:
    """One whose fetches a test says: records, or an error; after the last it stays silent."""

    def __init__(self, end: int, fetches: list[list[Record] | KafkaError]) -> None:
        self.beginning, self.end = 0, end
        self._fetches = fetches
        self._position = 0

    def seek(self, offset: int) -> None:
        self._position = offset

    async def fetch(self, *, max_records: int) -> Sequence[Record]:
        assert max_records > 0
        if not self._fetches:
            await asyncio.Event().wait()
        fetched = self._fetches.pop(0)
        if isinstance(fetched, KafkaError):
            raise fetched
        records = [one for one in fetched if one.offset >= self._position]
        self._position = max([self._position, *(one.offset + 1 for one in records)])
        return records

    def pause(self) -> None:
        """Nothing comes by itself."""

    def resume(self) -> None:
        """It comes again."""

    async def position(self) -> int:
        return self._position

    def lag(self, position: int) -> int:
        return self.end - position


@dataclass
class Target:
    """What was applied, step by step."""

    steps: list[tuple[list[str], int]] = field(default_factory=list)

    async def place(self) -> Place | None:
        return None

    async def forget(self) -> None:
        raise AssertionError

    async def apply(self, changes: Sequence[Change], *, next_offset: int, now_s: float) -> None:
        assert now_s > 0
        self.steps.append(([key for key, _ in changes], next_offset))


def records(*offsets: int) -> list[Record]:
    return [Record(offset, b"k%d" % offset) for offset in offsets]


async def followed(
    monkeypatch: pytest.MonkeyPatch, *topics: Topic, until: int
) -> tuple[list[tuple[list[str], int]], TopicFollower]:
    """What is applied until an offset is; each topic is what the next connection finds."""
    found = iter(topics)

    @asynccontextmanager
    async def opened(*_: object, **__: object) -> AsyncIterator[Topic]:
        yield next(found)

    monkeypatch.setattr(following, "open_compacted", opened)
    target = Target()
    follower = TopicFollower(KafkaAccess.of("nowhere:1"), "links", target, ApiMetrics(CollectorRegistry()))
    running = asyncio.create_task(follower.run())
    try:
        async with asyncio.timeout(5):
            await follower.reached(until - 1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return target.steps, follower


async def test_what_there_is_at_the_start_is_applied_at_once_and_what_comes_then_as_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = Topic(4, [records(0, 1), [], records(2, 3), records(4), records(5, 6)])
    steps, follower = await followed(monkeypatch, topic, until=7)
    assert steps == [(["k0", "k1", "k2", "k3"], 4), ([], 4), (["k4"], 5), (["k5", "k6"], 7)]
    assert follower.ready


@pytest.mark.parametrize(("most", "steps"), [(2, [2, 4]), (3, [4]), (4, [4]), (5, [4])])
async def test_no_more_is_held_than_may_be(monkeypatch: pytest.MonkeyPatch, most: int, steps: list[int]) -> None:
    monkeypatch.setattr(following, "_GATHERED", most)
    applied, _ = await followed(monkeypatch, Topic(4, [records(0, 1), records(2, 3)]), until=4)
    assert [next_offset for keys, next_offset in applied if keys] == steps


async def test_what_was_held_when_kafka_failed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_RETRY", RetryPolicy(first_s=0.0, longest_s=0.0))
    first, second = Topic(3, [records(0, 1), KafkaError()]), Topic(3, [records(0, 1), records(2)])
    steps, _ = await followed(monkeypatch, first, second, until=3)
    assert steps == [(["k0", "k1", "k2"], 3), ([], 3)]


class OpenTopic(Topic):
    """One that gives what is put into it, unless it is paused."""

    def __init__(self, end: int) -> None:
        super().__init__(end, [])
        self.log: list[Record | None] = []
        self.paused = False
        self.read: list[int] = []

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    async def fetch(self, *, max_records: int) -> Sequence[Record]:
        await asyncio.sleep(0)
        if self.paused or self._position >= len(self.log):
            return []
        records = [one for one in self.log[self._position :] if one is not None][:max_records]
        self._position = len(self.log)
        self.read += [one.offset for one in records]
        return records

    def write(self, count: int, *, mark: bool) -> OwnRecords:
        first = len(self.log)
        self.log += records(*range(first, first + count))
        self.log += [None] * mark
        return OwnRecords(first, [(f"k{offset}", b"{}") for offset in range(first, first + count)])


async def test_what_this_process_wrote_is_applied_unread_and_what_others_wrote_between_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic, target = OpenTopic(0), Target()

    @asynccontextmanager
    async def opened(*_: object, **__: object) -> AsyncIterator[Topic]:
        yield topic

    monkeypatch.setattr(following, "open_compacted", opened)
    follower = TopicFollower(KafkaAccess.of("nowhere:1"), "links", target, ApiMetrics(CollectorRegistry()))
    running = asyncio.create_task(follower.run())

    async def written(count: int) -> None:
        follower.expect()
        follower.take(topic.write(count, mark=True))

    try:
        async with asyncio.timeout(5):
            while not follower.ready:  # noqa: ASYNC110 - another task's
                await asyncio.sleep(0)
            await written(2)
            await written(1)
            await follower.reached(3)
            assert topic.read == []
            topic.write(1, mark=False)  # 5, another's, and ours at 6 behind it
            await written(1)
            await follower.reached(6)
            assert topic.read == [5, 6]
            await written(1)
            await follower.reached(8)
            assert topic.read == [5, 6]
            follower.expect()
            topic.write(1, mark=True)  # nobody knows whether it was committed
            follower.expect_no_more()
            await follower.reached(10)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    applied = [key for keys, _ in target.steps for key in keys]
    assert applied == ["k0", "k1", "k3", "k5", "k6", "k8", "k10"]
    assert not topic.paused
