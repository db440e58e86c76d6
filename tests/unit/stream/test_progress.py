"""Who is behind Kafka and does not move ends the process; who cannot move is excused."""

import asyncio

import pytest

from schemas.topics import CLICKS
from stream.progress import StalledError
from tests.fakes import turn
from tests.unit.stream.worlds import TP0, TP1, World, log, owning, take_all


@pytest.fixture
def world() -> World:
    world = World()
    world.consumer.ends = {TP0: 1000, TP1: 1000}
    return world


async def test_lag_without_progress_ends_the_process(world: World) -> None:
    worker = await owning(world, TP0, stalled_after_s=60)
    world.consumer.append(*log(0, 9))
    await take_all(worker, log(0, 2))
    await worker.progress.check()
    world.clock.now_s += 60
    await worker.progress.check()
    world.clock.now_s += 1
    with pytest.raises(StalledError, match="clicks-0: 7 records"):
        await worker.progress.check()
    assert world.metric("end_offset", topic=CLICKS, partition="0") == 9


async def test_an_end_offset_that_no_record_stands_for_is_no_stall(world: World) -> None:
    worker = await owning(world, TP0, stalled_after_s=60)
    world.consumer.append(*log(0, 2))
    await take_all(worker, log(0, 2))
    world.consumer.ends[TP0] = 4
    for _ in range(3):
        world.clock.now_s += 1000
        await worker.progress.check()


async def test_nobody_is_stalled_who_reads_or_has_nothing_to_read_or_no_room(world: World) -> None:
    worker = await owning(world, TP0, TP1, stalled_after_s=60, buffer_events=4)
    world.consumer.append(*log(0, 9))
    world.consumer.ends[TP1] = 0
    await take_all(worker, log(0, 2))
    waiting = asyncio.create_task(take_all(worker, log(3, 3)))
    await turn()
    for _ in range(3):
        world.clock.now_s += 1000
        await worker.progress.check()
    await worker.flushing.flush_all()
    await waiting
    await worker.progress.check()


async def test_nobody_is_stalled_for_the_time_that_kafka_was_away(world: World) -> None:
    """Killed and back after more than stalled_after_s: there was nothing to read meanwhile."""
    worker = await owning(world, TP0, stalled_after_s=60)
    world.consumer.append(*log(0, 9))
    await worker.progress.check()
    world.clock.now_s += 1000
    world.consumer.failing_bounds = 1
    await worker.progress.check()
    await worker.progress.check()
    world.clock.now_s += 60
    await worker.progress.check()
    world.clock.now_s += 1
    with pytest.raises(StalledError):
        await worker.progress.check()
