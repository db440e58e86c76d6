"""Trying again: one policy of pauses, one loop, and who is told of it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

Result = TypeVar("Result")
Errors = type[Exception] | tuple[type[Exception], ...]

_DOUBLINGS: Final = 32
"""Beyond, a float would overflow before it is capped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Pauses double from `first_s` to `longest_s`.

    `jitter` is the part of each pause that chance may take away, so that many who failed at once do not come back
    at once: 0.5 leaves its upper half. `within_s` seconds after the first try began, the error is raised instead of
    pausing beyond; None: never.
    """

    first_s: float
    longest_s: float
    jitter: float = 0.5
    within_s: float | None = None

    def pause_s(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures, at least one, in a row; `chance` is from 0 to 1."""
        pause_s = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, _DOUBLINGS))
        return pause_s * (1.0 - self.jitter * chance)


def _to_nobody(_error: Exception) -> None:
    pass


def _to_no_one(_failures: int, _seconds: float) -> None:
    pass


class Retry:
    """One operation that is tried until it works.

    `on_first` hears of the first failure in a row, `on_failure` of each, `on_recovery` of what worked after
    failures: how many there were, and the seconds since the first.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        on_first: Callable[[Exception], None] = _to_nobody,
        on_failure: Callable[[Exception], None] = _to_nobody,
        on_recovery: Callable[[int, float], None] = _to_no_one,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy: Final = policy
        self._on_first: Final = on_first
        self._on_failure: Final = on_failure
        self._on_recovery: Final = on_recovery
        self._sleep: Final = sleep
        self._clock: Final = clock
        self._chance: Final = chance
        self._failures = 0
        self._since = 0.0
        self._began: float | None = None

    async def failed(self, error: Exception) -> None:
        """Tell the observers and pause. Raises the error instead of pausing beyond the policy's `within_s`."""
        now = self._clock()
        if not self._failures:
            self._since = now
            self._began = now if self._began is None else self._began
            self._on_first(error)
        self._on_failure(error)
        self._failures += 1
        pause_s = self._policy.pause_s(self._failures, self._chance())
        within_s, began = self._policy.within_s, self._began
        if within_s is not None and began is not None and now + pause_s - began > within_s:
            raise error
        await self._sleep(pause_s)

    def worked(self) -> None:
        """The next failure is a first one again."""
        self._began = None
        if self._failures:
            failures, self._failures = self._failures, 0
            self._on_recovery(failures, self._clock() - self._since)

    async def until_it_works(
        self, attempt: Callable[[], Awaitable[Result]], *, on: Errors, but: Errors = ()
    ) -> Result:
        """What `attempt` returns; tried again after a pause when it raises one of `on` that is none of `but`."""
        self._began = self._clock()
        while True:
            try:
                result = await attempt()
            except but:
                raise
            except on as error:
                await self.failed(error)
            else:
                self.worked()
                return result

    async def for_ever(self, attempt: Callable[[], Awaitable[None]], *, on: Errors) -> NoReturn:
        """Begin `attempt` again whenever it ends: at once when it returned, after a pause when it raised one of
        `on`. That it works is its own to say, by `worked`: it may do so long before it ends."""
        while True:
            try:
                await attempt()
            except on as error:
                await self.failed(error)
