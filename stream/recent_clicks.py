"""Clicks that a partition remembers, in the order of the log, and how they travel through the counter table.

A row of the table holds the clicks of one flush, packed. Rows have slots, and a slot is taken again as soon as its
row is forgotten: merging keeps the newest row of a slot, so the table holds about as much as the memory does.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from stream.columns import Ints
from stream.state import StateRow

COUNTED: Final = 0
DUPLICATE: Final = 1
TOO_MANY: Final = 2
"""Verdicts, as repeats.c has them."""

_RUNS: Final = struct.Struct("<I")
_RUN: Final = np.dtype([("touched_s", "<u4"), ("rows", "<u4")])


@dataclass(frozen=True, slots=True)
class RecentClicks:
    """Clicks, column by column.

    `links` holds hashes of 32 bits, `times` milliseconds, `nths` each click's number in its visitor's minute,
    `verdicts` what became of it. `touched_s` is the Kafka time (seconds) that was reached with each of them; it
    never falls.
    """

    visitors: Ints
    links: npt.NDArray[np.uint32]
    times: Ints
    nths: npt.NDArray[np.uint16]
    verdicts: npt.NDArray[np.uint8]
    touched_s: Ints

    def __len__(self) -> int:
        return len(self.visitors)

    def packed(self) -> bytes:
        """All of it in about 23 bytes a click."""
        starts = np.flatnonzero(np.diff(self.touched_s, prepend=-1))
        runs = np.empty(len(starts), _RUN)
        runs["touched_s"] = self.touched_s[starts]
        runs["rows"] = np.diff(starts, append=len(self))
        return b"".join([_RUNS.pack(len(runs)), runs.tobytes(), *(held.tobytes() for held in self._held())])

    def _held(self) -> tuple[npt.NDArray[Any], ...]:
        return self.visitors, self.times, self.links, self.nths, self.verdicts


def unpacked(packed: bytes) -> RecentClicks:
    """The clicks of a row."""
    (n_runs,) = _RUNS.unpack_from(packed)
    runs = np.frombuffer(packed, _RUN, n_runs, _RUNS.size)
    touched_s = np.repeat(runs["touched_s"].astype(np.int64), runs["rows"])
    at, rows = _RUNS.size + runs.nbytes, len(touched_s)

    def next_column(kind: type[Any]) -> npt.NDArray[Any]:
        nonlocal at
        column = np.frombuffer(packed, kind, rows, at)
        at += column.nbytes
        return column

    visitors, times = next_column(np.int64), next_column(np.int64)
    links, nths, verdicts = next_column(np.uint32), next_column(np.uint16), next_column(np.uint8)
    return RecentClicks(visitors, links, times, nths, verdicts, touched_s)


def clicks_of(rows: Iterable[StateRow]) -> RecentClicks:
    """All clicks of these rows, in the order of the log."""
    kept = sorted((row.recent for row in rows if row.recent is not None), key=lambda recent: recent[:2])
    parts = [unpacked(recent.clicks) for recent in kept] or [NONE]
    return RecentClicks(
        visitors=np.concatenate([part.visitors for part in parts]),
        links=np.concatenate([part.links for part in parts]),
        times=np.concatenate([part.times for part in parts]),
        nths=np.concatenate([part.nths for part in parts]),
        verdicts=np.concatenate([part.verdicts for part in parts]),
        touched_s=np.concatenate([part.touched_s for part in parts]),
    )


NONE: Final = RecentClicks(
    visitors=np.empty(0, np.int64),
    links=np.empty(0, np.uint32),
    times=np.empty(0, np.int64),
    nths=np.empty(0, np.uint16),
    verdicts=np.empty(0, np.uint8),
    touched_s=np.empty(0, np.int64),
)
