"""A blocking generator that is left: before a step, in the middle of one, between two."""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

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
        steps = Steps(answer.pieces(), threads, held_bytes=0, end=answer.end, spare=spare)

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
        steps = Steps(answer.pieces(), threads, held_bytes=0, end=answer.end, spare=spare)

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
        steps = Steps(answer.pieces(), threads, held_bytes=0, end=answer.end, spare=spare)
        pieces = steps.pieces()
        assert await anext(pieces) == b"1"
        await steps.close(finish=False)
    assert answer.calls == ["closed"]


class Counted(ThreadPoolExecutor):
    """How often it was asked to run something."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked += 1
        return super().submit(fn, *args, **kwargs)


def broken() -> Generator[bytes, None, None]:
    yield b"12"
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("held_bytes", "pieces", "steps_taken"),
    [
        (7, [b"12345678"], 2),
        (8, [b"12345678"], 1),
        (3, [b"1234", b"56", b"78"], 4),
        (0, [b"12", b"34", b"56", b"78"], 6),
    ],
)
async def test_the_first_step_takes_what_is_held_back_anyway(
    held_bytes: int, pieces: list[bytes], steps_taken: int
) -> None:
    answer = (piece for piece in (b"12", b"", b"34", b"56", b"78"))
    with Counted() as threads, Counted() as spare:
        steps = Steps(answer, threads, held_bytes=held_bytes, end=lambda: None, spare=spare)
        assert [piece async for piece in steps.pieces()] == pieces
        await steps.close(finish=False)
        assert (threads.asked, spare.asked) == (steps_taken, 0)


async def test_an_answer_that_breaks_while_it_is_held_back_gives_nothing_else() -> None:
    with Counted() as threads, Counted() as spare:
        steps = Steps(broken(), threads, held_bytes=2, end=lambda: None, spare=spare)
        with pytest.raises(ValueError, match="broken"):
            await anext(steps.pieces())
        await steps.close(finish=False)
        assert spare.asked == 0


async def test_an_answer_that_breaks_later_gives_what_came_before() -> None:
    with Counted() as threads, Counted() as spare:
        steps = Steps(broken(), threads, held_bytes=1, end=lambda: None, spare=spare)
        pieces = steps.pieces()
        assert await anext(pieces) == b"12"
        with pytest.raises(ValueError, match="broken"):
            await anext(pieces)
        await steps.close(finish=False)
        assert spare.asked == 0


async def test_an_answer_of_nothing_gives_none() -> None:
    with Counted() as threads, Counted() as spare:
        nothing: Generator[bytes, None, None] = (piece for piece in (b"",))
        steps = Steps(nothing, threads, held_bytes=9, end=lambda: None, spare=spare)
        assert [piece async for piece in steps.pieces()] == []
