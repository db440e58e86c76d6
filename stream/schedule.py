"""When a partition is flushed: its oldest record has waited long enough, or there are many, or no room. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a partition waits for a flush: for how long its oldest record, how many events."""

    waited_s: float
    events: int
    behind: bool
    """Whether the log has much more for it: what is read is old already, and larger flushes catch up sooner."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`catch_up_patience` is how many times longer the records of a partition wait that is behind."""

    interval_s: float
    many_events: int
    catch_up_patience: float = 5

    def share(self, waiting: Waiting) -> float:
        """How long it has waited, as a share of how long it may."""
        return waiting.waited_s / (self.interval_s * (self.catch_up_patience if waiting.behind else 1))

    def is_due(self, waiting: Waiting, *, room: bool) -> bool:
        """Whether to flush now; all that waits is, when there is no room."""
        return waiting.events >= self.many_events or not room or self.share(waiting) >= 1

    def due_in_s(self, longest_share: float) -> float:
        """When to look again, where nothing has waited for more than this share."""
        return self.interval_s * max(0.0, 1 - longest_share)
