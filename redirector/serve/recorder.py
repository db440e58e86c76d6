"""Where events enter the spool: in the order of their numbers, before anybody is answered."""

import errno
import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from redirector.serve.counts import Counts, DropReason
from redirector.spool.writer import SpoolFullError
from schemas.events import Event

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_log: Final = logging.getLogger(__name__)


class Spool(Protocol):
    """What of a SpoolWriter is used here."""

    def take_seq(self) -> int:
        """The next event's number."""

    def append(self, lines: bytes) -> None:
        """Keep whole lines; raises SpoolFullError when nothing of them remains."""


class Recorder:
    """Appends events one at a time, or all of one turn of the event loop in one write.

    Numbers must rise within the spool, so everything that appends settles first what waits.
    """

    def __init__(self, spool: Spool, counts: Counts) -> None:
        self._spool: Final = spool
        self._counts: Final = counts
        self._encode: Final = msgspec.json.Encoder().encode
        self._waiting: list[bytes] = []
        self._on_settled: Callable[[bool], None] = lambda _kept: None
        self.next_seq: Final = spool.take_seq
        self.trouble = ""
        """Why the spool cannot be written; empty when it can, or is merely full."""

    @property
    def waiting(self) -> int:
        """How many added events wait for `settle`."""
        return len(self._waiting)

    def settles(self, on_settled: Callable[[bool], None]) -> None:
        """Have `on_settled` called at the end of each `settle` with whether the events were kept."""
        self._on_settled = on_settled

    def add(self, event: Event) -> None:
        """Take an event whose seq is `next_seq()`; it is kept once `settle` says so."""
        self._counts.received += 1
        self._waiting.append(self._encode(event))

    def settle(self) -> None:
        """Append what waits in one write, then have it answered."""
        lines, self._waiting = self._waiting, []
        self._on_settled(not lines or self._append(lines, None))

    def record(self, event: Event) -> bool:
        """Append one event now. False: it could not be kept, and is counted as dropped."""
        return self.record_all([event], refused=False)

    def record_all(self, events: Sequence[Event], *, refused: bool) -> bool:
        """Append all of the events or none, in one write. False: none is kept.

        An event without a seq gets the next. `refused`: the client is told to send them again, so what is
        not kept counts as that and not as the spool's loss.
        """
        self.settle()
        lines = [
            self._encode(event if event.seq else msgspec.structs.replace(event, seq=self.next_seq()))
            for event in events
        ]
        self._counts.received += len(lines)
        return self._append(lines, "refused" if refused else None)

    def _append(self, lines: list[bytes], refused: DropReason | None) -> bool:
        if not lines:
            return True
        reason: DropReason
        try:
            self._spool.append(b"\n".join([*lines, b""]))
        except SpoolFullError as error:
            reason = self._full_or_broken(error)
        else:
            self._counts.appended += len(lines)
            self.trouble = ""
            return True
        self._counts.dropped[refused or reason] += len(lines)
        return False

    def _full_or_broken(self, error: SpoolFullError) -> DropReason:
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno in _NO_SPACE:
            self.trouble = ""
            return "spool_full"
        if not self.trouble:
            _log.error("the spool cannot be written, events are dropped until it can: %s", cause)
        self.trouble = f"the spool cannot be written: {cause.strerror}"
        return "spool_error"
