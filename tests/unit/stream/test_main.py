"""A worker's process ends when the worker does, whatever is left running in it."""

import subprocess
import sys

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
