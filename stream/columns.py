"""Events as columns: what a flush will hold, row by row in the order of the log, in memory that is used again."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.events import IMPRESSION_KINDS, IMPRESSION_SOURCES, Event, Impression
from stream.scanner import TEXTS, Layout

Number = TypeVar("Number", bound=np.generic)
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SOURCES: Final = ("", *IMPRESSION_SOURCES)
KINDS: Final = ("", *IMPRESSION_KINDS)
"""What the codes in the columns `source` and `kind` stand for; a click has neither."""

_SOURCE_CODES: Final = {source: code for code, source in enumerate(SOURCES)}
_KIND_CODES: Final = {kind: code for code, kind in enumerate(KINDS)}
_NUMBERS: Final = {
    "time_ms": np.int64,
    "seq": np.int64,
    "visitor": np.int64,
    "count": np.int64,
    "line": np.uint32,
    "source": np.uint8,
    "kind": np.uint8,
}
_FIRST_ROWS: Final = 1024
_FIRST_BYTES: Final = 64 * 1024
_MOST_BYTES: Final = 2**31 - 1
"""Where a text ends is an int32."""


class EventColumns:
    """Grows by rows at its end; numbers as NumPy arrays, texts as Arrow has them. `len` is the number of rows.

    `layout` is how the scanner sees the same memory. `line` is the number of the event's line in its record.
    """

    def __init__(self) -> None:
        self.layout: Final = Layout()
        self._numbers: dict[str, npt.NDArray[Any]] = {name: np.empty(0, kind) for name, kind in _NUMBERS.items()}
        self._bytes: dict[str, npt.NDArray[np.uint8]] = {name: np.empty(0, np.uint8) for name in TEXTS}
        self._offsets: dict[str, npt.NDArray[np.int32]] = {name: np.zeros(1, np.int32) for name in TEXTS}

    def __len__(self) -> int:
        return self.layout.rows

    def number(self, name: str, start: int = 0) -> npt.NDArray[Any]:
        """A column of numbers from row `start` on: a view, good until the next change."""
        return self._numbers[name][start : len(self)]

    def text(self, name: str) -> pa.StringArray:
        """A text column: a view, good until the next change."""
        rows = len(self)
        offsets = pa.py_buffer(self._offsets[name][: rows + 1])
        return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(self._bytes[name]))

    def reserve(self, rows: int, size_bytes: int) -> None:
        """Make room for so many more rows, and in every text column for so many more bytes.

        Raises OverflowError when a text column would exceed 2 GiB: what is buffered must be flushed before.
        """
        wanted = len(self) + rows
        if wanted > self.layout.capacity:
            self._grow_rows(max(wanted, 2 * self.layout.capacity, _FIRST_ROWS))
        for place, name in enumerate(TEXTS):
            wanted_bytes = int(self._offsets[name][len(self)]) + size_bytes
            if wanted_bytes > len(self._bytes[name]):
                self._grow_text(place, name, wanted_bytes)

    def _grow_rows(self, capacity: int) -> None:
        layout = self.layout
        for name, held in self._numbers.items():
            self._numbers[name] = grown = _grown(held, capacity)
            setattr(layout, name, grown.ctypes.data)
        for place, name in enumerate(TEXTS):
            self._offsets[name] = offsets = _grown(self._offsets[name], capacity + 1)
            layout.texts[place].offsets = offsets.ctypes.data
        layout.capacity = capacity

    def _grow_text(self, place: int, name: str, wanted: int) -> None:
        if wanted > _MOST_BYTES:
            raise OverflowError(f"{wanted} bytes of {name} in one flush: lower CLICKTALLY_STREAM_BUFFER_EVENTS")
        capacity = min(max(wanted, 2 * len(self._bytes[name]), _FIRST_BYTES), _MOST_BYTES)
        self._bytes[name] = grown = _grown(self._bytes[name], capacity)
        self.layout.texts[place].bytes = grown.ctypes.data

    def extend(self, events: Sequence[Event], lines: Sequence[int]) -> None:
        """Add decoded events, which stood on these lines."""
        start, end = len(self), len(self) + len(events)
        texts = {name: [getattr(event, name).encode() for event in events] for name in TEXTS}
        self.reserve(len(events), max(sum(map(len, column)) for column in texts.values()))
        numbers = self._numbers
        for name in ("time_ms", "seq", "visitor"):
            numbers[name][start:end] = [getattr(event, name) for event in events]
        numbers["line"][start:end] = lines
        shown = [event if isinstance(event, Impression) else None for event in events]
        numbers["count"][start:end] = [1 if one is None else one.count for one in shown]
        numbers["source"][start:end] = [0 if one is None else _SOURCE_CODES[one.source] for one in shown]
        numbers["kind"][start:end] = [0 if one is None else _KIND_CODES[one.kind] for one in shown]
        for name, column in texts.items():
            self._append_texts(name, start, b"".join(column), np.fromiter(map(len, column), np.int32, len(column)))
        self.layout.rows = end

    def _append_texts(self, name: str, start: int, joined: bytes, sizes: npt.NDArray[np.int32]) -> None:
        offsets = self._offsets[name]
        at = int(offsets[start])
        self._bytes[name][at : at + len(joined)] = np.frombuffer(joined, np.uint8)
        offsets[start + 1 : start + 1 + len(sizes)] = at + np.cumsum(sizes)

    def keep(self, start: int, wanted: Mask) -> None:
        """Of the rows from `start` on, keep those that are wanted."""
        kept = int(np.count_nonzero(wanted))
        if kept == len(wanted):
            return
        for held in self._numbers.values():
            held[start : start + kept] = held[start : start + len(wanted)][wanted]
        for name in TEXTS:
            offsets = self._offsets[name]
            ends = offsets[start : start + len(wanted) + 1].copy()
            text = self._bytes[name][ends[0] : ends[-1]].tobytes()
            parts = [text[ends[row] - ends[0] : ends[row + 1] - ends[0]] for row in np.flatnonzero(wanted)]
            self._append_texts(name, start, b"".join(parts), np.diff(ends)[wanted])
        self.layout.rows = start + kept

    def clear(self) -> None:
        """No rows; the memory stays for the next."""
        self.layout.rows = 0


def _grown(held: npt.NDArray[Number], size: int) -> npt.NDArray[Number]:
    grown = np.empty(size, held.dtype)
    grown[: len(held)] = held
    return grown


class ColumnsPool:
    """Columns that are not in use, so that a busy worker asks the system for memory once and not in every flush."""

    def __init__(self, spares: int = 4) -> None:
        self._spares: Final = spares
        self._free: list[EventColumns] = []

    def take(self) -> EventColumns:
        """Empty columns."""
        return self._free.pop() if self._free else EventColumns()

    def give_back(self, columns: EventColumns) -> None:
        """Take them from here again, some time: nobody may look at them any more."""
        if len(self._free) < self._spares:
            columns.clear()
            self._free.append(columns)
