"""A blocking generator, run a step at a time in threads, that can be left at any moment."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import suppress


class Steps:
    """The pieces of an answer. ``end`` makes a step that runs come to its end soon.

    ``spare`` runs what must not wait for a thread of ``threads``: ending and closing.
    """

    def __init__(
        self, blocking: Generator[bytes, None, None], threads: Executor, *, end: Callable[[], None], spare: Executor
    ) -> None:
        self._blocking, self._threads, self._end, self._spare = blocking, threads, end, spare
        self._step: Future[bytes | None] | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """One after the other, each when it is asked for."""
        while (piece := await self._next()) is not None:
            yield piece

    async def _next(self) -> bytes | None:
        self._step = self._threads.submit(next, self._blocking, None)
        # A client that leaves cancels who waits here, but not the thread.
        return await asyncio.shield(asyncio.wrap_future(self._step))

    async def close(self, *, finish: bool) -> None:
        """Leave: a step that waits is taken back, one that runs is ended, or let finish, and waited for."""
        step = self._step
        if step is not None and not step.cancel() and not step.done():
            if not finish:
                await asyncio.wrap_future(self._spare.submit(self._end))
            with suppress(Exception):  # it was ended, and there is nobody to be told
                await asyncio.wrap_future(step)
        await asyncio.wrap_future(self._spare.submit(self._blocking.close))
