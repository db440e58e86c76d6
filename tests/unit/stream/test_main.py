"""A worker's process ends when the worker does, whatever is left running in it."""

import asyncio
import subprocess
import sys

from schemas.cancelling import CancelledByOthersError
from stream.service import why_ended

STUBBORN = """
import asyncio
from stream import __main__ as main

async def stubborn():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def run(settings):
    run.left = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    return 1

main.run = run
main.main()
"""


def test_a_worker_that_gave_up_ends_its_process_though_a_task_swallows_its_cancellation() -> None:
    ended = subprocess.run([sys.executable, "-c", STUBBORN], timeout=30, check=False)
    assert ended.returncode == 1


async def test_a_part_that_something_else_cancelled_is_told_as_what_it_is() -> None:
    async def failing() -> None:
        raise ValueError("a bug")

    async def cancelled() -> None:
        raise asyncio.CancelledError

    parts = [asyncio.create_task(work) for work in (failing(), cancelled(), asyncio.sleep(0))]
    await asyncio.wait(parts)
    assert [type(why_ended(part)) for part in parts] == [ValueError, CancelledByOthersError, type(None)]
