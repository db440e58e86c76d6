"""The counter table's terms, for who writes it and who checks it: kinds of rows, names of chains, lifetimes."""

from typing import Final, NamedTuple

DELTA: Final = 0
HEAD: Final = 1
MARKER: Final = 2
DEDUP: Final = 3
SNAPSHOT: Final = 4
GAP: Final = 5
REPEATS: Final = 6
"""Kinds of rows; schemas/clickhouse/migrations/0001_counters.sql says what each holds."""

RECOUNT: Final = "recount"
"""`topic` of deltas that correct classes (stream.recount), and of the chain that makes each correction once."""

SPOOL_TTL_S: Final = 110 * 24 * 3600
"""How long after its last event a host's spool is remembered: longer than any accepted event is old, so a resend
after it is a dead letter, never a second count. Keys have a life of their own: schemas.idempotency."""

FOREVER_S: Final = 2**40
"""For folds that forget nothing."""

GROWTH: Final = "snapshot"
OPENING: Final = "opening"
REVISION: Final = "revision"
DIFFERENCE_SOURCES: Final = (GROWTH, OPENING, REVISION)
"""Sources of impressions that are differences of a platform's totals, and no events. Opening: the first total of a
post that was not new, which tells nothing of when it was shown. Revision: corrections, of either sign."""

READING: Final = "Tuple(place Int8, metric String, observed_ms Int64, total UInt64)"
"""The type of the column `reading`: what a platform said, the highest of a key counts."""
RECENT: Final = "Tuple(touched_s UInt32, first_offset Int64, clicks String)"
"""The type of the column `recent`: clicks of a flush, the newest of a slot count."""


class Chain(NamedTuple):
    """The unbroken sequence of flushes of a topic-partition; a topic that was made anew begins another epoch."""

    topic: str
    epoch: int
    partition: int

    @property
    def name(self) -> str:
        """What stands in the column `topic` of its heads, markers and gaps."""
        return f"{self.topic}@{self.epoch}"

    def __str__(self) -> str:
        return f"{self.name}-{self.partition}"


def topic_and_epoch(name: str) -> tuple[str, int]:
    """What a chain's `name` is made of; epoch 0 for a name without one."""
    topic, at, epoch = name.rpartition("@")
    return (topic, int(epoch)) if at and epoch.isascii() and epoch.isdigit() else (topic or name, 0)
