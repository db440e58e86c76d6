"""What a partition's owner remembers of clicks, and what the next one does."""

import pytest

from schemas.topics import CLICKS
from stream.chain import Done
from stream.partition import Partition
from tests.builders import LINK, NOW_MS, click, record
from tests.unit.stream.worlds import World


async def owned(world: World) -> Partition:
    partition = Partition(CLICKS, 0, world.shared)
    await partition.load(0, 10, cause="assigned")
    return partition


@pytest.mark.parametrize("clicks", [3, 12_000])
async def test_the_next_owner_knows_the_clicks_that_were_counted(clicks: int) -> None:
    world = World()
    taps = [click(visitor=number) for number in range(1, clicks + 1)]
    first = await owned(world)
    first.add(record(taps))
    assert isinstance(await first.flush(), Done)
    second = await owned(world)
    assert second.fold_entries == {"repeats": clicks}
    second.add(record([*taps[-2:], click(visitor=clicks + 1)], offset=1))
    assert isinstance(await second.flush(), Done)
    minute_s = NOW_MS // 60_000 * 60
    assert world.sink.totals() == {
        (LINK, minute_s, "human", "", ""): (clicks + 1, 0),
        (LINK, minute_s, "duplicate", "", ""): (2, 0),
    }


async def test_clicks_of_a_flush_that_was_overtaken_are_forgotten_with_it() -> None:
    world = World()
    first = await owned(world)
    first.add(record([click(visitor=1)]))
    world.sink.put_head(f"{CLICKS}@1", 0, 5)
    await first.flush()
    assert first.fold_entries == {}
    second = await owned(world)
    second.add(record([click(visitor=1)], offset=6))
    await second.flush()
    assert [key[2] for key in world.sink.totals()] == ["human"]
