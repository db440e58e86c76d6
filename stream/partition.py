"""One topic-partition in the hands of its owner: fold, flush, rebuild."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeVar

from schemas.counters import Chain
from schemas.errors import TransientError
from schemas.events import TrafficClass
from schemas.retry import Retry, RetryPolicy
from stream.burials import FLUSHES_KEPT, BurialLimit, Burials
from stream.chain import NO_HEAD, Done, Flushed, Insert, InsertReply, Outcome, Overtaken, flush_steps
from stream.classify import Classifier
from stream.columns import ColumnsPool, EventColumns
from stream.dead_letters import DeadLetters
from stream.dedup import DedupState
from stream.event_rows import event_rows
from stream.fold import Deltas, Fold, Record, TimeBounds
from stream.folds import FOLDS, StateFold
from stream.judged import Judged, judging
from stream.metrics import StreamMetrics
from stream.refused import TooManyDeadLettersError, TopicRecreatedError
from stream.rows import Block, counter_rows
from stream.sink import Sink

logger = logging.getLogger(__name__)

T = TypeVar("T")

RETRY: Final = RetryPolicy(first_s=0.1, longest_s=5.0, jitter=0.0)


class Added(Enum):
    """What came of a record that Kafka delivered."""

    FOLDED = "folded"
    STALE = "stale"
    """Read before, or before the last rebuild: not needed."""
    HOLE = "hole"
    """Records before this one did not come: ask the broker whether there are any."""


@dataclass(frozen=True)
class Tools:
    """What every partition of a worker shares."""

    sink: Sink
    dead_letters: DeadLetters
    classifier: Classifier
    bounds: TimeBounds
    burial_limit: BurialLimit
    metrics: StreamMetrics
    epochs: Mapping[str, int]
    folds: Sequence[Callable[[], StateFold]] = FOLDS
    pool: ColumnsPool = field(default_factory=ColumnsPool)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    """Measures how long something waits, so that setting the time of day changes nothing."""
    wall_clock: Callable[[], float] = time.time


class Partition:
    """Folds one topic-partition and makes it durable, one flush in flight.

    Its whole state is a fold of the log up to the head in ClickHouse: `load` throws it away and begins there.
    """

    def __init__(self, topic: str, partition: int, tools: Tools) -> None:
        self.topic: Final = topic
        self.partition: Final = partition
        self.chain: Final = Chain(topic, tools.epochs[topic], partition)
        self.next_offset = 0
        self._tools = tools
        self._fold: Fold | None = None
        self._burials = Burials(tools.burial_limit)
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
    def dead_letter_ratio(self) -> float:
        """Dead letters among the last events that are durable."""
        return self._burials.ratio

    async def load(self, log_start: int, log_end: int, *, cause: str) -> int:
        """Read head and dedup state from ClickHouse; returns the offset to read from.

        `log_start` and `log_end` are the partition's first offset and the one after its last.
        Raises PartitionRefusedError. Waits as long as ClickHouse does not answer.
        """
        async with self._lock:
            self.forget(cause)
            folds = [new_fold() for new_fold in self._tools.folds]
            state = await self._until_answered(
                "read_state",
                lambda: self._tools.sink.read_state(self.chain, {fold.kind: fold.ttl_s for fold in folds}),
            )
            if state.head + 1 > log_end:
                setting = f"CLICKTALLY_STREAM_{self.topic.upper()}_EPOCH"
                raise TopicRecreatedError(
                    f"{self.topic}-{self.partition}: the counters cover offset {state.head}, the topic ends at"
                    f" {log_end}. If the topic was created anew, set {setting} to"
                    f" {self._tools.epochs[self.topic] + 1}; if the broker lost records, see"
                    " docs/runbooks/topic-recreated.md"
                )
            self._head = state.head
            self._first = self.next_offset = max(state.head + 1, log_start)
            missing = self._first - state.head - 1
            if missing and state.head != NO_HEAD:
                self._tools.metrics.log_gaps.labels(self.topic, str(self.partition)).inc(missing)
                logger.error(
                    "%d records were deleted by retention before they were counted",
                    missing,
                    extra={"topic": self.topic, "partition": self.partition, "offset": state.head + 1},
                )
            self._burials = Burials(
                self._tools.burial_limit,
                await self._until_answered(
                    "read_state",
                    lambda: self._tools.sink.read_last_flushes(self.chain, FLUSHES_KEPT),
                ),
            )
            for fold in folds:
                fold.restore(state.states.get(fold.kind, ()), state.now_s)
            dedup = DedupState(state.dedup, state.now_s)
            self._fold = Fold(dedup, self._tools.bounds, self._tools.pool, folds)
            self._tools.metrics.rebuilds.labels(cause).inc()
            return self.next_offset

    def forget(self, cause: str) -> None:
        """Throw away what is not durable; it will be read again, here or elsewhere."""
        if self._fold is not None and self._fold.deltas.tally.settled:
            self._tools.metrics.discarded.labels(self.topic, cause).inc(self._fold.deltas.tally.settled)
        self._fold = None

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
            self._buffering_since = self._tools.clock()
        tally = self._fold.add(record)
        self.next_offset = record.offset + 1
        self._tools.metrics.received.labels(self.topic).inc(tally.settled)
        if tally.gaps:
            self._tools.metrics.gaps.labels(self.topic).inc(tally.gaps)
            logger.error(
                "a spool's batch before this one never arrived",
                extra={"topic": self.topic, "partition": self.partition, "offset": record.offset},
            )
        return Added.FOLDED

    async def table_went_back(self) -> bool:
        """Whether the head in ClickHouse is not what it was: the table was restored, or another writer was here.

        Asked now and then of a partition that has nothing to flush, which would not notice otherwise.
        Raises TransientError.
        """
        async with self._lock:
            if self._fold is None or self.has_records:
                return False
            return await self._tools.sink.read_head(self.chain) != self._head

    async def flush(self) -> Outcome | None:
        """Make everything durable that was folded so far; None when there is nothing.

        1. Take what was folded from the head to `next_offset`: deltas, and the rows of every fold as they are now.
           What is folded from here on belongs to the next flush.
        2. Judge it, and make the blocks: a function of the log up to here and of the rules.
        3. Write its dead letters, then its events. Both may be written again: copies are told apart by their place
           in the log, and nothing says yet that they count.
        4. Insert counters, fold rows, marker and head as one block, on condition that the head is still ours,
           under a token of that head (stream.chain). Only this acknowledges the offsets.
        5. Read the head back: what it says happened, has.
        6. Take note of it. Kafka's committed offset follows later, for lag monitors.

        A crash before 4 leaves nothing that counts, and the records are read again. A crash from 4 on is found out
        by the next owner's `load`, which reads head and fold rows at one instant.

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
            deltas = fold.take_deltas()
            flushed = Flushed(self.chain, self._head, self._first, self.next_offset - 1)
            fold.forget_expired()
            self._in_flight = deltas
            discarded: str | None = "interrupted"
            try:
                judged = await self._judge(deltas.columns)
                counters = counter_rows(flushed, deltas, judged)
                events = event_rows(deltas, judged, self.topic, self.partition) if deltas.parts else None
                by_class = judged.by_class()
                self._tools.pool.give_back(deltas.columns)
                outcome = await self._write(flushed, deltas, counters, events)
                discarded = None if isinstance(outcome, Done) else type(outcome).__name__.lower()
            finally:
                self._in_flight = None
                if discarded is not None:
                    self._tools.metrics.discarded.labels(self.topic, discarded).inc(deltas.tally.settled)
                    self.forget(discarded)
            if discarded is None:
                self._head, self._first = flushed.last, flushed.last + 1
                self._tools.metrics.flush_seconds.observe(time.monotonic() - started)
                self._observe(flushed, deltas, by_class)
                self._burials.note(*_buried(deltas))
            return outcome

    async def _judge(self, columns: EventColumns) -> Judged:
        """Judge in turns: heartbeats and other partitions go on while strangers' agents are looked at."""
        steps = judging(columns, self._tools.classifier)
        while True:
            try:
                next(steps)
            except StopIteration as finished:
                judged: Judged = finished.value
                return judged
            await asyncio.sleep(0)

    def _refuse_burial(self, deltas: Deltas) -> None:
        too_many = self._burials.are_too_many(*_buried(deltas))
        if too_many is None:
            return
        self.forget("refused")
        reasons = Counter(poison.reason for _, poison in deltas.poison)
        raise TooManyDeadLettersError(
            f"{self.topic}-{self.partition}: {too_many[0]} of the last {too_many[1]} events would be dead letters,"
            f" now for {', '.join(f'{reason} ({count})' for reason, count in reasons.most_common(3))}. Nothing was"
            f" written from offset {self._first} on; see docs/runbooks/too-many-dead-letters.md"
        )

    async def _write(self, flushed: Flushed, deltas: Deltas, counters: Block, events: Block | None) -> Outcome:
        sink = self._tools.sink
        if deltas.poison:
            await self._until_answered("dead_letters", lambda: self._tools.dead_letters.write(deltas.poison))
        if events is not None:
            await self._until_answered("insert_events", lambda: sink.insert_events(events))
        outcome = await self._drive(flushed, counters)
        self._report(flushed, outcome)
        return outcome

    async def _drive(self, flushed: Flushed, counters: Block) -> Outcome:
        sink = self._tools.sink
        retry = self._retry("insert_counters")
        steps = flush_steps(flushed)
        step = next(steps)
        try:
            while True:
                if isinstance(step, Insert):
                    reply = InsertReply.ANSWERED
                    try:
                        await sink.insert_counters(flushed, counters, step.token)
                    except TransientError as error:
                        await retry.failed(error)
                        reply = InsertReply.UNKNOWN
                    step = steps.send(reply)
                else:
                    step = steps.send(
                        await self._until_answered("read_head", lambda: sink.read_head(flushed.chain))
                    )
        except StopIteration as finished:
            outcome: Outcome = finished.value
            return outcome

    async def _until_answered(self, operation: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Repeat what may be repeated until it worked, with growing pauses."""
        return await self._retry(operation).until_it_works(ask, on=TransientError)

    def _retry(self, operation: str) -> Retry:
        place = {"topic": self.topic, "partition": self.partition}
        return Retry(
            RETRY,
            on_first=lambda error: logger.warning("%s failed, trying again: %s", operation, error, extra=place),
            on_failure=lambda _error: self._tools.metrics.transient_errors.labels(operation).inc(),
            sleep=self._tools.sleep,
            clock=self._tools.clock,
        )

    def _report(self, flushed: Flushed, outcome: Outcome) -> None:
        metrics = self._tools.metrics
        place = {"topic": self.topic, "partition": self.partition, "offset": flushed.first}
        if isinstance(outcome, Done):
            metrics.flushes.labels("done").inc()
            if outcome.burned:
                metrics.burned.inc(outcome.burned)
                logger.warning("ClickHouse acknowledged a flush it did not keep; inserted again", extra=place)
        elif isinstance(outcome, Overtaken):
            metrics.flushes.labels("overtaken").inc()
            logger.warning("another writer moved the head to %d; rebuilding", outcome.head, extra=place)
        else:
            metrics.flushes.labels("rewound").inc()
            logger.error("the counters went back to offset %d; reading again", outcome.head, extra=place)

    def _observe(self, flushed: Flushed, deltas: Deltas, by_class: Mapping[TrafficClass, int]) -> None:
        metrics, topic = self._tools.metrics, self.topic
        tally = deltas.tally
        metrics.settled.labels(topic, "counted").inc(tally.counted)
        metrics.settled.labels(topic, "resent").inc(tally.resent)
        metrics.settled.labels(topic, "dead_letter").inc(tally.dead_letters)
        metrics.late.labels(topic).inc(tally.late)
        metrics.keys_reused.labels(topic).inc(deltas.keys_reused)
        for late_ms in deltas.lateness_ms:
            metrics.lateness.labels(topic).observe(late_ms / 1000)
        for _, poison in deltas.poison:
            metrics.dead_letters.labels(topic, poison.reason).inc()
        for traffic_class, count in by_class.items():
            metrics.counted_by_class.labels(topic, traffic_class).inc(count)
        metrics.head.labels(topic, str(self.partition)).set(flushed.last)
        metrics.last_flush.labels(topic, str(self.partition)).set_to_current_time()


def _buried(deltas: Deltas) -> tuple[int, int]:
    """(events, of which dead letters) of a flush; what was sent again is neither."""
    return deltas.tally.counted + deltas.tally.dead_letters, deltas.tally.dead_letters
