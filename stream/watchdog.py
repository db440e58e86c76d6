"""Whether a partition is stuck: there is something to read, and nothing was read for too long. Pure."""

from collections.abc import Hashable, Iterable


class Watchdog:
    """Looks at each partition now and then. Time counts only while it saw that there was something to read:
    while Kafka was away, or there was no room, nobody was stuck.
    """

    def __init__(self, stalled_after_s: float) -> None:
        self._stalled_after_s = stalled_after_s
        self._stuck_at: dict[Hashable, tuple[int, float]] = {}

    def is_stalled(self, place: Hashable, *, next_offset: int, end: int, now: float) -> bool:
        """Whether `next_offset`, before the log's `end`, has not moved for longer than it may."""
        if end <= next_offset:
            self.excuse(place)
            return False
        at, since = self._stuck_at.get(place, (-1, now))
        if at != next_offset:
            since = now
        self._stuck_at[place] = next_offset, since
        return now - since > self._stalled_after_s

    def excuse(self, place: Hashable) -> None:
        """Nothing was to be read, or could be."""
        self._stuck_at.pop(place, None)

    def excuse_all(self) -> None:
        """Nobody knows what was to be read."""
        self._stuck_at.clear()

    def keep(self, places: Iterable[Hashable]) -> None:
        """Forget all others."""
        wanted = set(places)
        self._stuck_at = {place: stuck for place, stuck in self._stuck_at.items() if place in wanted}
