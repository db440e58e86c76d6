"""Has the host's key turn at midnight, and follows it where another process replaced it."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from redirector.serve.visitors import Visitors
from redirector.visitor_key.day_key import day_of
from redirector.visitor_key.host_key import HostKey

_log: Final = logging.getLogger(__name__)


class KeyFollower:
    """The hot path turns the key by itself and reads no file: this sees to the file."""

    def __init__(self, visitors: Visitors, host_key: HostKey, clock: Callable[[], int]) -> None:
        """`clock` gives milliseconds since 1970."""
        self._visitors: Final = visitors
        self._host_key: Final = host_key
        self._clock: Final = clock
        self._fails = False

    async def follow(self) -> None:
        """Once. A disk that fails is told once: the key goes on in memory meanwhile."""
        now_ms = self._clock()
        try:
            key = await asyncio.get_running_loop().run_in_executor(None, self._host_key.of, day_of(now_ms))
        except OSError as error:
            if not self._fails:
                _log.warning("the visitors' key is not on disk: yesterday's may be, until it can be: %s", error)
            self._fails = True
        else:
            self._fails = False
            self._visitors.use(key, now_ms)
