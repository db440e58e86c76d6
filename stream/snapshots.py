"""Snapshots in the stream: which of them can be counted at all, and the fold that knows what counted before.

Nothing is forgotten: a period is corrected years later, and a post's life may become known when its days have long
been counted. So the state is as long as the counters that it explains. It is a function of the log alone, without
any clock.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.counters import FOREVER_S, SNAPSHOT
from schemas.errors import DeadLetterReason
from schemas.snapshots import Snapshot
from schemas.topics import IMPRESSIONS
from stream.periods import Period, Ranks, Reading
from stream.state import Counted, StateRow, TimeBounds
from stream.totals import PostTotals, reading_of, scope_of


class Refusal(NamedTuple):
    """Why a snapshot is a dead letter."""

    reason: DeadLetterReason
    detail: str


def refusal(snapshot: Snapshot, now_ms: int, bounds: TimeBounds) -> Refusal | None:
    """Why a snapshot cannot be counted, None where it can; `now_ms` is the broker's clock."""
    start_ms, end_ms = snapshot.start_ms, snapshot.end_ms
    if start_ms >= end_ms and (start_ms or end_ms):
        return Refusal("not_an_event", f"a period begins before it ends, not [{start_ms}, {end_ms})")
    if start_ms % 1000:
        return Refusal("not_an_event", f"a period begins at a whole second, not at {start_ms} ms")
    ahead_ms = max(snapshot.observed_ms, start_ms) - now_ms
    if ahead_ms > bounds.max_skew_ms:
        return Refusal("future", f"{ahead_ms} ms ahead of the broker's clock")
    behind_ms = now_ms - (snapshot.observed_ms if snapshot.is_lifetime else end_ms)
    if behind_ms > bounds.snapshot_max_age_ms:
        return Refusal("too_old", f"{behind_ms} ms behind the broker's clock")
    return None


class SnapshotFold:
    """The totals that count, of every post of this partition's links."""

    name = "snapshots"
    kind = SNAPSHOT
    ttl_s = FOREVER_S
    topics: tuple[str, ...] = (IMPRESSIONS,)

    def __init__(self, bounds: TimeBounds) -> None:
        self._opening_after_ms: Final = bounds.opening_after_ms
        self._posts: dict[tuple[str, str, str], PostTotals] = {}
        self._ranks = Ranks()
        self._changed: dict[tuple[tuple[str, str, str], Period], tuple[Reading, int]] = {}
        self._now_s = 0

    def __len__(self) -> int:
        """How many posts of links there are."""
        return len(self._posts)

    def restore(self, rows: Iterable[StateRow], now_s: int) -> None:
        """Begin with the readings that counted last."""
        self._now_s = now_s
        for row in rows:
            if row.reading is not None:
                scope = Period(row.window_s * 1000, row.scope)
                self._post((row.link, row.source, row.spool)).restore(scope, Reading(*row.reading), self._ranks)

    def reach(self, now_s: int) -> None:
        """Only said in the rows: no answer depends on it."""
        self._now_s = max(self._now_s, now_s)

    def observe(self, counted: Counted) -> None:
        """Note each snapshot's differences in it. One without a link waits to be sent again with one."""
        for kept in counted.snapshots:
            snapshot = kept.snapshot
            if not snapshot.link:
                continue
            key = (snapshot.link, snapshot.platform, snapshot.post)
            scope, reading = scope_of(snapshot), reading_of(snapshot)
            post = self._post(key)
            before = post.newest(scope)
            differences = post.take(scope, reading, self._ranks, is_old=self._is_old(snapshot))
            if differences is None:
                continue
            kept.differences = differences
            if before is not None and before.metric != reading.metric:
                kept.metric_before = before.metric
            self._changed[key, scope] = reading, self._now_s

    def _is_old(self, snapshot: Snapshot) -> bool:
        """Whether the first total of this post says nothing of when it was shown: so where nobody knows its age."""
        return snapshot.observed_ms - snapshot.published_ms > self._opening_after_ms

    def _post(self, key: tuple[str, str, str]) -> PostTotals:
        post = self._posts.get(key)
        if post is None:
            post = self._posts[key] = PostTotals()
        return post

    def take_rows(self) -> list[StateRow]:
        """The newest reading of every scope that got one since the last call."""
        changed, self._changed = self._changed, {}
        return [
            StateRow(
                spool=post,
                link=link,
                source=platform,
                window_s=scope.start_ms // 1000,
                scope=scope.end_ms,
                reading=reading,
                touched_s=touched_s,
            )
            for ((link, platform, post), scope), (reading, touched_s) in sorted(changed.items())
        ]

    def forget_expired(self) -> None:
        """Nothing expires."""

    def totals(self) -> dict[tuple[str, str, str], int]:
        """What counts of each (link, platform, post)."""
        return {key: post.total() for key, post in self._posts.items()}
