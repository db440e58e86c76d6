"""A blocking generator, run a step at a time in threads, that can be left at any moment."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any


class Steps:
    """The pieces of an answer. ``end`` makes a step that runs come to its end soon.

    The first step goes on until it has more than ``held_bytes``, before which nothing is sent: a step costs 0.2 ms.
    ``spare`` runs what must not wait for a thread of ``threads``: ending and closing.
    """

    def __init__(
        self,
        blocking: Generator[bytes, None, None],
        threads: Executor,
        *,
        held_bytes: int,
        end: Callable[[], None],
        spare: Executor,
    ) -> None:
        self._blocking, self._threads, self._end, self._spare = blocking, threads, end, spare
        self._held_bytes = held_bytes
        self._step: Future[Any] | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """One after the other, each when it is asked for."""
        if begun := await self._in_thread(self._begin):
            yield begun
        while not self._over:
            if piece := await self._in_thread(self._next):
                yield piece

    async def _in_thread(self, step: Callable[[], bytes]) -> bytes:
        self._step = future = self._threads.submit(step)
        # A client that leaves cancels who waits here, but not the thread.
        return await asyncio.shield(asyncio.wrap_future(future))

    def _begin(self) -> bytes:
        begun = bytearray()
        while len(begun) <= self._held_bytes and not self._over:
            begun += self._next()
        return bytes(begun)

    def _next(self) -> bytes:
        return next(self._blocking, b"")

    @property
    def _over(self) -> bool:
        return inspect.getgeneratorstate(self._blocking) == inspect.GEN_CLOSED

    async def close(self, *, finish: bool) -> None:
        """Leave: a step that waits is taken back, one that runs is ended, or let finish, and waited for."""
        step = self._step
        if step is not None and not step.cancel() and not step.done():
            if not finish:
                await asyncio.wrap_future(self._spare.submit(self._end))
            with suppress(Exception):  # it was ended, and there is nobody to be told
                await asyncio.wrap_future(step)
        if not self._over:
            await asyncio.wrap_future(self._spare.submit(self._blocking.close))
