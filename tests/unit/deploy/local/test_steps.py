"""A blocking generator that is left: before a step, in the middle of one, between two."""

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from deploy.local.clickhouse.steps import Steps


class Answer:
    """Two pieces; the second comes when it is ended or let go."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.blocks, self.ended = threading.Event(), threading.Event()

    def pieces(self) -> Generator[bytes, None, None]:
        try:
            yield b"1"
            self.blocks.set()
            self.ended.wait(30)
            yield b"2"
        finally:
            self.calls.append("closed")

    def end(self) -> None:
        self.calls.append("ended")
        self.ended.set()


@pytest.mark.parametrize("finish", [False, True])
async def test_a_step_that_runs_is_ended_or_let_finish_before_the_rest_is_closed(finish: bool) -> None:
    answer = Answer()
    with ThreadPoolExecutor(1) as threads, ThreadPoolExecutor(1) as spare:
        steps = Steps(answer.pieces(), threads, end=answer.end, spare=spare)

        async def read() -> None:
            async for _ in steps.pieces():
                pass

        reads = asyncio.create_task(read())
        await asyncio.to_thread(answer.blocks.wait, 30)
        reads.cancel()
        with suppress(asyncio.CancelledError):
            await reads
        closes = asyncio.create_task(steps.close(finish=finish))
        if finish:
            answer.ended.set()
        await closes
    assert answer.calls == (["closed"] if finish else ["ended", "closed"])


async def test_a_step_that_waits_for_a_thread_is_taken_back() -> None:
    answer, busy = Answer(), threading.Event()
    with ThreadPoolExecutor(1) as threads, ThreadPoolExecutor(1) as spare:
        threads.submit(busy.wait, 30)
        steps = Steps(answer.pieces(), threads, end=answer.end, spare=spare)

        async def read() -> None:
            await anext(steps.pieces())

        waits = asyncio.create_task(read())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waits.cancel()
        with suppress(asyncio.CancelledError):
            await waits
        await steps.close(finish=False)
        busy.set()
    assert answer.calls == []


async def test_an_answer_that_is_left_between_two_pieces_is_closed() -> None:
    answer = Answer()
    with ThreadPoolExecutor(1) as threads, ThreadPoolExecutor(1) as spare:
        steps = Steps(answer.pieces(), threads, end=answer.end, spare=spare)
        pieces = steps.pieces()
        assert await anext(pieces) == b"1"
        await steps.close(finish=False)
    assert answer.calls == ["closed"]
