"""Every spool is shipped, also those that come later; a broken one is tried again and holds up no other."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from redirector.relay.metrics import RelayMetrics
from redirector.relay.round import Limits
from redirector.relay.shipper import Fleet, Shipper
from redirector.spool.writer import SpoolWriter
from schemas.events import Click
from schemas.spool import spools
from tests.fakes import NO_PAUSES
from tests.unit.redirector.relay.outlets import FakeKafka


def write_spool(spool_dir: Path, count: int) -> str:
    writer = SpoolWriter.open(spool_dir, segment_bytes=1000, cap_bytes=1 << 20, fsync="never")
    for _ in range(count):
        seq = writer.take_seq()
        writer.append(msgspec.json.encode(Click(time_ms=1, link="a.example/x", seq=seq)) + b"\n")
    writer.close()
    return writer.spool_id


class World:
    """A fleet over a directory; `broken` spools cannot be read so many times."""

    def __init__(self, spool_dir: Path) -> None:
        self.spool_dir = spool_dir
        self.kafka = FakeKafka()
        self.registry = CollectorRegistry()
        self.metrics = RelayMetrics(self.registry)
        self.broken: dict[str, int] = {}
        self.slots = asyncio.Semaphore(2)
        self.fleet = Fleet(spool_dir, self.new_shipper, self.metrics, retry=NO_PAUSES)

    def new_shipper(self, spool: Path) -> Shipper:
        if self.broken.get(spool.name, 0):
            self.broken[spool.name] -= 1
            raise OSError("Input/output error")
        return Shipper(
            spool,
            self.kafka,
            self.metrics,
            limits=Limits(500, 262144),
            round_bytes=1 << 18,
            round_interval_s=0,
            slots=self.slots,
            retry=NO_PAUSES,
        )

    def metric(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"clicktally_relay_{name}")

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not reached():  # noqa: ASYNC110 - the fleet's files are looked at, no event tells
                await asyncio.sleep(0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_spools_are_shipped_whenever_they_come_and_gone_once_drained(world: World) -> None:
    write_spool(world.spool_dir, 3)
    stopping = asyncio.Event()
    running = asyncio.create_task(world.fleet.run(stopping, scan_interval_s=0.001))
    await world.until(lambda: not spools(world.spool_dir))
    for _ in range(4):
        write_spool(world.spool_dir, 2)
    await world.until(lambda: not spools(world.spool_dir))
    stopping.set()
    await running
    assert len(world.kafka.events()) == 11
    world.fleet.set_gauges()
    assert world.metric("spools") == 0
    assert world.metric("spool_waiting_bytes") == 0


async def test_a_spool_that_cannot_be_read_is_tried_again_and_holds_up_no_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken = write_spool(world.spool_dir, 1)
    write_spool(world.spool_dir, 1)
    world.broken[broken] = 3
    stopping = asyncio.Event()
    running = asyncio.create_task(world.fleet.run(stopping, scan_interval_s=0.001))
    await world.until(lambda: not spools(world.spool_dir))
    stopping.set()
    await running
    assert len(world.kafka.events()) == 2
    assert world.metric("spool_errors_total") == 3
    assert len([record for record in caplog.records if "cannot be shipped" in record.message]) == 1


async def test_what_waits_behind_a_kafka_that_does_not_answer_shows_in_bytes_and_age(world: World) -> None:
    hang = asyncio.Event()

    async def never(topic: str) -> int:
        assert topic
        await hang.wait()
        return 1

    world.kafka.partitions = never  # type: ignore[method-assign] # a fake's
    write_spool(world.spool_dir, 5)
    (spool,) = spools(world.spool_dir)
    size = sum(path.stat().st_size for path in spool.glob("*.ndjson"))
    running = asyncio.create_task(world.fleet.run(asyncio.Event(), scan_interval_s=0.001))
    await world.until(lambda: world.metric("spool_waiting_bytes") == size)
    assert world.metric("spools") == 1
    await world.until(lambda: (world.metric("oldest_waiting_seconds") or 0) > 0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
