"""Sends until it worked, over as many producers as that takes."""

import asyncio
import logging
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from redirector.relay.delivery import Sender
from redirector.relay.metrics import RelayMetrics
from schemas.batches import Headers
from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError, TopicRefusesError
from tests.fakes import NO_PAUSES


@dataclass
class FakeProducer:
    """Fails as often as its world says."""

    world: "World"
    abandoned: bool = False

    async def start(self) -> None:
        await self.world.maybe_fail("start")

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None, headers: Headers
    ) -> None:
        assert not self.abandoned
        assert (partition, key, headers) == (0, None, [])
        await self.world.maybe_fail("send" if topic == "clicks" else f"send to {topic}")
        self.world.taken.append(value)

    async def partitions(self, topic: str) -> int:
        await self.world.maybe_fail("partitions")
        return len(topic)

    async def abandon(self) -> None:
        self.abandoned = True


@dataclass
class World:
    failures: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, Exception] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    producers: list[FakeProducer] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    async def maybe_fail(self, what: str) -> None:
        await asyncio.sleep(0)
        if what in self.refusals:
            raise self.refusals.pop(what)
        if self.failures.get(what, 0):
            self.failures[what] -= 1
            raise TransientError(what)

    def connect(self) -> FakeProducer:
        self.producers.append(FakeProducer(self))
        return self.producers[-1]

    def sender(self) -> Sender:
        return Sender(self.connect, RelayMetrics(self.registry), retry=NO_PAUSES)

    def metric(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"clicktally_relay_{name}")


async def test_a_failed_send_is_repeated_by_a_new_producer_and_logged_once_per_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = World({"send": 3})
    sender = world.sender()
    await sender.send("clicks", 0, b"a", headers=[])
    assert world.taken == [b"a"]
    assert [producer.abandoned for producer in world.producers] == [True, True, True, False]
    assert len([record for record in caplog.records if "does not answer" in record.message]) == 1
    assert len([record for record in caplog.records if "answers again" in record.message]) == 1
    assert (world.metric("send_errors_total"), world.metric("retries_total")) == (3, 3)
    assert world.metric("kafka_up") == 1
    await sender.close()
    assert world.producers[-1].abandoned


async def test_a_kafka_that_is_away_at_the_start_is_waited_for_by_one_connection() -> None:
    world = World({"start": 5})
    sender = world.sender()
    async with asyncio.TaskGroup() as tasks:
        for value in (b"a", b"b", b"c"):
            tasks.create_task(sender.send("clicks", 0, value, headers=[]))
    assert sorted(world.taken) == [b"a", b"b", b"c"]
    assert len(world.producers) == 6
    assert all(producer.abandoned for producer in world.producers[:5])


async def test_an_error_of_several_sends_at_once_costs_one_producer() -> None:
    world = World({"send": 2})
    sender = world.sender()
    async with asyncio.TaskGroup() as tasks:
        for value in (b"a", b"b"):
            tasks.create_task(sender.send("clicks", 0, value, headers=[]))
    assert sorted(world.taken) == [b"a", b"b"]
    assert len(world.producers) == 2


@pytest.mark.parametrize("error", [TopicRefusesError("not yours"), TooLargeError("2 MiB")])
async def test_what_time_does_not_mend_is_told_at_once_and_the_next_send_has_a_new_producer(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(refusals={"send": error})
    sender = world.sender()
    with pytest.raises(type(error)):
        await sender.send("clicks", 0, b"a", headers=[])
    assert world.producers[0].abandoned
    await sender.send("clicks", 0, b"b", headers=[])
    assert world.taken == [b"b"]
    assert (world.metric("send_errors_total"), world.metric("retries_total"), world.metric("kafka_up")) == (1, 0, 1)
    assert caplog.records == []


async def test_what_one_topic_does_not_take_leaves_the_producer_of_another_alone() -> None:
    world = World({"send to impressions": 10**9})
    sender = world.sender()
    await sender.send("clicks", 0, b"a", headers=[])
    clicks = world.producers[0]
    stuck = asyncio.create_task(sender.send("impressions", 0, b"b", headers=[]))
    while len(world.producers) < 5:  # noqa: ASYNC110 - a fake world, no event to wait for
        await asyncio.sleep(0)
    await sender.send("clicks", 0, b"c", headers=[])
    assert (world.taken, clicks.abandoned, world.metric("kafka_up")) == ([b"a", b"c"], False, 0)
    stuck.cancel()
    await asyncio.wait({stuck})


async def test_a_relay_is_not_ready_while_kafka_does_not_answer() -> None:
    world = World({"send": 10**9})
    sender = world.sender()
    assert sender.trouble() == ""
    stuck = asyncio.create_task(sender.send("clicks", 0, b"a", headers=[]))
    while not sender.trouble():  # noqa: ASYNC110 - a fake world, no event to wait for
        await asyncio.sleep(0)
    assert sender.trouble() == "Kafka does not answer: send"
    world.failures.clear()
    await stuck
    assert sender.trouble() == ""


async def test_the_partition_count_is_asked_until_it_is_known() -> None:
    world = World({"partitions": 2})
    assert await world.sender().partitions("clicks") == 6


async def test_a_send_that_is_cancelled_while_connecting_leaves_no_producer_open() -> None:
    world = World({"start": 10**9})
    task = asyncio.create_task(world.sender().send("clicks", 0, b"a", headers=[]))
    while len(world.producers) < 3:  # noqa: ASYNC110 - a fake world, no event to wait for
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(producer.abandoned for producer in world.producers)
