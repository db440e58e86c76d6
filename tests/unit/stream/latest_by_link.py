"""A second fold, for tests alone: when each link was last counted, remembered for an hour."""

from collections.abc import Iterable

from schemas.topics import EVENT_TOPICS
from stream.state import Counted, StateRow, TimeBounds
from tests.builders import BOUNDS

HOUR_S = 3600


class LatestByLink:
    """What a fold must do, and no more. Times are Kafka's, in seconds."""

    name = "latest"
    kind = 200
    topics: tuple[str, ...] = EVENT_TOPICS
    ttl_s = HOUR_S

    def __init__(self, _bounds: TimeBounds = BOUNDS) -> None:
        self._latest: dict[str, int] = {}
        self._changed: set[str] = set()
        self._now_s = 0

    def restore(self, rows: Iterable[StateRow], now_s: int) -> None:
        self._now_s = now_s
        self._latest = {row.link: row.value for row in rows}

    def reach(self, now_s: int) -> None:
        self._now_s = max(self._now_s, now_s)

    def __len__(self) -> int:
        return len(self._latest)

    def observe(self, counted: Counted) -> None:
        links = counted.columns.text("link").to_pylist()[counted.start :]
        for link in [*links, *(kept.snapshot.link for kept in counted.snapshots)]:
            self._latest[link] = self._now_s
            self._changed.add(link)

    def take_rows(self) -> list[StateRow]:
        changed, self._changed = self._changed, set()
        latest = self._latest
        return [StateRow(link=link, value=latest[link], touched_s=latest[link]) for link in sorted(changed)]

    def forget_expired(self) -> None:
        self._latest = self.latest()

    def latest(self) -> dict[str, int]:
        """What is remembered by now."""
        return {link: at_s for link, at_s in self._latest.items() if self._now_s - at_s <= self.ttl_s}
