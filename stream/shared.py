"""What the partitions of a worker share: the rules of counting, where their flushes go, their clocks."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stream.burials import BurialLimit
from stream.classify import Classifier
from stream.columns import ColumnsPool
from stream.dead_letters import DeadLetters
from stream.enrich.enricher import Enricher
from stream.folds import FOLDS
from stream.metrics import StreamMetrics
from stream.repeats import RepeatLimits
from stream.sink import Sink
from stream.state import StateFold, TimeBounds


@dataclass(frozen=True)
class Shared:
    """`epochs` by topic; `folds` make what each partition keeps beside its dedup state."""

    sink: Sink
    dead_letters: DeadLetters
    classifier: Classifier
    enricher: Enricher
    bounds: TimeBounds
    burial_limit: BurialLimit
    metrics: StreamMetrics
    epochs: Mapping[str, int]
    folds: Sequence[type[StateFold]] = FOLDS
    repeat_limits: RepeatLimits = field(default_factory=RepeatLimits)
    pool: ColumnsPool = field(default_factory=ColumnsPool)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    """Measures how long something waits, so that setting the time of day changes nothing."""
    wall_clock: Callable[[], float] = time.time
