import asyncio
from collections import deque

import pytest

from schemas.counters import GAP, MARKER, Chain
from schemas.events import Event
from schemas.idempotency import KEY_TTL_S, key_spool
from stream.chain import NO_HEAD, Done, Overtaken, Rewound
from stream.deltas import Record
from stream.partition import Added
from stream.refused import TopicRecreatedError
from stream.state import TimeBounds
from stream.tries import RETRY
from tests.builders import NOW_MS, batch, click, numbered, record
from tests.fakes import Trouble, turn, until
from tests.unit.stream.latest_by_link import LatestByLink
from tests.unit.stream.worlds import World, add_all


def records(first: int, last: int) -> list[Record]:
    """One click a record."""
    return [record(offset=offset) for offset in range(first, last + 1)]


@pytest.fixture
def world() -> World:
    return World()


async def test_what_was_folded_becomes_durable_and_the_head_moves(world: World) -> None:
    partition = await world.loaded()
    assert (partition.head, partition.next_offset) == (NO_HEAD, 0)
    add_all(partition, records(0, 4))
    assert await partition.flush() == Done(burned=0)
    assert partition.head == 4
    assert await world.sink.read_head(Chain("clicks", 1, 0)) == 4
    assert [clicks for clicks, _ in world.sink.totals().values()] == [5]
    assert len(world.sink.event_rows) == 5
    world.assert_books_balance(partition)


async def test_every_step_of_a_flush_is_timed(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 4))
    await partition.flush()
    stages = ("rows", "events", "counters", "head")
    assert [world.metric("flush_stage_seconds_count", stage=stage) for stage in stages] == [1, 1, 1, 1]


async def test_without_records_there_is_nothing_to_flush(world: World) -> None:
    partition = await world.loaded()
    assert await partition.flush() is None
    assert await world.partition().flush() is None
    assert world.sink.inserts == []


async def test_each_flush_begins_where_the_last_one_ended(world: World) -> None:
    partition = await world.loaded()
    for first in (0, 3, 6):
        add_all(partition, records(first, first + 2))
        await partition.flush()
    ends = [(row["first_offset"], row["last_offset"]) for row in world.sink.rows(MARKER)]
    assert ends == [(0, 2), (3, 5), (6, 8)]


async def test_a_new_owner_goes_on_after_the_head_with_the_dedup_state(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [batch("aa", numbered(1, 5))])
    await partition.flush()
    successor = await world.loaded()
    assert successor.next_offset == 1
    add_all(successor, [batch("aa", numbered(4, 7), prev=3, offset=1)])
    await successor.flush()
    assert [clicks for clicks, _ in world.sink.totals().values()] == [7]
    assert world.metric("spool_gaps_total", topic="clicks") == 0


async def test_a_resend_is_recognised_however_long_the_worker_was_down(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [record([click(seq=1, spool="k1")])])
    await partition.flush()
    world.clock.now_s += KEY_TTL_S + 100
    successor = await world.loaded()
    add_all(successor, [record([click(seq=1, spool="k1")], offset=1, at_ms=NOW_MS + 1000)])
    await successor.flush()
    assert (world.sink.marked("events"), world.sink.marked("resent")) == (1, 1)


async def test_a_flush_may_span_longer_than_a_key_is_remembered(world: World) -> None:
    partition = await world.loaded()
    later_ms = NOW_MS + KEY_TTL_S * 1000 + 60_000
    add_all(
        partition,
        [record([click(seq=1, spool="k1")]), record([click(time_ms=later_ms)], offset=1, at_ms=later_ms)],
    )
    assert await partition.flush() == Done(burned=0)
    again = record([click(seq=1, spool="k1", time_ms=later_ms)], offset=2, at_ms=later_ms)
    add_all(partition, [again])
    await partition.flush()
    assert (world.sink.marked("events"), world.sink.marked("resent")) == (3, 0)


async def test_a_key_that_is_used_again_after_its_life_is_where_it_was_after_a_restart(world: World) -> None:
    later_ms = NOW_MS + KEY_TTL_S * 1000 + 1000
    five: list[Event] = [click(seq=seq, spool="k1") for seq in range(1, 6)]
    partition = await world.loaded()
    add_all(partition, [record(five)])
    await partition.flush()
    add_all(partition, [record(five[:1], offset=1, at_ms=later_ms)])
    await partition.flush()
    successor = await world.loaded()
    add_all(successor, [record(five[1:], offset=2, at_ms=later_ms)])
    await successor.flush()
    assert (world.sink.marked("events"), world.sink.marked("resent")) == (10, 0)


async def test_a_key_that_comes_with_other_bytes_is_counted_and_seen(world: World) -> None:
    partition = await world.loaded()
    for offset, meaning in enumerate((b"one", b"two", b"one")):
        spool = key_spool("token", "order-1", meaning)
        add_all(partition, [record([click(seq=1, spool=spool)], offset=offset)])
    add_all(partition, [record([click(seq=1, spool=key_spool("token", "order-2", b"two"))], offset=3)])
    await partition.flush()
    assert (world.sink.marked("events"), world.sink.marked("resent")) == (3, 1)
    assert world.metric("keys_reused_total", topic="clicks") == 1


async def test_a_timeout_is_followed_by_the_same_bytes_under_the_same_token(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    world.sink.trouble = deque(["refused", "applied, then cut off", "refused"])
    assert await partition.flush() == Done(burned=0)
    assert world.sink.inserts == ["clicks@1-0-0"] * 4
    assert world.sink.marked("events") == 3
    assert world.metric("transient_errors_total", operation="insert_counters") == 3


async def test_pauses_between_tries_grow_to_a_limit(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 0))
    world.sink.trouble = deque(["refused"] * 9)
    await partition.flush()
    assert world.clock.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, *[RETRY.longest_s] * 3]


async def test_a_burned_token_is_replaced(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    world.sink.trouble = deque(["burned"])
    assert await partition.flush() == Done(burned=1)
    assert world.sink.inserts == ["clicks@1-0-0", "clicks@1-0-0", "clicks@1-0-0#1"]
    assert world.sink.marked("events") == 3
    assert world.metric("burned_tokens_total") == 1


async def test_a_zombie_is_overtaken_and_reads_on_from_the_new_head(world: World) -> None:
    zombie = await world.loaded()
    add_all(zombie, records(0, 2))
    owner = await world.loaded()
    add_all(owner, records(0, 4))
    await owner.flush()
    assert await zombie.flush() == Overtaken(4)
    assert not zombie.loaded
    assert zombie.add(record(offset=3)) is Added.STALE
    assert await zombie.load(0, 1000, cause="overtaken") == 5
    assert world.sink.marked("events") == 5
    assert world.metric("flushes_total", outcome="overtaken") == 1
    assert world.metric("events_discarded_total", topic="clicks", cause="overtaken") == 3
    world.assert_books_balance(zombie, owner)


async def test_a_restored_table_is_filled_again_from_its_own_head(world: World) -> None:
    partition = await world.loaded()
    for first in (0, 3):
        add_all(partition, records(first, first + 2))
        await partition.flush()
    del world.sink.blocks[1:]
    add_all(partition, records(6, 8))
    assert await partition.flush() == Rewound(2)
    assert await partition.load(0, 1000, cause="rewound") == 3
    add_all(partition, records(3, 8))
    await partition.flush()
    assert world.sink.marked("events") == 9
    world.assert_books_balance(partition)


async def test_an_idle_partition_notices_that_the_table_went_back(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    assert not await partition.table_went_back()
    await partition.flush()
    assert not await partition.table_went_back()
    world.sink.blocks.clear()
    assert await partition.table_went_back()


async def test_reads_are_repeated_until_they_are_answered(world: World) -> None:
    world.sink.failing_reads = 2
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    world.sink.failing_reads = 3
    world.sink.failing_event_inserts = 2
    assert await partition.flush() == Done(burned=0)
    assert world.metric("transient_errors_total", operation="read_state") == 2
    assert world.metric("transient_errors_total", operation="read_head") == 3
    assert world.metric("transient_errors_total", operation="insert_events") == 2


async def test_dead_letters_are_durable_before_the_flush_that_acknowledges_them(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [record(b"garbage", offset=0), record(offset=1)])
    world.dead_letters.failures = 2
    written: list[int] = []
    world.sink.before_read = lambda: written.append(len(world.dead_letters.letters))
    await partition.flush()
    assert written == [1]
    ((letter_of, poison),) = world.dead_letters.letters
    assert (letter_of.offset, poison.reason) == (0, "not_json")
    assert world.metric("dead_letters_total", topic="clicks", reason="not_json") == 1


@pytest.mark.parametrize("trouble", ["hangs", "applied, then hangs"])
async def test_a_flush_cancelled_in_the_middle_loses_and_doubles_nothing(world: World, trouble: Trouble) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    world.sink.trouble = deque([trouble])
    flush = asyncio.create_task(partition.flush())
    await until(lambda: bool(world.sink.inserts))
    await turn()
    add_all(partition, records(3, 4))
    flush.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flush
    assert not partition.loaded
    world.assert_books_balance(partition)
    again = await partition.load(0, 1000, cause="assigned")
    assert again == (3 if trouble == "applied, then hangs" else 0)
    add_all(partition, records(again, 4))
    await partition.flush()
    assert world.sink.marked("events") == 5
    world.assert_books_balance(partition)


async def test_records_are_folded_while_a_flush_is_in_flight(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [batch("aa", numbered(1, 3))])
    world.sink.trouble = deque(["refused"])
    flush = asyncio.create_task(partition.flush())
    await until(lambda: bool(world.sink.inserts))
    add_all(partition, [batch("aa", numbered(4, 5), prev=3, offset=1)])
    assert (partition.buffered_events, partition.unsettled_events) == (2, 5)
    assert await flush == Done(burned=0)
    assert (partition.head, partition.buffered_events, partition.unsettled_events) == (0, 2, 2)
    await partition.flush()
    assert world.sink.marked("events") == 5


async def test_two_flushes_of_one_partition_follow_each_other(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    first, second = await asyncio.gather(partition.flush(), partition.flush())
    assert (first, second) == (Done(burned=0), None)


async def test_a_record_that_was_read_before_is_stale(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    assert partition.add(record(offset=1)) is Added.STALE
    assert partition.next_offset == 3
    assert world.metric("events_received_total", topic="clicks") == 3


async def test_a_record_beyond_the_next_one_is_a_hole_however_often_it_comes(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    for _ in range(3):
        assert partition.add(record(offset=5)) is Added.HOLE
    assert partition.next_offset == 3


async def test_a_hole_that_kafka_confirmed_is_passed_over(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    partition.pass_hole(5)
    assert partition.add(record(offset=4)) is Added.STALE
    assert partition.add(record(offset=6)) is Added.HOLE
    add_all(partition, [record(offset=5)])
    await partition.flush()
    assert (partition.head, world.sink.marked("records")) == (5, 4)
    assert world.sink.rows(GAP) == []


async def test_a_head_beyond_the_end_of_the_log_is_refused_until_the_epoch_is_raised(world: World) -> None:
    world.sink.put_head("clicks@1", 0, 40)
    partition = world.partition()
    with pytest.raises(TopicRecreatedError, match="set CLICKTALLY_STREAM_CLICKS_EPOCH to 2"):
        await partition.load(0, 40, cause="assigned")
    assert not partition.loaded
    assert partition.add(record(offset=0)) is Added.STALE
    assert await world.partition().load(0, 41, cause="assigned") == 41
    world.epoch = 2
    assert await world.partition().load(0, 40, cause="assigned") == 0


async def test_the_dedup_state_outlives_the_epoch(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [batch("aa", numbered(1, 3))])
    await partition.flush()
    world.epoch = 2
    partition = await world.loaded()
    add_all(partition, [batch("aa", numbered(2, 4), prev=1)])
    await partition.flush()
    assert world.sink.marked("events") == 4


async def test_what_retention_took_before_it_was_read_is_a_gap_and_counting_goes_on(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, records(0, 2))
    await partition.flush()
    successor = await world.loaded(log_start=10)
    assert successor.next_offset == 10
    add_all(successor, records(10, 11))
    assert await successor.flush() == Done(burned=0)
    (gap,) = world.sink.rows(GAP)
    assert (gap["first_offset"], gap["last_offset"]) == (3, 9)
    assert world.metric("log_gap_records_total", topic="clicks", partition="0") == 7
    add_all(successor, records(12, 12))
    await successor.flush()
    assert len(world.sink.rows(GAP)) == 1


async def test_two_owners_who_found_different_gaps_still_meet_on_one_token(world: World) -> None:
    world.sink.put_head("clicks@1", 0, 2)
    early, late = await world.loaded(log_start=10), await world.loaded(log_start=20)
    add_all(early, records(10, 21))
    add_all(late, records(20, 21))
    await early.flush()
    await late.flush()
    assert len(set(world.sink.inserts)) == 1


async def test_the_age_of_the_oldest_record_counts_what_is_in_flight(world: World) -> None:
    partition = await world.loaded()
    seen = [partition.oldest_ms]
    add_all(partition, [record(offset=0, at_ms=NOW_MS - 500), record(offset=1)])
    seen.append(partition.oldest_ms)
    world.sink.trouble = deque(["refused"])
    flush = asyncio.create_task(partition.flush())
    await until(lambda: bool(world.sink.inserts))
    seen.append(partition.oldest_ms)
    await flush
    assert [*seen, partition.oldest_ms] == [None, NOW_MS - 500, NOW_MS - 500, None]


async def test_a_second_fold_is_durable_with_the_head_and_back_after_a_restart(world: World) -> None:
    made: list[LatestByLink] = []

    class Remembered(LatestByLink):
        def __init__(self, bounds: TimeBounds) -> None:
            super().__init__(bounds)
            made.append(self)

    world.folds = (Remembered,)
    partition = await world.loaded()
    first_s, second_s = NOW_MS // 1000, NOW_MS // 1000 + 7
    add_all(partition, [record([click("a.example/x"), click("a.example/y")], offset=0)])
    await partition.flush()
    add_all(partition, [record([click("a.example/x")], offset=1, at_ms=second_s * 1000)])
    await partition.flush()
    add_all(partition, [record([click("a.example/z")], offset=2, at_ms=second_s * 1000)])
    await world.loaded()
    assert made[0].latest() == {"a.example/x": second_s, "a.example/y": first_s, "a.example/z": second_s}
    assert made[-1].latest() == {"a.example/x": second_s, "a.example/y": first_s}, "z was not made durable"
