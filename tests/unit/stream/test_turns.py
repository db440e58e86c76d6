"""Work in turns gives the same result however it is driven, and lets others go on where it says so."""

import asyncio

import pytest

from stream.turns import Turns, at_once, in_turns


def counted(turns: int, said: list[str]) -> Turns[int]:
    for turn in range(turns):
        said.append(f"turn {turn}")
        yield
    return turns


@pytest.mark.parametrize("turns", [0, 1, 3])
async def test_both_ways_take_every_turn_and_give_the_result(turns: int) -> None:
    in_one_go: list[str] = []
    one_by_one: list[str] = []
    assert at_once(counted(turns, in_one_go)) == await in_turns(counted(turns, one_by_one)) == turns
    assert in_one_go == one_by_one == [f"turn {turn}" for turn in range(turns)]


async def test_others_go_on_after_each_turn() -> None:
    said: list[str] = []

    async def other() -> None:
        for step in range(2):
            said.append(f"other {step}")
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    await in_turns(counted(2, said))
    await beside
    assert said == ["turn 0", "other 0", "turn 1", "other 1"]


def test_an_error_is_whoever_drives_its() -> None:
    def failing() -> Turns[None]:
        yield
        raise ValueError("in the second turn")

    with pytest.raises(ValueError, match="second turn"):
        at_once(failing())
