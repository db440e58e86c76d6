"""Where a partition begins: its state as ClickHouse has it, read at one instant, and the offset to read from."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.counters import Chain
from stream.burials import FLUSHES_KEPT, Burials
from stream.chain import NO_HEAD
from stream.dedup import DedupState
from stream.fold import Fold
from stream.folds import folds_of
from stream.refused import TopicRecreatedError
from stream.repeats import Repeats
from stream.shared import Shared
from stream.state import StateRow
from stream.tries import Tries

_AT_ONCE_BYTES: Final = 250_000
"""Of remembered clicks: ten thousand, 20 ms."""


@dataclass(frozen=True)
class Loaded:
    """A fold on the state of `head`; `first` is the next offset that is there to be read."""

    head: int
    first: int
    fold: Fold
    repeats: Repeats | None
    """Of clicks alone."""
    burials: Burials

    @property
    def missing(self) -> int:
        """Records after the head that retention took."""
        return 0 if self.head == NO_HEAD else self.first - self.head - 1


async def _restore(repeats: Repeats, rows: Sequence[StateRow]) -> None:
    """Half a million clicks take a second, almost all of it in C: heartbeats and other partitions go on."""
    if sum(len(row.recent.clicks) for row in rows if row.recent is not None) > _AT_ONCE_BYTES:
        await asyncio.to_thread(repeats.restore, rows)
    else:
        repeats.restore(rows)


async def load(chain: Chain, shared: Shared, tries: Tries, *, log_start: int, log_end: int) -> Loaded:
    """Read a partition's state back, and say where reading goes on.

    `log_start` and `log_end` are the partition's first offset and the one after its last.

    Raises PartitionRefusedError. Waits as long as ClickHouse does not answer.
    """
    folds = folds_of(chain.topic, shared.folds, shared.bounds)
    repeats = Repeats(shared.repeat_limits) if chain.topic in Repeats.topics else None
    ttls = {fold.kind: fold.ttl_s for fold in folds}
    if repeats is not None:
        ttls[repeats.kind] = repeats.ttl_s
    state = await tries.until_answered("read_state", lambda: shared.sink.read_state(chain, ttls))
    if state.head + 1 > log_end:
        raise TopicRecreatedError(
            f"{chain.topic}-{chain.partition}: the counters cover offset {state.head}, the topic ends at"
            f" {log_end}. If the topic was created anew, set CLICKTALLY_STREAM_{chain.topic.upper()}_EPOCH to"
            f" {chain.epoch + 1}; if the broker lost records, see docs/runbooks/topic-recreated.md"
        )
    flushes = await tries.until_answered("read_state", lambda: shared.sink.read_last_flushes(chain, FLUSHES_KEPT))
    for fold in folds:
        fold.restore(state.states.get(fold.kind, ()), state.now_s)
    if repeats is not None:
        await _restore(repeats, state.states.get(repeats.kind, ()))
    dedup = DedupState(state.dedup, state.now_s)
    return Loaded(
        head=state.head,
        first=max(state.head + 1, log_start),
        fold=Fold(dedup, shared.bounds, shared.pool, folds),
        repeats=repeats,
        burials=Burials(shared.burial_limit, flushes),
    )
