"""Which scopes and times of a snapshot are taken: the stream's bounds, for whoever sends some."""

from typing import Final, NamedTuple

from schemas.errors import DeadLetterReason
from schemas.event_times import MAX_SKEW_S, SNAPSHOT_MAX_AGE_DAYS
from schemas.snapshots import Snapshot

_DAY_MS: Final = 24 * 3600 * 1000
_SECOND_MS: Final = 1000


class SnapshotFault(NamedTuple):
    """Why a snapshot would be a dead letter."""

    reason: DeadLetterReason
    field: str
    detail: str


def snapshot_fault(snapshot: Snapshot, now_ms: int) -> SnapshotFault | None:
    """Why a snapshot that is sent now would not be counted, by the usual bounds; None where it would be."""
    start_ms, end_ms = snapshot.start_ms, snapshot.end_ms
    if (end_ms or start_ms) and start_ms >= end_ms:
        return SnapshotFault("not_an_event", "end_ms", f"a period ends after it begins, not [{start_ms}, {end_ms})")
    if start_ms % _SECOND_MS:
        return SnapshotFault("not_an_event", "start_ms", f"a period begins at a whole second, not at {start_ms} ms")
    latest = "observed_ms" if snapshot.observed_ms >= start_ms else "start_ms"
    ahead_ms = max(snapshot.observed_ms, start_ms) - now_ms
    if ahead_ms > MAX_SKEW_S * 1000:
        return SnapshotFault("future", latest, f"it lies {ahead_ms / 1000:,.0f} s in the future")
    oldest = "observed_ms" if snapshot.is_lifetime else "end_ms"
    behind_ms = now_ms - (snapshot.observed_ms if snapshot.is_lifetime else end_ms)
    if behind_ms > SNAPSHOT_MAX_AGE_DAYS * _DAY_MS:
        detail = f"it is {behind_ms / _DAY_MS:,.1f} days old, at most {SNAPSHOT_MAX_AGE_DAYS:g} are taken"
        return SnapshotFault("too_old", oldest, detail)
    return None
