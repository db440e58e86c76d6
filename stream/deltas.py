"""What is folded and not yet durable: the records of a topic-partition since its last flush, as rows and counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stream.burials import Buried
from stream.columns import EventColumns
from stream.decode import Poison
from stream.state import KeptSnapshot, StateRow

WINDOW_MS: Final = 60_000
EVENT_BYTES: Final = 512
"""Where events are held as they came, as many bytes weigh as much as one that is held in columns."""


class Record(NamedTuple):
    """A Kafka record of an event topic; `timestamp_ms` is the broker's."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    headers: Iterable[tuple[str, bytes]]
    value: bytes | None


class Part(NamedTuple):
    """Rows that came in one record; `spool` is its batch's, "" where it has none.

    `reached_s` is the highest Kafka time (seconds) of the log up to it.
    """

    offset: int
    timestamp_ms: int
    reached_s: int
    spool: str
    rows: int


@dataclass(slots=True)
class Tally:
    """What became of the events of some records: events = counted + resent + dead letters."""

    records: int = 0
    counted: int = 0
    resent: int = 0
    dead_letters: int = 0
    late: int = 0
    gaps: int = 0

    @property
    def settled(self) -> int:
        """All events that came in."""
        return self.counted + self.resent + self.dead_letters

    @property
    def buried(self) -> Buried:
        """What was sent again is no event here."""
        return Buried(self.counted + self.dead_letters, self.dead_letters)

    def add(self, part: "Tally") -> None:
        """Count these too."""
        self.records += part.records
        self.counted += part.counted
        self.resent += part.resent
        self.dead_letters += part.dead_letters
        self.late += part.late
        self.gaps += part.gaps


@dataclass(slots=True)
class Deltas:
    """What one flush will make durable: its events are the rows of `columns`, by record in `parts`.

    `spools_of` holds, by row, the spools that events named as their own.
    """

    columns: EventColumns
    parts: list[Part] = field(default_factory=list)
    spools_of: dict[int, str] = field(default_factory=dict)
    spools: set[str] = field(default_factory=set)
    snapshots: list[KeptSnapshot] = field(default_factory=list)
    states: dict[int, list[StateRow]] = field(default_factory=dict)
    """What the folds add to the flush, by kind; filled when the deltas are taken."""
    poison: list[tuple[Record, Poison]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    lateness_ms: list[int] = field(default_factory=list)
    overweight: int = 0
    """How many events more the memory of snapshots weighs as much as: one may be 70 kB."""
    keys_reused: int = 0
    """Keys that came with other bytes than before: both are counted."""
    first_timestamp_ms: int = 0
    last_timestamp_ms: int = 0
