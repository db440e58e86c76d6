"""A partition whose events are mostly no events writes nothing, and goes on refusing after a restart."""

import pytest

from stream.burials import BurialLimit
from stream.chain import Done
from stream.refused import TooManyDeadLettersError
from tests.builders import click, record
from tests.unit.stream.worlds import World, add_all


@pytest.fixture
def world() -> World:
    return World()


GARBAGE = b"garbage\n"


async def test_a_flush_that_would_bury_too_much_writes_nothing_at_all(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [record(offset=0), record(GARBAGE * 10, offset=1)])
    with pytest.raises(TooManyDeadLettersError, match=r"10 of the last 11 events .* not_json \(10\).* offset 0 on"):
        await partition.flush()
    assert (world.sink.blocks, world.sink.event_rows, world.dead_letters.letters) == ([], {}, [])
    assert not partition.loaded
    world.assert_books_balance(partition)


async def test_a_restart_goes_on_refusing_and_more_good_events_do_not(world: World) -> None:
    partition = await world.loaded()
    add_all(partition, [record([click()] * 8, offset=0)])
    await partition.flush()
    add_all(partition, [record(GARBAGE * 8, offset=1)])
    await partition.flush()
    assert partition.dead_letter_ratio == 0.5
    for _ in range(2):
        again = await world.loaded()
        assert again.dead_letter_ratio == 0.5
        add_all(again, [record(GARBAGE * 2, offset=2)])
        with pytest.raises(TooManyDeadLettersError, match="10 of the last 18"):
            await again.flush()
    assert world.sink.marked("dead_letters") == 8


async def test_an_operator_who_allows_any_ratio_gets_past(world: World) -> None:
    world.burial_limit = BurialLimit(ratio=1, window_events=100, least=10)
    partition = await world.loaded()
    add_all(partition, [record(GARBAGE * 50, offset=0)])
    assert isinstance(await partition.flush(), Done)
    assert len(world.dead_letters.letters) == 50
