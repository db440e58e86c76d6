from collections.abc import Iterator

import pytest

from schemas.retry import Retry, RetryPolicy


class Away(Exception):  # noqa: N818 - what happened
    """Whoever is asked does not answer."""


class World:
    """A clock that only pauses move, and everything that observers were told."""

    def __init__(self, policy: RetryPolicy, *, chance: float = 0.0) -> None:
        self.now_s = 100.0
        self.paused: list[float] = []
        self.notices: list[object] = []
        self.retry = Retry(
            policy,
            on_first=lambda error: self.notices.append(f"first {error}"),
            on_failure=lambda error: self.notices.append(f"{error}"),
            on_recovery=lambda failures, seconds: self.notices.append((failures, seconds)),
            sleep=self.sleep,
            clock=lambda: self.now_s,
            chance=lambda: chance,
        )

    async def sleep(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now_s += seconds


def failing(*errors: Exception | None) -> "Attempt":
    return Attempt(iter(errors))


class Attempt:
    """Fails as it is told, then returns how often it was tried."""

    def __init__(self, errors: Iterator[Exception | None]) -> None:
        self.errors = errors
        self.tried = 0

    async def __call__(self) -> int:
        self.tried += 1
        error = next(self.errors, None)
        if error is not None:
            raise error
        return self.tried


DOUBLING = RetryPolicy(first_s=0.1, longest_s=1.0, jitter=0.0)


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(1, 0.1), (2, 0.2), (4, 0.8), (5, 1.0), (6, 1.0), (40, 1.0), (100_000, 1.0)]
)
def test_pauses_double_up_to_the_longest(failures: int, pause_s: float) -> None:
    assert DOUBLING.pause_s(failures, 0.7) == pytest.approx(pause_s)


@pytest.mark.parametrize(
    ("jitter", "chance", "pause_s"), [(0.5, 0.0, 0.2), (0.5, 1.0, 0.1), (1.0, 1.0, 0.0), (0, 1, 0.2)]
)
def test_chance_takes_away_the_part_that_the_jitter_says(jitter: float, chance: float, pause_s: float) -> None:
    assert RetryPolicy(first_s=0.2, longest_s=1.0, jitter=jitter).pause_s(1, chance) == pytest.approx(pause_s)


async def test_what_works_at_once_is_told_to_nobody() -> None:
    world = World(DOUBLING)
    assert await world.retry.until_it_works(failing(), on=Away) == 1
    assert (world.notices, world.paused) == ([], [])


async def test_observers_hear_of_the_first_failure_of_each_and_of_the_recovery() -> None:
    world = World(DOUBLING)
    assert await world.retry.until_it_works(failing(Away("a"), Away("b"), Away("c")), on=Away) == 4
    assert world.paused == pytest.approx([0.1, 0.2, 0.4])
    assert world.notices == ["first a", "a", "b", "c", (3, pytest.approx(0.7))]


async def test_after_a_recovery_pauses_begin_anew() -> None:
    world = World(DOUBLING)
    for _ in range(2):
        await world.retry.until_it_works(failing(Away("a"), Away("b")), on=Away)
    assert world.paused == pytest.approx([0.1, 0.2, 0.1, 0.2])
    assert world.notices.count("first a") == 2


async def test_an_error_of_another_kind_passes_at_once() -> None:
    world = World(DOUBLING)
    with pytest.raises(KeyError):
        await world.retry.until_it_works(failing(KeyError("k")), on=(Away, OSError))
    assert (world.notices, world.paused) == ([], [])


async def test_an_error_that_is_excepted_passes_at_once_though_its_base_is_tried_again() -> None:
    class Refused(Away):
        """For good."""

    world = World(DOUBLING)
    with pytest.raises(Refused):
        await world.retry.until_it_works(failing(Away("a"), Refused("no")), on=Away, but=Refused)
    assert world.notices == ["first a", "a"]


@pytest.mark.parametrize(("within_s", "tries"), [(0.0, 1), (0.99, 1), (1.0, 2), (1.01, 2), (1.99, 2), (2.0, 3)])
async def test_no_pause_ends_after_the_deadline(within_s: float, tries: int) -> None:
    world = World(RetryPolicy(first_s=1.0, longest_s=1.0, jitter=0.0, within_s=within_s))
    attempt = failing(*[Away("away")] * 10)
    with pytest.raises(Away):
        await world.retry.until_it_works(attempt, on=Away)
    assert attempt.tried == tries
    assert len(world.paused) == tries - 1


async def test_the_deadline_counts_from_the_beginning_of_the_first_try() -> None:
    world = World(RetryPolicy(first_s=1.0, longest_s=1.0, jitter=0.0, within_s=5.0))

    async def slow() -> None:
        world.now_s += 4.5
        raise Away

    with pytest.raises(Away):
        await world.retry.until_it_works(slow, on=Away)
    assert world.paused == []


async def test_what_is_done_for_ever_begins_again_and_says_itself_that_it_works() -> None:
    world = World(DOUBLING)
    rounds = 0

    async def attempt() -> None:
        nonlocal rounds
        rounds += 1
        match rounds:
            case 3:
                world.retry.worked()
                raise Away("after it worked")
            case 4:
                return  # begins again without a pause
            case 5:
                raise KeyError
            case _:
                raise Away("not yet")

    with pytest.raises(KeyError):
        await world.retry.for_ever(attempt, on=Away)
    assert world.paused == pytest.approx([0.1, 0.2, 0.1])
    assert world.notices == [
        "first not yet",
        "not yet",
        "not yet",
        (2, pytest.approx(0.3)),
        "first after it worked",
        "after it worked",
    ]
