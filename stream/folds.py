"""Every fold that a partition keeps beside its dedup state: to add one, name it here; see stream.state."""

from collections.abc import Sequence
from typing import Final

from stream.snapshots import SnapshotFold
from stream.state import StateFold, TimeBounds

FOLDS: Final[tuple[type[StateFold], ...]] = (SnapshotFold,)


def folds_of(topic: str, kinds: Sequence[type[StateFold]], bounds: TimeBounds) -> list[StateFold]:
    """New ones for a partition of a topic."""
    return [kind(bounds) for kind in kinds if topic in kind.topics]
