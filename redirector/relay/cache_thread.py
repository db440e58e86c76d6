"""The one thread that works in the cache: the event loop never waits for LMDB, nobody closes it under a writer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import lmdb

Result = TypeVar("Result")


class CacheError(Exception):
    """The cache cannot be read or written: open it anew."""


class CacheThread:
    """Does what it is given one after the other."""

    def __init__(self) -> None:
        self._executor: Final = ThreadPoolExecutor(1, "cache")

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns. Cancelled meanwhile, it still waits until the thread is done with it.

        LMDB closed while a thread writes waits for ever for its lock. Raises CacheError.
        """
        done = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            while not done.done():
                try:
                    await asyncio.wait((done,))
                except asyncio.CancelledError:
                    continue  # told once more; the cancellation is raised below
            raise
        except (lmdb.Error, OSError) as error:
            raise CacheError(repr(error)) from error

    def close(self) -> None:
        """Let the thread end."""
        self._executor.shutdown(wait=False)
