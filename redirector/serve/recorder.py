"""Where events enter the spool: they get their numbers, are appended in one write, and are kept or not."""

import errno
import logging
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import force_setattr

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
    """The one way into the spool. Numbers rise in it because an event gets its number as it is written."""

    def __init__(self, spool: Spool, counts: Counts) -> None:
        self._take_seq: Final = spool.take_seq
        self._append: Final = spool.append
        self._counts: Final = counts
        self._encode: Final = msgspec.json.Encoder().encode
        self.trouble = ""
        """Why the spool cannot be written; empty when it can, or is merely full."""

    def record(self, events: Sequence[Event], *, refused: bool = False) -> bool:
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
            self._append(b"\n".join([*map(self._encode, events), b""]))
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
