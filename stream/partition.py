"""One topic-partition in the hands of its owner: load, add, flush."""

import asyncio
import time
from collections import Counter
from enum import Enum
from typing import Final

from schemas.counters import Chain
from stream.books import Books
from stream.burials import Burials
from stream.chain import NO_HEAD, Done, Flushed, Outcome
from stream.deltas import Deltas, Record
from stream.flush import Flusher
from stream.fold import Fold
from stream.load import load
from stream.refused import TooManyDeadLettersError
from stream.repeats import Repeats
from stream.shared import Shared
from stream.tries import Tries


class Added(Enum):
    """What came of a record that Kafka delivered."""

    FOLDED = "folded"
    STALE = "stale"
    """Read before, or before the last rebuild: not needed."""
    HOLE = "hole"
    """Records before this one did not come: ask the broker whether there are any."""


class Partition:
    """Folds one topic-partition and makes it durable, one flush in flight.

    Its whole state is a fold of the log up to the head in ClickHouse: `load` throws it away and begins there.
    """

    def __init__(self, topic: str, partition: int, shared: Shared) -> None:
        self.chain: Final = Chain(topic, shared.epochs[topic], partition)
        self.next_offset = 0
        self._shared = shared
        self._tries = Tries(self.chain, shared)
        self._flusher = Flusher(self.chain, shared, self._tries)
        self._books = Books(self.chain, shared.metrics)
        self._fold: Fold | None = None
        self._repeats: Repeats | None = None
        self._burials = Burials(shared.burial_limit)
        self._head = NO_HEAD
        self._first = 0
        self._in_flight: Deltas | None = None
        self._buffering_since = 0.0
        self._lock = asyncio.Lock()

    @property
    def head(self) -> int:
        """The last offset known to be durable, NO_HEAD where there is none."""
        return self._head

    @property
    def loaded(self) -> bool:
        """Whether there is a state to fold records onto."""
        return self._fold is not None

    @property
    def buffered_events(self) -> int:
        """Events folded since the last flush began; those in flight are not among them."""
        return self._fold.deltas.tally.settled if self._fold else 0

    @property
    def buffered_weight(self) -> int:
        """The same for who looks after memory: what is large counts as several."""
        return self.buffered_events + (self._fold.deltas.overweight if self._fold else 0)

    @property
    def unsettled_events(self) -> int:
        """Events folded and not yet known to be durable, those in flight included."""
        return self.buffered_events + (self._in_flight.tally.settled if self._in_flight else 0)

    def waited_s(self, now: float) -> float:
        """How long the first record that no flush has taken yet has waited here; 0 when there is none."""
        return now - self._buffering_since if self.has_records else 0.0

    @property
    def has_records(self) -> bool:
        """Whether a flush would have anything to make durable."""
        return self._fold is not None and self._fold.deltas.tally.records > 0

    @property
    def oldest_ms(self) -> int | None:
        """Kafka time of the oldest record that is not durable, None when all are."""
        for deltas in (self._in_flight, self._fold.deltas if self._fold else None):
            if deltas is not None and deltas.tally.records:
                return deltas.first_timestamp_ms
        return None

    @property
    def dedup_spools(self) -> int:
        """How many spools the dedup state holds."""
        return len(self._fold.dedup) if self._fold else 0

    @property
    def fold_entries(self) -> dict[str, int]:
        """How many entries each of the other folds holds, by its name."""
        if self._fold is None:
            return {}
        entries = {fold.name: len(fold) for fold in self._fold.folds}
        return entries if self._repeats is None else entries | {self._repeats.name: len(self._repeats)}

    @property
    def dead_letter_ratio(self) -> float:
        """Dead letters among the last events that are durable."""
        return self._burials.ratio

    async def load(self, log_start: int, log_end: int, *, cause: str) -> int:
        """Read the state from ClickHouse; returns the offset to read from.

        `log_start` and `log_end` are the partition's first offset and the one after its last.
        Raises PartitionRefusedError. Waits as long as ClickHouse does not answer.
        """
        async with self._lock:
            self.forget(cause)
            loaded = await load(self.chain, self._shared, self._tries, log_start=log_start, log_end=log_end)
            self._head, self._burials = loaded.head, loaded.burials
            self._first = self.next_offset = loaded.first
            if loaded.missing:
                self._books.missing(loaded.head + 1, loaded.missing)
            self._fold, self._repeats = loaded.fold, loaded.repeats
            self._books.loaded(cause)
            return self.next_offset

    def forget(self, cause: str) -> None:
        """Throw away what is not durable; it will be read again, here or elsewhere."""
        self._books.discarded(cause, self.buffered_events)
        self._fold = self._repeats = None

    def pass_hole(self, offset: int) -> None:
        """Expect `offset` next: the broker says that nothing lies between, as before a transaction's marker."""
        self.next_offset = offset

    def add(self, record: Record) -> Added:
        """Fold one record, if it is the next one."""
        if self._fold is None or record.offset < self.next_offset:
            return Added.STALE
        if record.offset > self.next_offset:
            return Added.HOLE
        if not self.has_records:
            self._buffering_since = self._shared.clock()
        tally = self._fold.add(record)
        self.next_offset = record.offset + 1
        self._books.received(record.offset, tally)
        return Added.FOLDED

    async def table_went_back(self) -> bool:
        """Whether the head in ClickHouse is not what it was: the table was restored, or another writer was here.

        Looked at now and then in a partition that has nothing to flush, which would not notice otherwise.
        Raises TransientError.
        """
        async with self._lock:
            if self._fold is None or self.has_records:
                return False
            return await self._shared.sink.read_head(self.chain) != self._head

    async def flush(self) -> Outcome | None:
        """Make everything durable that was folded so far; None when there is nothing. See stream.flush.

        Raises PartitionRefusedError when too much of it would be buried; nothing is written then.
        After Overtaken and Rewound the state is forgotten: `load` it again. Cancelling is safe: whatever the
        insert came to, the next `load` finds out.
        """
        async with self._lock:
            fold = self._fold
            if fold is None or not self.has_records:
                return None
            started = time.monotonic()
            self._refuse_burial(fold.deltas)
            self._books.flushing(self.waited_s(self._shared.clock()))
            deltas = fold.take_deltas()
            flushed = Flushed(self.chain, self._head, self._first, self.next_offset - 1)
            fold.forget_expired()
            self._in_flight = deltas
            cause: str | None = "interrupted"
            try:
                ended = await self._flusher.flush(flushed, deltas, self._repeats)
                self._books.ended(flushed, ended.outcome)
                cause = None if isinstance(ended.outcome, Done) else type(ended.outcome).__name__.lower()
            finally:
                self._in_flight = None
                if cause is not None:
                    self._books.discarded(cause, deltas.tally.settled)
                    self.forget(cause)
            if cause is None:
                self._head, self._first = flushed.last, flushed.last + 1
                self._books.settled(flushed, deltas, ended.by_class, time.monotonic() - started)
                self._burials.note(deltas.tally.buried)
            return ended.outcome

    def _refuse_burial(self, deltas: Deltas) -> None:
        window = self._burials.are_too_many(deltas.tally.buried)
        if window is None:
            return
        self.forget("refused")
        reasons = Counter(poison.reason for _, poison in deltas.poison).most_common(3)
        raise TooManyDeadLettersError(
            f"{self.chain.topic}-{self.chain.partition}: {window.dead_letters} of the last {window.events} events"
            f" would be dead letters, now for {', '.join(f'{why} ({count})' for why, count in reasons)}."
            f" Nothing was written from offset {self._first} on; see docs/runbooks/too-many-dead-letters.md"
        )
