"""A flush judges in turns: what comes meanwhile is the next one's, and cancelled it leaves nothing."""

import asyncio

import pytest

from schemas.counters import DEDUP
from stream.chain import Done
from stream.judged import TURN
from stream.partition import Added
from tests.builders import batch, click, numbered, record
from tests.fakes import turn
from tests.unit.stream.worlds import World, add_all


@pytest.fixture
def world() -> World:
    return World()


async def test_strangers_agents_are_judged_in_turns_and_what_is_folded_meanwhile_belongs_to_the_next_flush(
    world: World,
) -> None:
    partition = await world.loaded()
    strangers = [click(seq=seq, ua=f"Stranger {seq}/{id(world)}") for seq in range(1, 5 * TURN + 1)]
    add_all(partition, [batch("aa", strangers)])
    flushing = asyncio.create_task(partition.flush())
    turns = 0
    while not world.sink.inserts and not flushing.done():
        turns += 1
        if turns == 2:
            later = numbered(len(strangers) + 1, len(strangers) + 3)
            add_all(partition, [batch("aa", later, prev=len(strangers), offset=1)])
        await asyncio.sleep(0)
    assert turns > 5
    assert await flushing == Done(burned=0)
    assert [(row["spool"], row["last_seq"]) for row in world.sink.rows(DEDUP)] == [("aa", len(strangers))]
    assert partition.buffered_events == 3
    await partition.flush()
    assert world.sink.marked("events") == len(strangers) + 3
    world.assert_books_balance(partition)


async def test_a_flush_that_is_cancelled_while_it_judges_leaves_nothing_behind(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [record([click(ua=f"Nobody {number}/{id(world)}") for number in range(5 * TURN)])])
    flushing = asyncio.create_task(partition.flush())
    await turn(3)
    flushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    assert world.sink.inserts == []
    assert partition.add(record(offset=1)) is Added.STALE
    world.assert_books_balance(partition)
