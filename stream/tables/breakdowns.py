"""Rolls days up: the clicks of a day that is over, by every combination of what people ask for.

A day is rolled up when the counters say something else of it than its roll-up does, so the counters alone say what
there is to do: late events, a restored table, a crash are all the same to it.

1. Compare each day's clicks by class, in the counters and as rolled up. Days that differ are made anew, the oldest
   first, and none before one that cannot be made: what follows the last rolled day is answered from events.
2. Write a day's rows under a version that nobody had: from its events; where these are gone, from its rows before.
3. Sum these rows, and read the counters again. Different soon after the day: events are on their way, a later
   round does it. Different long afterwards, and the same in two rounds: events were lost, or never counted; rows of
   unknown values make it up.
4. Sums equal: the day's row in `breakdown_days` names the version. Only this makes the rows count.
5. Drop the day's rows of earlier versions.

Killed anywhere, it leaves rows that no day names. Two at once: the higher version counts, each is whole.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

from schemas.breakdowns import ClassClicks
from stream.tables.metrics import RollerMetrics
from stream.tables.rolling import Pace, Rounds, Versions, last_closed

logger = logging.getLogger(__name__)

PATIENCE: Final = timedelta(days=1)
"""For this long after its end, events that differ from the counters are waited for."""


@dataclass(frozen=True, slots=True)
class RolledDay:
    """What `breakdown_days` says of a day. `from_events`: how many of its clicks events told, not only counters."""

    version: int
    clicks: ClassClicks
    from_events: int


class RollUps(Protocol):
    """What ClickHouse holds. Every method may raise TransientError: try again."""

    async def counted(self) -> dict[date, ClassClicks]:
        """The clicks of each day that has some, by the counters."""

    async def rolled(self) -> dict[date, RolledDay]:
        """The days that are rolled up."""

    async def events(self, day: date) -> int:
        """How many clicks of a day the table of events holds."""

    async def write_events(self, day: date, version: int) -> None:
        """Write the day's rows from its events."""

    async def copy(self, day: date, before: int, version: int) -> None:
        """Write the day's rows from those of a version before."""

    async def make_up(self, day: date, version: int) -> None:
        """Write rows of unknown values for what the counters have and this version has not."""

    async def written(self, day: date, version: int) -> ClassClicks:
        """The sums of this version's rows."""

    async def publish(self, day: date, rolled: RolledDay) -> None:
        """Let this version count."""

    async def drop_earlier(self, day: date, version: int) -> None:
        """Drop the day's rows of versions before."""


def days_to_roll(
    counted: Mapping[date, ClassClicks], rolled: Mapping[date, RolledDay], now: datetime
) -> list[date]:
    """The days that are over and differ, the oldest first; days without a click between them are rolled up, too."""
    first = min({*counted, *rolled}, default=None)
    if first is None:
        return []
    last = last_closed(now)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day not in rolled or rolled[day].clicks != counted.get(day, ClassClicks())]


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


class Roller:
    """Rolls days up, again and again. One is enough; two do no harm."""

    def __init__(self, store: RollUps, metrics: RollerMetrics, pace: Pace) -> None:
        self._store = store
        self._metrics = metrics
        self._now = pace.now
        self._versions = Versions()
        self._differing: dict[date, tuple[ClassClicks, ClassClicks]] = {}
        self.run = Rounds(self.round, metrics, pace, what="breakdowns").run

    async def round(self) -> None:
        """Roll up what differs. Raises TransientError."""
        rolled = await self._store.rolled()
        days = days_to_roll(await self._store.counted(), rolled, self._now())
        self._metrics.days_behind.set(len(days))
        for done, day in enumerate(days):
            if not await self._roll(day, rolled.get(day)):
                break
            self._metrics.rolled.inc()
            self._metrics.days_behind.set(len(days) - done - 1)

    async def _roll(self, day: date, before: RolledDay | None) -> bool:
        store = self._store
        version = self._versions.after(day, before.version if before else 0, self._now())
        if before is not None and await store.events(day) < before.from_events:
            from_events = before.from_events
            await store.copy(day, before.version, version)
        else:
            await store.write_events(day, version)
            from_events = sum(await store.written(day, version))
        written, counted = await store.written(day, version), await self._counted(day)
        if written != counted:
            seen_before = self._differing.get(day) == (written, counted)
            self._differing[day] = (written, counted)
            if not seen_before or self._now() < _end_of(day) + PATIENCE:
                return False
            await store.make_up(day, version)
            written = await store.written(day, version)
            if written != await self._counted(day):
                return False
            logger.warning(
                "%s: %+d of %d clicks of the breakdowns are of unknown values: its events are not what was counted",
                day,
                sum(written) - from_events,
                sum(written),
            )
        self._differing.pop(day, None)
        await store.publish(day, RolledDay(version, written, from_events))
        await store.drop_earlier(day, version)
        return True

    async def _counted(self, day: date) -> ClassClicks:
        return (await self._store.counted()).get(day, ClassClicks())
