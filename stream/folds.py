"""Folds: named parts of a partition's state that follow from its log, each durable in the flush that changes it.

A fold says which kind its rows in the counter table have, what it adds to a flush's block, how it is read back
together with the head, and for how long a row is needed. Exactly once holds for every fold by the one chain: its
rows are in the same block as the offset that they cover, so whoever reads both at one instant is where the writer
was. `stream.dedup` is the first: it decides what counts. Those in FOLDS look at what was counted.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol

from stream.columns import EventColumns


class StateRow(NamedTuple):
    """A row of a fold in the counter table. Of the rows of one (spool, link) the highest value counts, of those
    with a `life` the highest of the latest life. `touched_s` is the Kafka time (seconds) that the row speaks of.
    """

    spool: str
    link: str
    value: int
    touched_s: int
    life: int = 0


class StateFold(Protocol):
    """The state of one fold for one topic-partition. A function of the log alone: it knows no clock but Kafka's.

    Values only rise: the table merges a key's rows by their highest. What is forgotten and begins again lower needs
    lives, as keys have in stream.dedup.
    """

    kind: int
    """Of its rows: one of schemas.counters, and nobody else's."""
    ttl_s: int
    """A row is needed until the head is so much later than its `touched_s`; it is forgotten by the log's time."""

    def restore(self, rows: Iterable[StateRow], now_s: int) -> None:
        """Begin with what was read back; `now_s` is the Kafka time that the head had reached."""

    def reach(self, now_s: int) -> None:
        """The next record's Kafka time (seconds), whatever is in it. Before an earlier one's: time stays."""

    def observe(self, columns: EventColumns, start: int) -> None:
        """The rows from `start` on were counted, now."""

    def take_rows(self) -> list[StateRow]:
        """What changed since the last call: the rows of the flush that begins."""

    def forget_expired(self) -> None:
        """Free memory of what no answer needs any more."""


FOLDS: Final[tuple[Callable[[], StateFold], ...]] = ()
"""What every partition keeps beside the dedup state."""
