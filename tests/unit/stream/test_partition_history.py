"""Whatever happens to a partition, in any order, its log is counted exactly once."""

import asyncio
from collections import deque
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.counters import HEAD, MARKER, Chain
from stream.chain import Done
from stream.partition import Partition
from tests.builders import batch, numbered
from tests.fakes import Trouble, turn
from tests.unit.stream.worlds import World, add_all

LOG_END = 130
"""More records than any history adds."""
troubles = st.lists(st.sampled_from([one for one in get_args(Trouble) if "hangs" not in one]), max_size=4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 5)),
        st.tuples(st.just("flush"), troubles),
        st.tuples(st.just("cancel"), st.sampled_from(["hangs", "applied, then hangs"])),
        st.tuples(st.just("restart"), st.none()),
        st.tuples(st.just("restore"), st.integers(0, 3)),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(steps)
def test_whatever_happens_to_it_a_log_is_counted_exactly_once(history: list[tuple[str, object]]) -> None:
    asyncio.run(play(history))


async def play(history: list[tuple[str, object]]) -> None:  # noqa: C901 - one branch for each thing that happens
    world = World()
    log = [batch("aa", numbered(3 * n + 1, 3 * n + 3), prev=3 * n, offset=n) for n in range(LOG_END)]
    partition = await world.loaded()
    old: list[Partition] = []
    for what, how in history:
        if what == "add" and isinstance(how, int):
            add_all(partition, log[partition.next_offset : partition.next_offset + how])
        elif what == "flush" and isinstance(how, list):
            world.sink.trouble = deque(how)
            await partition.flush()
        elif what == "cancel":
            await cancelled_flush(world, partition, how)
        elif what == "restart":
            old.append(partition)
            partition = await world.loaded()
        elif what == "restore" and isinstance(how, int):
            del world.sink.blocks[len(world.sink.blocks) - how :]
            world.sink.tokens.clear()
        for zombie in old[-2:]:
            await zombie.flush()
        if not partition.loaded:
            await partition.load(0, 1000, cause="rewound")
        world.assert_books_balance(partition, *old)
    world.sink.trouble.clear()
    while not isinstance(await partition.flush(), Done | None):
        await partition.load(0, 1000, cause="rewound")
    if await partition.table_went_back():
        await partition.load(0, 1000, cause="rewound")
    add_all(partition, log[partition.next_offset :])
    await partition.flush()
    assert await world.sink.read_head(Chain("clicks", 1, 0)) == LOG_END - 1
    assert sum(clicks for clicks, _ in world.sink.totals().values()) == 3 * LOG_END
    assert world.sink.marked("events") == 3 * LOG_END
    assert len(world.sink.rows(HEAD)) == len(world.sink.rows(MARKER))


async def cancelled_flush(world: World, partition: Partition, how: object) -> None:
    world.sink.trouble = deque([how])  # type: ignore[list-item] # what the fake sink takes
    inserts = len(world.sink.inserts)
    flush = asyncio.create_task(partition.flush())
    await turn(5)
    if len(world.sink.inserts) > inserts:
        await turn(5)
    flush.cancel()
    await asyncio.wait({flush})
    world.sink.trouble.clear()
