"""Leaves the misses of each minute for the relay."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from redirector.misses.outbox import Outbox
from redirector.serve.counts import Counts
from redirector.serve.misses import Misses
from schemas.misses import MissedMinute

_log: Final = logging.getLogger(__name__)


class MissesKeeper:
    """A crash loses this process's minute under way. What cannot be kept is counted, and said once in a row."""

    def __init__(self, misses: Misses, outbox: Outbox, counts: Counts, clock: Callable[[], int]) -> None:
        """`clock` gives milliseconds since 1970."""
        self._misses: Final = misses
        self._outbox: Final = outbox
        self._counts: Final = counts
        self._clock: Final = clock
        self._fails = False

    async def keep(self) -> None:
        """Write down the minutes that are over."""
        await self._put(self._misses.take(self._clock()))

    async def finish(self) -> None:
        """Write down everything: nothing is answered any more."""
        await self._put(self._misses.take_all())

    async def _put(self, minutes: Sequence[MissedMinute]) -> None:
        self._counts.misses_lost += self._misses.lost
        self._misses.lost = 0
        for missed in minutes:
            why = ""
            try:
                if not await asyncio.to_thread(self._outbox.put, missed):
                    why = "the relay takes none"
            except OSError as error:
                why = str(error)
            if why:
                self._counts.misses_lost += missed.requests
                if not self._fails:
                    _log.warning("requests for unknown slugs are not counted: %s", why)
            else:
                self._counts.misses_kept += missed.requests
            self._fails = bool(why)
