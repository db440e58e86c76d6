"""Back-pressure: reading waits while as many events wait for a flush as a worker may hold."""

import asyncio
from collections.abc import Callable
from typing import Final


class Room:
    """`held` says how many events wait, `most` how many may."""

    def __init__(self, held: Callable[[], int], most: int) -> None:
        self._held: Final = held
        self._most: Final = most
        self._free: Final = asyncio.Event()
        self._free.set()

    @property
    def is_free(self) -> bool:
        """Whether nobody waits for room."""
        return self._free.is_set()

    def is_exhausted(self) -> bool:
        """Whether whoever adds more has to wait from now on."""
        exhausted = self._held() >= self._most
        if exhausted:
            self._free.clear()
        return exhausted

    async def wait(self) -> None:
        """Return when there is room again."""
        await self._free.wait()

    def look_again(self) -> None:
        """Let go on who waits, if what was flushed made room."""
        if self._held() < self._most:
            self.open()

    def open(self) -> None:
        """Let go on who waits: nothing is held any more."""
        self._free.set()
