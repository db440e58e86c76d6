"""What is answered together: the events of one turn of the event loop in one append, then everybody's answers."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final, Protocol

from redirector.serve.counts import Counts, Outcome
from redirector.serve.latency import Latency
from redirector.serve.recorder import Recorder
from schemas.events import Event

SETTLE_AFTER: Final = 64
"""Answers that may wait for each other's append: keeps the first of a busy turn from waiting for the last."""


class Waiting(Protocol):
    """A connection with answers that wait for the append."""

    responses: list[bytes]

    def send(self, *, kept: bool) -> None:
        """Write the answers. Not `kept`: the events behind them are not in the spool, and the answers say so."""


class Turn:
    """Gathers until it settles: by itself at the end of the event loop's turn, or because it is full."""

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
