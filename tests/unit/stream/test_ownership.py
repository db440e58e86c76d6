"""Who owns what, while Kafka changes its mind, is away, or is answered by nobody."""

import asyncio

import pytest

from stream.worker import Worker
from tests.fakes import until
from tests.unit.stream.worlds import TP0, TP1, World, assigned, log, owning, take_all


@pytest.fixture
def world() -> World:
    world = World()
    world.consumer.ends = {TP0: 1000, TP1: 1000}
    return world


def positions(world: World, worker: Worker) -> "asyncio.Task[dict[object, int]]":
    """What Faust does at the end of a rebalance, and again while records do not flow."""
    return asyncio.create_task(worker.positions(world.consumer))  # type: ignore[arg-type] # a fake's consumer


async def test_an_assignment_that_changes_while_it_is_taken_over_is_not_owned_beside_the_new_one(
    world: World,
) -> None:
    """Seen: Faust asks twice, the first answer comes last, and clicks-0 is owned by two workers, or by none."""
    worker = world.worker()
    world.consumer.assign(TP0, TP1)
    first = positions(world, worker)
    await asyncio.sleep(0)
    world.consumer.assign(TP1)
    second = positions(world, worker)
    assert await second == await first == {TP1: 0}
    assert world.metric("partitions_assigned") == 1
    await take_all(worker, [*log(0, 2), *log(0, 4, tp=TP1)])
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 5


async def test_a_partition_that_comes_back_while_others_are_loaded_is_owned(world: World) -> None:
    worker = await owning(world, TP0, TP1)
    world.consumer.assign(TP1)
    first = positions(world, worker)
    await asyncio.sleep(0)
    world.consumer.assign(TP0, TP1)
    assert await first == {TP0: 0, TP1: 0}
    await take_all(worker, log(0, 2))
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 3


async def test_kafka_that_does_not_tell_where_its_partitions_begin_is_asked_again(world: World) -> None:
    worker = world.worker()
    world.consumer.failing_bounds = 3
    assert await assigned(world, worker, TP0) == {TP0: 0}
    assert world.consumer.failing_bounds == 0


async def test_kafka_is_not_asked_for_partitions_that_went_elsewhere(world: World) -> None:
    worker = world.worker()
    world.consumer.failing_bounds = 1_000_000
    world.consumer.assign(TP0)
    taking = positions(world, worker)
    await until(lambda: world.consumer.failing_bounds < 999_998)
    world.consumer.assign()
    assert await taking == {}


async def test_what_was_assigned_and_never_asked_for_is_taken_over_at_the_second_look(world: World) -> None:
    """Faust waits 90 s for positions, then lets records flow without."""
    worker = await owning(world, TP1)
    world.consumer.owner = worker
    world.consumer.assign(TP0, TP1)
    await worker.upkeep.look_after_ownership()
    await take_all(worker, log(0, 0))
    assert world.metric("partitions_assigned") == 1
    await worker.upkeep.look_after_ownership()
    assert world.metric("partitions_assigned") == 2
    assert (TP0, 0) in world.consumer.seeks


async def test_nothing_is_taken_over_in_the_middle_of_a_rebalance(world: World) -> None:
    worker = await owning(world, TP0)
    world.consumer.owner = worker
    await worker.revoked()
    world.consumer.flow_active = False
    for _ in range(3):
        await worker.upkeep.look_after_ownership()
    assert world.consumer.seeks == []
