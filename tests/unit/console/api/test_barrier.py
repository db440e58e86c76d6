"""What writes nothing is decided on everything that was committed before; what writes is guarded by its commit."""

from collections.abc import Mapping

import pytest

from console.api.barrier import decide_on_all


class Topic:
    """A topic that is followed up to some offset, and an index that says so."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.waited_for: list[int] = []

    async def reached(self, offset: int) -> None:
        self.waited_for.append(offset)
        self.position = max(self.position, offset + 1)


async def decided(topics: dict[str, Topic], ends: Mapping[str, int], *, writes: bool) -> list[dict[str, int]]:
    """The positions on which it was decided, of each time."""
    times: list[dict[str, int]] = []

    async def decide() -> list[int]:
        times.append({name: topic.position for name, topic in topics.items()})
        return [len(times)]

    async def ends_now() -> Mapping[str, int]:
        return ends

    assert await decide_on_all(decide, lambda _: writes, ends_now, topics) == [len(times)]
    return times


@pytest.mark.parametrize(
    ("ends", "times"),
    [
        ({"links": 9, "records": 20}, [(10, 20)]),
        ({"links": 10, "records": 20}, [(10, 20)]),
        ({"links": 11, "records": 20}, [(10, 20), (11, 20)]),
        ({"links": 12, "records": 25}, [(10, 20), (12, 25)]),
        ({"links": 0, "records": 0}, [(10, 20)]),
    ],
)
async def test_what_writes_nothing_is_decided_anew_where_anything_was_committed_since(
    ends: Mapping[str, int], times: list[tuple[int, int]]
) -> None:
    topics = {"links": Topic(10), "records": Topic(20)}
    assert [tuple(one.values()) for one in await decided(topics, ends, writes=False)] == times


async def test_what_writes_asks_nobody_for_its_commit_is_fenced() -> None:
    topics = {"links": Topic(10)}
    assert await decided(topics, {"links": 99}, writes=True) == [{"links": 10}]
    assert topics["links"].waited_for == []


async def test_where_kafka_does_not_say_what_was_committed_nothing_is_answered() -> None:
    async def decide() -> list[int]:
        return [1]

    async def silent() -> Mapping[str, int]:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await decide_on_all(decide, lambda _: False, silent, {"links": Topic(1)})
