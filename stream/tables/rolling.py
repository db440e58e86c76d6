"""What rollers of days have in common: when a day is over, versions that nobody had, rounds without end."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from schemas.errors import TransientError
from schemas.retry import Retry, RetryPolicy
from stream.tables.metrics import RollerMetrics

logger = logging.getLogger(__name__)

CLOSED_AFTER: Final = timedelta(hours=1)
"""A day is rolled up this long after its end."""
_DAY_BITS: Final = 16
_EPOCH: Final = date(1970, 1, 1)


def last_closed(now: datetime) -> date:
    """The last day that is over."""
    return (now - CLOSED_AFTER).date() - timedelta(days=1)


class Versions:
    """Of makings of days: milliseconds since 1970, times 65536, plus days since 1970. No two days share one."""

    def __init__(self) -> None:
        self._last_ms = 0

    def after(self, day: date, before: int, now: datetime) -> int:
        """Above the one that counts (0: none) and all that this roller tried, however clocks are set."""
        self._last_ms = max(_ms(now), self._last_ms + 1, (before >> _DAY_BITS) + 1 if before else 0)
        return (self._last_ms << _DAY_BITS) + (day - _EPOCH).days


def least_version(at: datetime) -> int:
    """What was made before has a lower one."""
    return _ms(at) << _DAY_BITS


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a roller goes on: a round every so many seconds; errors as `retry` says. Tests bring clocks of theirs."""

    every_s: float
    retry: RetryPolicy
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @classmethod
    def of_rounds(cls, every_s: float) -> "Pace":
        """Errors are tried again at once, in the end no more often than rounds are: each try may write a day."""
        return cls(every_s=every_s, retry=RetryPolicy(first_s=0.1, longest_s=max(0.1, every_s)))


class Rounds:
    """A round, again and again. `what` is not rolled up while ClickHouse fails."""

    def __init__(
        self, roll: Callable[[], Awaitable[None]], metrics: RollerMetrics, pace: Pace, *, what: str
    ) -> None:
        self._roll = roll
        self._metrics = metrics
        self._pace = pace
        self._what = what
        self._retry = Retry(
            pace.retry, on_first=self._tell, on_failure=self._count, sleep=pace.sleep, clock=pace.clock
        )

    async def run(self) -> None:
        """Roll up until cancelled. Raises ClickHouseError."""
        await self._retry.for_ever(self._rounds, on=TransientError)

    async def _rounds(self) -> None:
        while True:
            began = self._pace.clock()
            await self._roll()
            self._metrics.seconds.set(self._pace.clock() - began)
            self._retry.worked()
            await self._pace.sleep(self._pace.every_s)

    def _tell(self, error: Exception) -> None:
        logger.warning("%s are not rolled up, trying again: %s", self._what, error)

    def _count(self, _error: Exception) -> None:
        self._metrics.errors.inc()
