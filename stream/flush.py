"""A flush: what was folded becomes durable, all of it or nothing, exactly once.

1. Take what was folded from the head to the next offset: deltas, and the rows of every fold as they are now.
   What is folded from here on belongs to the next flush.
2. Judge and enrich it, find what repeats earlier clicks, and make the blocks: a function of the log up to here, of
   the rules, and of the fold that remembers clicks.
3. Write its dead letters, then its events and snapshots. They may be written again: copies are told apart by
   their place in the log, and nothing says yet that they count.
4. Insert counters, fold rows, marker and head as one block, on condition that the head is still ours,
   under a token of that head (stream.chain). Only this acknowledges the offsets.
5. Read the head back: what it says happened, has.
6. Take note of it. Kafka's committed offset follows later, for lag monitors.

A crash before 4 leaves nothing that counts, and the records are read again. A crash from 4 on is found out
by the next owner's `load`, which reads head and fold rows at one instant.

1 and 6 are the partition's, 2 to 5 are here.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

from schemas.counters import Chain
from schemas.errors import TransientError
from schemas.events import TrafficClass
from schemas.retry import Retry
from stream.chain import Flushed, Insert, InsertReply, Outcome, flush_steps
from stream.deltas import Deltas
from stream.enriched import enriching
from stream.event_rows import event_rows
from stream.judged import judging
from stream.repeats import Repeats
from stream.rows import Block, counter_rows
from stream.shared import Shared
from stream.sink import Sink
from stream.snapshot_rows import snapshot_rows
from stream.tries import Tries
from stream.turns import in_turns


@dataclass(frozen=True, slots=True)
class Ended:
    """What a flush came to, and how many of its events had each traffic class."""

    outcome: Outcome
    by_class: Counter[TrafficClass]


class Flusher:
    """Makes the flushes of one chain durable, one at a time."""

    def __init__(self, chain: Chain, shared: Shared, tries: Tries) -> None:
        self._chain: Final = chain
        self._shared: Final = shared
        self._tries: Final = tries

    async def flush(self, flushed: Flushed, deltas: Deltas, repeats: Repeats | None = None) -> Ended:
        """Returns when it is known what became of it. Cancelling is safe: the next `load` finds out.

        The memory of the deltas' columns is given back as soon as the blocks are made.
        """
        with self._took("rows"):
            judged = await in_turns(judging(deltas.columns, self._shared.classifier))
            if repeats is not None:
                judged, deltas.states[repeats.kind] = repeats.judge(judged, deltas.parts)
            counters = counter_rows(flushed, deltas, judged)
            events = None
            if deltas.parts:
                enriched = await in_turns(enriching(judged, self._shared.enricher))
                events = event_rows(deltas, judged, enriched, self._chain)
            by_class = judged.by_class()
            self._shared.pool.give_back(deltas.columns)
            snapshots = snapshot_rows(deltas.snapshots, self._chain) if deltas.snapshots else None
        await self._write_evidence(deltas, events, snapshots)
        return Ended(await commit(flushed, counters, self._shared.sink, self._tries.of, self._took), by_class)

    async def _write_evidence(self, deltas: Deltas, events: Block | None, snapshots: Block | None) -> None:
        shared, until_answered = self._shared, self._tries.until_answered
        if deltas.poison:
            with self._took("dead_letters"):
                await until_answered("dead_letters", lambda: shared.dead_letters.write(deltas.poison))
        if events is not None:
            with self._took("events"):
                await until_answered("insert_events", lambda: shared.sink.insert_events(events))
        if snapshots is not None:
            with self._took("snapshots"):
                await until_answered("insert_snapshots", lambda: shared.sink.insert_snapshots(snapshots))

    def _took(self, stage: str) -> AbstractContextManager[object]:
        return self._shared.metrics.flush_stage.labels(stage).time()


def _untimed(_stage: str) -> AbstractContextManager[object]:
    return nullcontext()


async def commit(
    flushed: Flushed,
    block: Block,
    sink: Sink,
    retries: Callable[[str], Retry],
    took: Callable[[str], AbstractContextManager[object]] = _untimed,
) -> Outcome:
    """Drive the chain's protocol (4 and 5) to its end.

    `retries` makes one for an operation's name; `took` is entered for as long as a stage lasts.
    """
    inserting, reading = retries("insert_counters"), retries("read_head")
    steps = flush_steps(flushed)
    step = next(steps)
    try:
        while True:
            if isinstance(step, Insert):
                reply = InsertReply.ANSWERED
                try:
                    with took("counters"):
                        await sink.insert_counters(flushed, block, step.token)
                except TransientError as error:
                    await inserting.failed(error)
                    reply = InsertReply.UNKNOWN
                step = steps.send(reply)
            else:
                with took("head"):
                    head = await reading.until_it_works(lambda: sink.read_head(flushed.chain), on=TransientError)
                step = steps.send(head)
    except StopIteration as finished:
        outcome: Outcome = finished.value
        return outcome
