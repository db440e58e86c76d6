"""How many rounds are in memory at once, over all spools of a relay."""

import asyncio


class RoundSlot:
    """A spool's slot: one of the slots that bound the rounds in memory. `async with` it.

    A spool whose topic refuses gives its slot back early: what waits for an operator must not keep others waiting.
    """

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._held = False

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        self._held = True

    async def __aexit__(self, *_: object) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Let the next one in."""
        if self._held:
            self._held = False
            self._slots.release()
