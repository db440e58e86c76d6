"""A second fold, for tests alone: when each link was last counted, remembered for an hour."""

from collections.abc import Iterable

from schemas.counters import SNAPSHOT
from stream.columns import EventColumns
from stream.folds import StateRow

HOUR_S = 3600


class LatestByLink:
    """What a fold must do, and no more. Times are Kafka's, in seconds."""

    kind = SNAPSHOT
    ttl_s = HOUR_S

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}
        self._changed: set[str] = set()
        self._now_s = 0

    def restore(self, rows: Iterable[StateRow], now_s: int) -> None:
        self._now_s = now_s
        self._latest = {row.link: row.value for row in rows}

    def reach(self, now_s: int) -> None:
        self._now_s = max(self._now_s, now_s)

    def observe(self, columns: EventColumns, start: int) -> None:
        for link in columns.text("link").to_pylist()[start:]:
            self._latest[link] = self._now_s
            self._changed.add(link)

    def take_rows(self) -> list[StateRow]:
        changed, self._changed = self._changed, set()
        return [StateRow("", link, self._latest[link], self._latest[link]) for link in sorted(changed)]

    def forget_expired(self) -> None:
        self._latest = self.latest()

    def latest(self) -> dict[str, int]:
        """What is remembered by now."""
        return {link: at_s for link, at_s in self._latest.items() if self._now_s - at_s <= self.ttl_s}
