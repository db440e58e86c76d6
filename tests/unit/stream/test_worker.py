import asyncio
import contextlib
import functools
from collections import deque
from collections.abc import AsyncIterator

import pytest
from faust.types import TP

from schemas.counters import GAP
from schemas.topics import CLICKS, IMPRESSIONS
from stream.holes import SEEK_PATIENCE_S
from stream.worker import Worker
from tests.builders import NOW_MS, impression, numbered, record
from tests.fakes import turn, until
from tests.unit.stream.worlds import TP0, TP1, World, assigned, log, owning, take_all


@pytest.fixture
def world() -> World:
    world = World()
    world.consumer.ends = {TP0: 1000, TP1: 1000}
    return world


@contextlib.asynccontextmanager
async def running(worker: Worker) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


def ready(worker: Worker) -> bool:
    return worker.ready


def head(world: World, tp: TP = TP0) -> float:
    return world.metric("head_offset", topic=tp.topic, partition=str(tp.partition))


def is_flushed(world: World, tp: TP, offset: int) -> bool:
    return head(world, tp) == offset


async def test_reading_begins_after_the_heads_whatever_kafka_has_committed(world: World) -> None:
    world.sink.put_head("clicks@1", 0, 41)
    worker = world.worker()
    assert not ready(worker)
    assert await assigned(world, worker, TP0, TP1) == {TP0: 42, TP1: 0}
    assert ready(worker)
    assert world.metric("partitions_assigned") == 2


async def test_positions_of_partitions_that_stay_keep_what_they_hold(world: World) -> None:
    worker = await owning(world, TP0)
    await take_all(worker, log(0, 2))
    for _ in range(2):
        positions = await assigned(world, worker, TP0, TP1)
        assert positions == {TP0: 3, TP1: 0}
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 3
    assert world.metric("rebuilds_total", cause="assigned") == 2


async def test_partitions_that_went_elsewhere_are_let_go_of(world: World) -> None:
    worker = await owning(world, TP0, TP1)
    await take_all(worker, [*log(0, 2), *log(0, 1, tp=TP1)])
    await assigned(world, worker, TP1)
    await take_all(worker, log(3, 4))
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 2
    assert world.metric("events_discarded_total", topic=CLICKS, cause="rebalance") == 3
    assert world.metric("partitions_assigned") == 1


async def test_giving_partitions_back_flushes_and_tells_kafka(world: World) -> None:
    worker = await owning(world, TP0, TP1)
    await take_all(worker, [*log(0, 2), *log(0, 4, tp=TP1)])
    assert ready(worker)
    await worker.revoked()
    assert not ready(worker)
    assert world.sink.marked("events") == 8
    assert world.consumer.committed == {TP0: 3, TP1: 5}
    await take_all(worker, log(3, 3))
    assert world.metric("events_received_total", topic=CLICKS) == 8


async def test_a_hand_over_that_takes_too_long_discards_and_the_next_owner_counts(world: World) -> None:
    worker = await owning(world, TP0)
    await take_all(worker, log(0, 2))
    world.sink.trouble = deque(["applied, then hangs"])
    giving_back = asyncio.create_task(worker.revoked())
    await until(lambda: bool(world.sink.inserts))
    await turn()
    giving_back.cancel()
    await asyncio.wait({giving_back})
    successor = world.worker()
    assert await assigned(world, successor, TP0) == {TP0: 3}
    assert world.metric("events_discarded_total", topic=CLICKS, cause="interrupted") == 3


async def test_clicks_and_impressions_of_one_partition_number_are_kept_apart(world: World) -> None:
    shown = TP(IMPRESSIONS, 0)
    world.consumer.ends[shown] = 1000
    worker = await owning(world, TP0, shown)
    await take_all(worker, [*log(0, 0), record([impression()] * 2, topic=IMPRESSIONS)])
    await worker.flushing.flush_all()
    assert sorted(world.sink.inserts) == ["clicks@1-0-0", "impressions@1-0-0"]
    assert sum(shown for _, shown in world.sink.totals().values()) == 2


async def test_reading_waits_while_the_buffers_are_full(world: World) -> None:
    worker = await owning(world, TP0, TP1, buffer_events=10, flush_events=1000, flush_interval_s=3600)
    await take_all(worker, [*log(0, 3), *log(0, 4, tp=TP1)])
    waiting = asyncio.create_task(take_all(worker, log(4, 4)))
    await turn()
    assert not waiting.done()
    async with running(worker):
        await until(waiting.done)
    assert world.sink.marked("events") == 10


async def test_a_partition_with_many_events_is_flushed_without_waiting_longer(world: World) -> None:
    worker = await owning(world, TP0, TP1, flush_events=5, flush_interval_s=3600)
    async with running(worker):
        await take_all(worker, [*log(0, 0, tp=TP1), *log(0, 4)])
        await until(lambda: head(world) == 4)
    assert world.sink.inserts == ["clicks@1-0-0"]


async def test_what_has_waited_for_the_interval_is_flushed(world: World) -> None:
    worker = await owning(world, TP0, flush_interval_s=1)
    await take_all(worker, log(0, 1))
    await asyncio.gather(*worker.flushing.start_due())
    assert head(world) == 0
    world.clock.now_s += 1
    await asyncio.gather(*worker.flushing.start_due())
    assert head(world) == 1


async def flushed_early(world: World, worker: Worker, pause_s: float) -> list[str]:
    """The tokens of what is started after so long, and awaited."""
    world.clock.now_s += pause_s
    before = len(world.sink.inserts)
    await asyncio.gather(*worker.flushing.start_due())
    return world.sink.inserts[before:]


async def test_a_lone_click_is_flushed_early_and_what_follows_it_an_interval_later(world: World) -> None:
    worker = await owning(world, TP0, flush_interval_s=1)
    await take_all(worker, log(0, 0))
    assert await flushed_early(world, worker, 0.09375) == []
    assert await flushed_early(world, worker, 0.0625) == ["clicks@1-0-0"]
    await take_all(worker, log(1, 1))
    assert await flushed_early(world, worker, 0.9375) == []
    assert await flushed_early(world, worker, 0.0625) == ["clicks@1-0-1"]


async def test_many_events_are_flushed_twice_an_interval(world: World) -> None:
    worker = await owning(world, TP0, flush_interval_s=1)
    for first in (0, 1, 2):
        await take_all(worker, log(first, first, clicks=200))
        assert await flushed_early(world, worker, 0.4375 if first else 0.09375) == []
        assert await flushed_early(world, worker, 0.0625) == [f"clicks@1-0-{first}"]


async def test_as_many_flushes_are_early_as_run_at_a_time_the_longest_waiting_first(world: World) -> None:
    worker = await owning(world, TP0, TP1, flush_interval_s=1, parallel_flushes=1)
    await take_all(worker, log(0, 0, tp=TP1))
    world.clock.now_s += 0.0625
    await take_all(worker, log(0, 0))
    assert await flushed_early(world, worker, 0.125) == ["clicks@1-1-0"]
    assert await flushed_early(world, worker, 0) == ["clicks@1-0-0"]


async def test_a_time_of_day_that_is_set_back_keeps_nothing_waiting(world: World) -> None:
    worker = await owning(world, TP0, flush_interval_s=1)
    await take_all(worker, log(0, 1))
    world.wall_clock.now_s -= 3600
    world.clock.now_s += 1
    await asyncio.gather(*worker.flushing.start_due())
    assert head(world) == 1


async def test_a_busy_partition_does_not_keep_a_quiet_one_waiting(world: World) -> None:
    worker = await owning(world, TP0, TP1, flush_interval_s=1, flush_events=2)
    await take_all(worker, log(0, 0, tp=TP1))
    for offset in range(0, 20, 2):
        await take_all(worker, log(offset, offset + 1))
        world.clock.now_s += 0.125
        await asyncio.gather(*worker.flushing.start_due())
    assert head(world) == 19
    assert world.sink.inserts.count("clicks@1-1-0") == 1


async def test_a_partition_whose_insert_takes_long_keeps_no_other_waiting(world: World) -> None:
    worker = await owning(world, TP0, TP1, flush_events=1, flush_interval_s=3600)
    world.sink.trouble = deque(["hangs"])
    async with running(worker):
        await take_all(worker, log(0, 0))
        await until(lambda: bool(world.sink.inserts))
        for offset in (1, 2, 3):
            await take_all(worker, log(offset - 1, offset, tp=TP1))
            await until(functools.partial(is_flushed, world, TP1, offset))


async def test_a_running_worker_looks_for_what_is_due_by_itself(world: World) -> None:
    worker = await owning(world, TP0, flush_interval_s=0.01)
    async with running(worker), asyncio.timeout(10):
        await take_all(worker, log(0, 0))
        world.clock.now_s += 1
        while not world.sink.inserts:  # noqa: ASYNC110 - real time passes
            await asyncio.sleep(0.001)


async def test_a_flush_that_fails_for_good_ends_the_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("no such column")

    monkeypatch.setattr(world.sink, "insert_events", broken)
    worker = await owning(world, TP0, flush_events=1, flush_interval_s=3600)
    async with running(worker) as task:
        await take_all(worker, log(0, 0))
        await until(task.done)
        with pytest.raises(ValueError, match="no such column"):
            task.result()


async def test_a_partition_that_has_fallen_behind_is_flushed_in_larger_pieces(world: World) -> None:
    worker = await owning(world, TP0, flush_interval_s=1)
    world.consumer.ends = {TP0: 100_000}
    await take_all(worker, log(0, 1))
    await worker.progress.check()
    world.clock.now_s += 1
    await asyncio.gather(*worker.flushing.start_due())
    assert head(world) == 0
    world.clock.now_s += 4
    await asyncio.gather(*worker.flushing.start_due())
    assert head(world) == 1


#   what Kafka has: 0 1 2 . . 5 6 7      (. a transaction's marker, or nothing)


async def test_a_hole_that_kafka_has_too_is_passed_over(world: World) -> None:
    worker = await owning(world, TP0)
    world.consumer.append(*log(0, 2), *log(5, 7))
    await take_all(worker, [*log(0, 2), *log(5, 7)])
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 6
    assert (world.consumer.seeks, world.sink.rows(GAP)) == ([], [])


async def test_a_hole_that_kafka_says_nothing_of_is_settled_when_it_does(world: World) -> None:
    worker = await owning(world, TP0)
    world.consumer.append(*log(0, 2), *log(5, 7))
    await take_all(worker, log(0, 2))
    world.consumer.failing_bounds = 1
    await take_all(worker, log(5, 6))
    assert world.consumer.seeks == [(TP0, 3)]
    world.clock.now_s += SEEK_PATIENCE_S
    await take_all(worker, log(5, 7))
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 6


async def test_a_hole_that_kafka_has_not_is_read_again_once_and_filled(world: World) -> None:
    worker = await owning(world, TP0)
    world.consumer.append(*log(0, 7))
    await take_all(worker, [*log(0, 2), *log(5, 7), *log(6, 7)])
    assert world.consumer.seeks == [(TP0, 3)]
    await take_all(worker, log(3, 7))
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 8


async def test_the_same_record_twice_is_no_proof_of_a_hole(world: World) -> None:
    worker = await owning(world, TP0)
    world.consumer.append(*log(0, 7))
    for _ in range(3):
        await take_all(worker, log(5, 7))
        world.clock.now_s += SEEK_PATIENCE_S
    assert world.consumer.seeks == [(TP0, 0)] * 3
    await take_all(worker, log(0, 7))
    await worker.flushing.flush_all()
    assert world.sink.marked("events") == 8


async def test_what_retention_took_before_it_was_read_becomes_a_gap_of_the_chain(world: World) -> None:
    worker = await owning(world, TP0)
    world.consumer.append(*log(0, 0), *log(4, 5))
    await take_all(worker, log(0, 0))
    world.consumer.starts[TP0] = 4
    await take_all(worker, log(4, 5))
    assert world.sink.marked("events") == 1
    assert world.consumer.seeks == [(TP0, 4)]
    await take_all(worker, log(4, 5))
    await worker.flushing.flush_all()
    (gap,) = world.sink.rows(GAP)
    assert (gap["first_offset"], gap["last_offset"]) == (1, 3)
    assert (world.sink.marked("events"), world.metric("rebuilds_total", cause="hole")) == (3, 1)


async def test_an_overtaken_partition_reads_on_from_the_other_writer_s_head(world: World) -> None:
    worker = await owning(world, TP0)
    await take_all(worker, log(0, 2))
    world.sink.put_head("clicks@1", 0, 9)
    await worker.flushing.flush_all()
    assert world.consumer.seeks == [(TP0, 10)]
    await take_all(worker, [*log(3, 9), *log(10, 11)])
    await worker.flushing.flush_all()
    assert (head(world), world.sink.marked("events")) == (11, 2)


async def test_an_idle_partition_notices_that_its_head_went_back(world: World) -> None:
    worker = await owning(world, TP0)
    await take_all(worker, log(0, 2))
    await worker.flushing.flush_all()
    await worker.upkeep.verify_heads()
    assert world.consumer.seeks == []
    world.sink.blocks.clear()
    world.sink.failing_reads = 1
    await worker.upkeep.verify_heads()
    await worker.upkeep.verify_heads()
    assert world.consumer.seeks == [(TP0, 0)]
    assert world.metric("rebuilds_total", cause="rewound") == 1


async def test_a_topic_that_was_created_anew_is_refused_and_the_others_are_read(world: World) -> None:
    world.sink.put_head("clicks@1", 0, 5000)
    worker = world.worker()
    assert await assigned(world, worker, TP0, TP1) == {TP1: 0}
    await take_all(worker, [*log(0, 3), *log(0, 3, tp=TP1)])
    await worker.flushing.flush_all()
    worker.measure()
    assert world.sink.marked("events") == 4
    assert world.metric("partitions_refused", cause="recreated") == 1
    await worker.progress.check()
    await assigned(world, worker, TP1)
    worker.measure()
    assert world.metric("partitions_refused", cause="recreated") == 0


async def test_a_topic_that_shrank_while_it_was_read_is_refused_too(world: World) -> None:
    worker = await owning(world, TP0)
    await take_all(worker, log(0, 2))
    world.sink.put_head("clicks@1", 0, 5000)
    await worker.flushing.flush_all()
    worker.measure()
    assert world.metric("partitions_refused", cause="recreated") == 1


async def test_a_partition_whose_events_are_mostly_no_events_is_refused_and_the_others_are_counted(
    world: World,
) -> None:
    worker = await owning(world, TP0, TP1)
    garbage = b"garbage\n" * 10
    await take_all(worker, [record(garbage, offset=0), *log(0, 3, tp=TP1)])
    await worker.flushing.flush_all()
    worker.measure()
    assert (world.sink.marked("events"), world.sink.marked("dead_letters"), world.dead_letters.letters) == (
        4,
        0,
        [],
    )
    assert (world.metric("partitions_refused", cause="dead_letters"), worker.ready) == (1, False)
    await assigned(world, worker, TP1)
    assert worker.ready


async def test_gauges_tell_what_waits_and_for_how_long(world: World) -> None:
    worker = await owning(world, TP0, TP1)
    await take_all(worker, [record(numbered(1, 3), offset=0, at_ms=NOW_MS - 2000)])
    worker.measure()
    assert world.metric("events_buffered", topic=CLICKS) == 3
    assert world.metric("freshness_seconds", topic=CLICKS, partition="0") == 2
    assert world.metric("freshness_seconds", topic=CLICKS, partition="1") == 0
    await worker.flushing.flush_all()
    worker.measure()
    assert world.metric("events_buffered", topic=CLICKS) == 0
    assert world.metric("freshness_seconds", topic=CLICKS, partition="0") == 0
    assert world.metric("events_settled_total", topic=CLICKS, result="counted") == 3
