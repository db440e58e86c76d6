"""When a partition is flushed: early while ClickHouse has time, else when its oldest record has waited long enough,
or there are many, or no room. Pure.

    record ──gather──▶ early, if a flush may run beside those that do, and the partition's last one was long ago
           ──interval──────────────────────▶ in any case, a few partitions at a time
           ──interval, several times──────────────────────▶ where the partition is far behind

A flush costs ClickHouse the same whether it holds one event or hundreds, and leaves two parts to be merged. So a
partition with few events is flushed no more often than once an interval, however early; one with many twice, but
for half of its time at most: where ClickHouse is slow, there is nothing early any more. Partitions that are due
together wait for each other; early ones part by themselves, as each waits for its own last flush.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a partition waits for a flush: for how long its oldest record, how many events."""

    waited_s: float
    events: int
    behind: bool = False
    """Whether the log has much more for it: what is read is old already, and larger flushes catch up sooner."""
    since_flush_s: float = math.inf
    """How long ago its last flush began."""


@dataclass(frozen=True, slots=True)
class Flushing:
    """What a worker's partitions are doing: how many flushes run, and how long they take."""

    running: int = 0
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """`parallel` flushes may run at a time. `catch_up_patience` is how many times longer the records of a partition
    wait that is behind. `gather` is the part of the interval that records wait at least. `worth_events` are worth
    two flushes in an interval: one costs ClickHouse some 45 ms of CPU before its first row, 0.2 ms for each of so
    many events.
    """

    interval_s: float
    many_events: int
    parallel: int = 2
    catch_up_patience: float = 5
    gather: float = 0.1
    worth_events: int = 200

    def share(self, waiting: Waiting) -> float:
        """How long it has waited, as a share of how long it may."""
        return waiting.waited_s / self._patience_s(waiting)

    def is_due(self, waiting: Waiting, *, room: bool) -> bool:
        """Whether to flush now, whatever else is flushed; all that waits is, when there is no room."""
        return waiting.events >= self.many_events or not room or self.share(waiting) >= 1

    def may_be_early(self, flushing: Flushing) -> int:
        """How many flushes may be started that are not due."""
        return max(0, self.parallel - flushing.running)

    def is_early(self, waiting: Waiting, flushing: Flushing) -> bool:
        """Whether to flush now though it is not due, if another flush may run."""
        return self._early_in_s(waiting, flushing, many=waiting.events >= self.worth_events) <= 0

    def look_in_s(self, waiting: Waiting, flushing: Flushing) -> float:
        """When to look again at what waits, if no flush ends before: few events may have become many by then."""
        due_in_s = self._patience_s(waiting) - waiting.waited_s
        if not self.may_be_early(flushing):
            return max(0.0, due_in_s)
        early_in_s = self._early_in_s(waiting, flushing, many=True)
        return max(0.0, min(due_in_s, early_in_s if early_in_s > 0 else self.gather * self.interval_s))

    def _patience_s(self, waiting: Waiting) -> float:
        return self.interval_s * (self.catch_up_patience if waiting.behind else 1)

    def _early_in_s(self, waiting: Waiting, flushing: Flushing, *, many: bool) -> float:
        """Seconds until it may be flushed early."""
        if waiting.behind:
            return math.inf
        between_s = max(self.interval_s / 2, 2 * flushing.took_s) if many else self.interval_s
        return max(self.gather * self.interval_s - waiting.waited_s, between_s - waiting.since_flush_s)
