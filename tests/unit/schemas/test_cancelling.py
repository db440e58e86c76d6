"""What runs together comes to its end, or says that it did not."""

import asyncio

import pytest

from schemas.cancelling import CancelledByOthersError, is_cancelled, run_together, together


async def cancelled_by_others() -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def test_all_that_was_started_has_ended_when_the_group_ends() -> None:
    said: list[int] = []

    async def say(number: int) -> None:
        await asyncio.sleep(0)
        said.append(number)

    async with together() as group:
        for number in range(3):
            group.start(say(number))
    assert said == [0, 1, 2]


async def test_what_was_cancelled_by_something_else_does_not_pass_for_done() -> None:
    async def run() -> None:
        async with together() as group:
            group.start(asyncio.sleep(60))
            group.start(cancelled_by_others())

    with pytest.raises(ExceptionGroup) as ended:
        await run()
    assert [type(error) for error in ended.value.exceptions] == [CancelledByOthersError]


async def test_whoever_is_cancelled_cancels_what_runs_together_and_stays_cancelled() -> None:
    began = asyncio.Event()

    async def run() -> None:
        async with together() as group:
            group.start(asyncio.sleep(60))
            began.set()

    running = asyncio.create_task(run())
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_task_knows_whether_it_is_the_one_that_was_cancelled() -> None:
    async def knows() -> bool:
        try:
            await cancelled_by_others()
        except asyncio.CancelledError:
            return is_cancelled()
        return False

    assert not await knows()


async def test_one_that_fails_takes_the_others_with_it_before_its_error_is_told() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("waits")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        await run_together(waits(), fails(), waits())
    assert ended == ["waits", "waits"]


async def test_who_ends_in_peace_waits_for_the_others() -> None:
    ended: list[int] = []

    async def ends(after: int) -> None:
        for _ in range(after):
            await asyncio.sleep(0)
        ended.append(after)

    await run_together(ends(3), ends(0), ends(1))
    assert ended == [0, 1, 3]


async def test_cancelling_all_cancels_each() -> None:
    seen: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(is_cancelled())

    together = asyncio.create_task(run_together(waits(), waits()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    together.cancel()
    with pytest.raises(asyncio.CancelledError):
        await together
    assert seen == [True, True]
