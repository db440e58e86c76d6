"""Rolls links up by day: of each link and day that is over the sums that reports add up, a row instead of many.

Whether a day's rows count is not for this to say: whoever reads compares the day's fingerprint in the counters, as
it is then, with that of its rows, and reads the counters themselves where the two differ
(view `link_sums_between`). So nothing here can make a report wrong; it can only make it slower.

1. Compare the fingerprints of all days that are over. Those that differ are made, the newest first; one that was
   made before only once it has stood still from one round to the next, as late events come by the dozen.
2. Write the day's rows from the counters, under a version that nobody had, and read their fingerprint.
3. The day's row in `link_sum_days` names version and fingerprint.
4. Rows go an hour after others took their place, when no query reads them any more; those that nobody remembers, as
   of a roller that was killed, once the day was left alone for an hour.

One day that cannot be made keeps no other from it. Killed anywhere, it leaves rows that no day names. Two at once:
the higher version counts, each is whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from schemas.errors import TransientError
from stream.tables.metrics import RollerMetrics
from stream.tables.rolling import Pace, Rounds, Versions, last_closed, least_version

RESTS: Final = timedelta(hours=1)
"""For so long rows stay after others took their place: longer than any query."""


@dataclass(frozen=True, slots=True)
class MadeDay:
    """What `link_sum_days` says of a day."""

    version: int
    fingerprint: int


class LinkDays(Protocol):
    """What ClickHouse holds. Every method may raise TransientError: try again."""

    async def counted(self) -> dict[date, int]:
        """The fingerprint of each day by the counters."""

    async def made(self) -> dict[date, MadeDay]:
        """The days that are rolled up."""

    async def write(self, day: date, version: int) -> None:
        """Write the day's rows from the counters."""

    async def written(self, day: date, version: int) -> int:
        """The fingerprint of this version's rows."""

    async def publish(self, day: date, made: MadeDay) -> None:
        """Let this version count."""

    async def drop(self, versions: Sequence[int]) -> None:
        """Drop rows of these versions."""

    async def drop_unnamed(self, before: int) -> None:
        """Drop rows that no day names, of days at which nothing was done since the version `before`."""


def days_that_differ(counted: Mapping[date, int], made: Mapping[date, MadeDay], now: datetime) -> list[date]:
    """The days that are over and whose rows are not what was counted, the newest first.

    One that has no counters any more, as after a backup was restored, comes to zero.
    """
    last = last_closed(now)
    return sorted(
        (
            day
            for day in {*counted, *made}
            if day <= last and (day not in made or made[day].fingerprint != counted.get(day, 0))
        ),
        reverse=True,
    )


class LinkDayRoller:
    """Rolls links up, again and again. One is enough; two do no harm."""

    def __init__(self, store: LinkDays, metrics: RollerMetrics, pace: Pace) -> None:
        self._store = store
        self._metrics = metrics
        self._pace = pace
        self._versions = Versions()
        self._counted_before: Mapping[date, int] = {}
        self._replaced: list[tuple[datetime, int]] = []
        self._dropped_at: datetime | None = None
        self.run = Rounds(self.round, metrics, pace, what="days of links").run

    async def round(self) -> None:
        """Make what differs. Raises TransientError, of one day that could not be made once the others are."""
        now = self._pace.now()
        counted, made = await self._store.counted(), await self._store.made()
        await self._drop(now)
        differing = days_that_differ(counted, made, now)
        now_counted = {day: counted.get(day, 0) for day in differing}
        still = [day for day in differing if day not in made or self._counted_before.get(day) == now_counted[day]]
        self._counted_before = now_counted
        left = len(differing)
        self._metrics.days_behind.set(left)
        failure: TransientError | None = None
        for day in still:
            try:
                await self._make(day, made.get(day), now)
            except TransientError as error:
                if failure is not None:
                    raise
                failure = error
                continue
            left -= 1
            self._metrics.rolled.inc()
            self._metrics.days_behind.set(left)
        if failure is not None:
            raise failure

    async def _make(self, day: date, before: MadeDay | None, now: datetime) -> None:
        version = self._versions.after(day, before.version if before else 0, now)
        await self._store.write(day, version)
        await self._store.publish(day, MadeDay(version, await self._store.written(day, version)))
        if before is not None:
            self._replaced.append((self._pace.now(), before.version))

    async def _drop(self, now: datetime) -> None:
        """What was replaced long enough ago. What else is left over is looked for rarely: all rows are read."""
        rested = [version for at, version in self._replaced if at + RESTS <= now]
        if rested:
            await self._store.drop(rested)
            self._replaced = [(at, version) for at, version in self._replaced if at + RESTS > now]
        if self._dropped_at is None or now >= self._dropped_at + RESTS:
            self._dropped_at = now
            await self._store.drop_unnamed(least_version(now - RESTS))
