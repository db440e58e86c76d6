"""What a topic does not take: cut up, kept waiting, and never in the way of others."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from redirector.relay.delivery import Delivery
from redirector.relay.metrics import RelayMetrics
from redirector.relay.round import Cutter, DeadLetter, Limits, Round
from redirector.relay.round_slot import RoundSlot
from redirector.spool.reader import Chunk, Place
from schemas.batches import MAX_BATCH_BYTES, Headers
from schemas.cancelling import CancelledByOthersError
from schemas.events import Click, Impression
from schemas.topics import CLICKS, IMPRESSIONS
from tests.fakes import NO_PAUSES
from tests.unit.redirector.relay.outlets import FakeKafka, trim

SPOOL = Path("0123456789abcdef")


@dataclass
class World:
    kafka: FakeKafka = field(default_factory=FakeKafka)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def __post_init__(self) -> None:
        self.slot = RoundSlot(self.slots)
        self.delivery = Delivery(SPOOL, self.kafka, RelayMetrics(self.registry), slot=self.slot, retry=NO_PAUSES)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"clicktally_relay_{name}", labels)


def round_of(*lines: bytes) -> Round:
    joined = b"".join(line + b"\n" for line in lines)
    cutter = Cutter(SPOOL.name, {CLICKS: 1, IMPRESSIONS: 1}, {}, Limits(800, MAX_BATCH_BYTES))
    return cutter.cut(Chunk(Place(1, 0), joined, Place(1, len(joined))))


def click(seq: int) -> bytes:
    return msgspec.json.encode(Click(time_ms=1, link="a.example/x", seq=seq))


def impression(seq: int) -> bytes:
    return msgspec.json.encode(Impression(time_ms=1, link="a.example/x", source="api", kind="served", seq=seq))


def letter(size: int, cut_bytes: int = 0) -> Round:
    dead_letter = DeadLetter(reason="not_json", detail="", offset=7, line=b"\0" * size, cut_bytes=cut_bytes)
    return Round({}, [dead_letter], 1, 0, 0)


async def until_refused(world: World) -> None:
    def refusals() -> float:
        return sum(world.metric("refusals_total", topic=topic) or 0 for topic in (CLICKS, IMPRESSIONS))

    while not refusals():  # noqa: ASYNC110 - a fake world, no event to wait for
        await asyncio.sleep(0)


@pytest.mark.parametrize("takes", [1, 2, 3, 5, 8])
async def test_a_batch_that_the_topic_finds_too_large_arrives_in_smaller_ones_without_a_gap(takes: int) -> None:
    world = World(FakeKafka(takes_bytes=takes * (len(click(1)) + 1)))
    await world.delivery.deliver(round_of(*(click(seq) for seq in range(1, 9))), 1)
    assert [event.seq for event in trim(world.kafka.log)] == list(range(1, 9))
    assert all(len(record.value) <= (world.kafka.takes_bytes or 0) for record in world.kafka.log)
    assert (world.metric("events_acknowledged_total", topic=CLICKS), world.metric("events_in_flight")) == (8, 0)


async def test_an_event_that_its_topic_finds_too_large_waits_until_the_topic_is_put_right(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(FakeKafka(takes_bytes=10))
    delivering = asyncio.create_task(world.delivery.deliver(round_of(click(1)), 1))
    await until_refused(world)
    assert "raise its max.message.bytes" in caplog.text
    world.kafka.takes_bytes = None
    await delivering
    assert [event.seq for event in trim(world.kafka.log)] == [1]


@pytest.mark.parametrize(
    ("size", "takes", "kept"), [(4096, 4096, 4096), (4096, 4095, 2048), (4096, 1024, 1024), (1025, 1024, 1024)]
)
async def test_a_dead_letter_that_kafka_finds_too_large_is_cut_and_says_by_how_much(
    size: int, takes: int, kept: int
) -> None:
    world = World(FakeKafka(takes_bytes=takes))
    await world.delivery.deliver(letter(size, cut_bytes=100), 1)
    (record,) = world.kafka.log
    assert (len(record.value), dict(record.headers)["cut"]) == (kept, b"%d" % (100 + size - kept))
    assert world.metric("dead_letters_total", reason="not_json") == 1


async def test_a_whole_dead_letter_says_nothing_of_a_cut() -> None:
    world = World()
    await world.delivery.deliver(letter(10), 1)
    assert "cut" not in dict(world.kafka.log[0].headers)


async def test_a_spool_whose_topic_refuses_gives_its_slot_to_others_and_goes_on_when_it_may(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(FakeKafka(refuses={IMPRESSIONS}))

    async def take_slot() -> None:
        async with world.slot:
            await world.delivery.deliver(round_of(click(1), impression(2)), 1)

    delivering = asyncio.create_task(take_slot())
    await until_refused(world)
    async with asyncio.timeout(10), RoundSlot(world.slots):
        pass
    assert [record.topic for record in world.kafka.log] == [CLICKS]
    world.kafka.refuses.clear()
    await delivering
    assert [record.topic for record in world.kafka.log] == [CLICKS, IMPRESSIONS]
    assert [one.message.partition(":")[0] for one in caplog.records] == [
        f"spool {SPOOL} waits, and loses nothing",
        f"spool {SPOOL}",
    ]
    async with asyncio.timeout(10), RoundSlot(world.slots):
        pass


async def test_a_topic_that_does_not_say_its_partitions_is_asked_until_it_does() -> None:
    world = World(FakeKafka(refuses={CLICKS}))
    asking = asyncio.create_task(world.delivery.partitions(CLICKS))
    await until_refused(world)
    world.kafka.refuses.clear()
    assert await asking == 3


async def test_a_slot_is_given_back_once() -> None:
    slots = asyncio.Semaphore(1)
    slot = RoundSlot(slots)
    async with slot:
        slot.give_back()
        slot.give_back()
    await slots.acquire()
    assert slots.locked()


class Cancelling(FakeKafka):
    """It cancels whoever sends impressions."""

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None = None, headers: Headers
    ) -> None:
        if topic == IMPRESSIONS:
            raise asyncio.CancelledError
        await super().send(topic, partition, value, key=key, headers=headers)


async def test_a_batch_that_something_else_cancelled_does_not_pass_for_delivered() -> None:
    world = World(Cancelling())
    with pytest.raises(ExceptionGroup) as ended:
        await world.delivery.deliver(round_of(click(1), impression(2)), 1)
    assert [type(error) for error in ended.value.exceptions] == [CancelledByOthersError]
