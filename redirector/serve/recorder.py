"""Where events enter the spool, and the answers that wait for it.

Events get their numbers, are appended in one write, and are kept or not. What the fast lane answers in one turn of
the event loop is one such write.
"""

import errno
import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final, Protocol

import msgspec
from msgspec.structs import force_setattr

from redirector.serve.counts import Counts, DropReason, Outcome
from redirector.serve.latency import Latency
from redirector.spool.writer import SpoolFullError
from schemas.events import Event
from schemas.snapshots import Snapshot

SETTLE_AFTER: Final = 64
"""Answers that may wait for each other's append: keeps the first of a busy turn from waiting for the last."""
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_log: Final = logging.getLogger(__name__)


class Spool(Protocol):
    """What of a SpoolWriter is used here."""

    def take_seq(self) -> int:
        """The next event's number."""

    def append(self, lines: bytes) -> None:
        """Keep whole lines; raises SpoolFullError when nothing of them remains."""


class Recorder:
    """The one way into the spool. Numbers rise in it because an event gets its number as it is written."""

    def __init__(self, spool: Spool, counts: Counts) -> None:
        self._take_seq: Final = spool.take_seq
        self._append: Final = spool.append
        self._counts: Final = counts
        self._encode_lines: Final = msgspec.json.Encoder().encode_lines
        self.trouble = ""
        """Why the spool cannot be written; empty when it can, or is merely full."""

    def record(self, events: Sequence[Event | Snapshot], *, refused: bool = False) -> bool:
        """Append all of the events or none, in one write. False: none is kept, and each is counted as dropped.

        An event without a number gets the next. `refused`: the client is told to send them again, so what is
        not kept counts as that and not as the spool's loss.
        """
        if not events:
            return True
        counts = self._counts
        counts.received += len(events)
        reason: DropReason | None = "spool_error"  # whatever is raised, it was not kept
        try:
            for event in events:
                if not event.seq:
                    force_setattr(event, "seq", self._take_seq())
            self._append(self._encode_lines(events))
            self.trouble = ""
            reason = None
        except SpoolFullError as error:
            reason = self._full_or_broken(error)
        finally:
            if reason is None:
                counts.appended += len(events)
            else:
                counts.dropped["refused" if refused else reason] += len(events)
        return reason is None

    def _full_or_broken(self, error: SpoolFullError) -> DropReason:
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno in _NO_SPACE:
            self.trouble = ""
            return "spool_full"
        if not self.trouble:
            _log.error("the spool cannot be written, events are dropped until it can: %s", cause)
        self.trouble = f"the spool cannot be written: {cause.strerror}"
        return "spool_error"


class Waiting(Protocol):
    """A connection with answers that wait for the append."""

    responses: list[bytes]

    def send(self, *, kept: bool) -> None:
        """Write the answers. Not `kept`: the events behind them are not in the spool, and the answers say so."""


class PendingAnswers:
    """Events and answers of one turn of the event loop. They settle at its end by themselves, or when full."""

    def __init__(
        self,
        recorder: Recorder,
        counts: Counts,
        latency: Latency,
        *,
        call_soon: Callable[[Callable[[], None]], object],
        clock_s: Callable[[], float] = perf_counter,
    ) -> None:
        self._recorder: Final = recorder
        self._outcomes: Final = counts.outcomes
        self._latency: Final = latency
        self._call_soon: Final = call_soon
        self._clock_s: Final = clock_s
        self._began_s = 0.0
        self._events: list[Event] = []
        self._waiting: list[Waiting] = []
        self._answered: dict[Outcome, int] = {}
        self._count = 0

    def add(self, connection: Waiting, response: bytes, outcome: Outcome, event: Event | None) -> None:
        """Have `connection` send `response` once `event`, if there is one, is in the spool."""
        if not self._count:
            self._began_s = self._clock_s()
            self._call_soon(self.settle)
        if event is not None:
            self._events.append(event)
        if not connection.responses:
            self._waiting.append(connection)
        connection.responses.append(response)
        self._answered[outcome] = self._answered.get(outcome, 0) + 1
        self._count += 1
        if self._count >= SETTLE_AFTER:
            self.settle()

    def settle(self) -> None:
        """Append what was gathered and send the answers, now. Whatever fails on the way, everybody is answered."""
        if not self._count:
            return
        events, self._events = self._events, []
        waiting, self._waiting = self._waiting, []
        answered, self._answered = self._answered, {}
        self._count = 0
        kept = False
        try:
            kept = self._recorder.record(events)
        finally:
            for outcome, count in answered.items():
                self._outcomes[outcome] += count
            _send(waiting, kept=kept)
            self._latency.add(answered, self._clock_s() - self._began_s)


def _send(waiting: Sequence[Waiting], *, kept: bool) -> None:
    """Have all send; what one of them raises is raised when the others are done."""
    connections = iter(waiting)
    for connection in connections:
        try:
            connection.send(kept=kept)
        except BaseException:
            _send(list(connections), kept=kept)
            raise
