"""Events as columns: what a flush will hold, row by row in the order of the log, in memory that is used again."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.events import IMPRESSION_KINDS, IMPRESSION_SOURCES, Event
from stream.scan_fields import NUMBER_FIELDS, number_type
from stream.scanner import TEXTS, Layout

Number = TypeVar("Number", bound=np.generic)
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SOURCES: Final = ("", *IMPRESSION_SOURCES)
KINDS: Final = ("", *IMPRESSION_KINDS)
"""What the codes in the columns `source` and `kind` stand for; a click has neither."""

_CODES: Final = {
    field.name: {text: code for code, text in enumerate(field.codes, 1)}
    for field in NUMBER_FIELDS
    if field.wire == "code"
}
_PLACES: Final = {name: place for place, name in enumerate(TEXTS)}
_FIRST_ROWS: Final = 1024
_FIRST_BYTES: Final = 64 * 1024
_MOST_BYTES: Final = 2**31 - 1
"""Where a text ends is an int32."""


class EventColumns:
    """Grows by rows at its end; numbers as NumPy arrays, texts as Arrow has them. `len` is the number of rows.

    `layout` is how the scanner sees the same memory. `line` is the number of the event's line in its record. Where
    a text ends is written up to the last row that has one: the rows behind are empty.
    """

    def __init__(self) -> None:
        self.layout: Final = Layout()
        types = {field.name: number_type(field) for field in NUMBER_FIELDS} | {"line": "uint32"}
        self._numbers: dict[str, npt.NDArray[Any]] = {name: np.empty(0, kind) for name, kind in types.items()}
        self._bytes = [np.empty(0, np.uint8) for _ in TEXTS]
        self._offsets = [np.zeros(1, np.int32) for _ in TEXTS]
        self._rooms = np.zeros(len(TEXTS), np.int64)
        self._filled = np.zeros(len(TEXTS), np.int64)
        self._ends = np.zeros(len(TEXTS), np.int64)
        self.layout.filled = self._filled.ctypes.data
        self.layout.ends = self._ends.ctypes.data

    def __len__(self) -> int:
        return self.layout.rows

    def number(self, name: str, start: int = 0) -> npt.NDArray[Any]:
        """A column of numbers from row `start` on: a view, good until the next change."""
        return self._numbers[name][start : len(self)]

    def text(self, name: str) -> pa.StringArray:
        """A text column: a view, good until the next change."""
        place, rows = _PLACES[name], len(self)
        self._fill(place, rows)
        offsets = pa.py_buffer(self._offsets[place][: rows + 1])
        return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(self._bytes[place]))

    def is_blank(self, name: str) -> bool:
        """Whether a text column holds no text at all."""
        return not self._ends[_PLACES[name]]

    def reserve(self, rows: int, size_bytes: int) -> None:
        """Make room for so many more rows, and in every text column for so many more bytes.

        Raises OverflowError when a text column would exceed 2 GiB: what is buffered must be flushed before.
        """
        wanted = len(self) + rows
        if wanted > self.layout.capacity:
            self._grow_rows(max(wanted, 2 * self.layout.capacity, _FIRST_ROWS))
        for place in np.flatnonzero(self._ends + size_bytes > self._rooms).tolist():
            self._grow_text(place, int(self._ends[place]) + size_bytes)

    def _grow_rows(self, capacity: int) -> None:
        layout = self.layout
        for name, held in self._numbers.items():
            self._numbers[name] = grown = _grown(held, capacity)
            setattr(layout, name, grown.ctypes.data)
        for place, held_offsets in enumerate(self._offsets):
            self._offsets[place] = offsets = _grown(held_offsets, capacity + 1)
            layout.texts[place].offsets = offsets.ctypes.data
        layout.capacity = capacity

    def _grow_text(self, place: int, wanted: int) -> None:
        if wanted > _MOST_BYTES:
            raise OverflowError(
                f"{wanted} bytes of {TEXTS[place]} in one flush: lower CLICKTALLY_STREAM_BUFFER_EVENTS"
            )
        capacity = min(max(wanted, 2 * len(self._bytes[place]), _FIRST_BYTES), _MOST_BYTES)
        self._bytes[place] = grown = _grown(self._bytes[place], capacity)
        self._rooms[place] = capacity
        self.layout.texts[place].bytes = grown.ctypes.data

    def extend(self, events: Sequence[Event], lines: Sequence[int]) -> None:
        """Add decoded events, which stood on these lines."""
        start, end = len(self), len(self) + len(events)
        texts = [[getattr(event, name).encode() for event in events] for name in TEXTS]
        self.reserve(len(events), max(sum(map(len, column)) for column in texts))
        self._numbers["line"][start:end] = lines
        for field in NUMBER_FIELDS:
            values: list[Any] = [getattr(event, field.name, field.default) for event in events]
            if field.name in _CODES:
                values = [_CODES[field.name].get(text, 0) for text in values]
            self._numbers[field.name][start:end] = values
        for place, column in enumerate(texts):
            if any(column):
                self._append_texts(place, start, column)
        self.layout.rows = end

    def _append_texts(self, place: int, start: int, texts: Sequence[bytes]) -> None:
        """Texts of the rows from `start` on; behind them the column has none."""
        self._fill(place, start)
        offsets = self._offsets[place]
        at, end = int(offsets[start]), start + len(texts)
        offsets[start + 1 : end + 1] = at + np.cumsum(np.fromiter(map(len, texts), np.int32, len(texts)))
        self._bytes[place][at : offsets[end]] = np.frombuffer(b"".join(texts), np.uint8)
        self._filled[place], self._ends[place] = end, offsets[end]

    def _fill(self, place: int, rows: int) -> None:
        """Write that the rows up to `rows` of which nothing was written are empty."""
        filled = int(self._filled[place])
        if filled < rows:
            self._offsets[place][filled + 1 : rows + 1] = self._ends[place]
            self._filled[place] = rows

    def keep(self, start: int, wanted: Mask) -> None:
        """Of the rows from `start` on, keep those that are wanted."""
        kept, end = int(np.count_nonzero(wanted)), start + len(wanted)
        if kept == len(wanted):
            return
        for held in self._numbers.values():
            held[start : start + kept] = held[start:end][wanted]
        for place in np.flatnonzero(self._filled > start).tolist():
            self._fill(place, end)
            ends = self._offsets[place][start : end + 1].tolist()
            text = self._bytes[place][ends[0] : ends[-1]].tobytes()
            parts = [text[ends[row] - ends[0] : ends[row + 1] - ends[0]] for row in np.flatnonzero(wanted).tolist()]
            self._append_texts(place, start, parts)
        self.layout.rows = start + kept

    def clear(self) -> None:
        """No rows; the memory stays for the next."""
        self.layout.rows = 0
        self._filled[:] = 0
        self._ends[:] = 0


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
