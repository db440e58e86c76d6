"""The memory behind stream.repeats: judges clicks one by one, by those before them. In C, and the same in Python.

Clicks come in the order of the log and are numbered. `floors` says for each the lowest number that is still
remembered then, `most` how many clicks are at most. Of what is remembered:

* A click is one too many when its visitor's clicks of its minute, itself included, are more than
  `clicks_per_minute`. Of a minute it is the last click that must be remembered, with its number in the minute.
* Else it is a duplicate when a click of the same visitor on the same link that counted lies less than `window_ms`
  from it, before or after, by event time.
* Else it counts.
"""

import ctypes
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stream.columns import Ints
from stream.recent_clicks import COUNTED, DUPLICATE, TOO_MANY, RecentClicks
from stream.scanner import Scanner, scanner

MOST_NTH: Final = 65_535
_MINUTE_MS: Final = 60_000
_FIRST_PLACES: Final = 1024
_ENTRY: Final = np.dtype([("key", np.uint64), ("value", np.int64), ("number", np.int64)])
_ENTRIES_PER_CLICK: Final = 2


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """`window_ms` and `clicks_per_minute` as in stream.repeats; `most` clicks are remembered."""

    window_ms: int
    clicks_per_minute: int
    most: int


class ClickMemory(Protocol):
    """What is remembered of one topic-partition."""

    def hashes(self, texts: pa.StringArray) -> npt.NDArray[np.uint32]:
        """A hash of each text, the same in every worker."""

    def judge(self, clicks: RecentClicks, first: int, floors: Ints, *, known: bool) -> None:
        """Write number in the minute and verdict of clicks numbered from `first` (1 or more) on, and remember them.
        Those that are `known` to have them are only remembered.
        """

    def forget(self, floor: int) -> None:
        """Free memory of the clicks below: they are not remembered any more."""


def new_memory(limits: MemoryLimits) -> ClickMemory:
    """An empty one, in C where it was built."""
    built = scanner()
    return PlainClickMemory(limits) if built is None else FastClickMemory(built, limits)


class _Memory(ctypes.Structure):
    _fields_ = (("capacity", ctypes.c_int64), ("used", ctypes.c_int64), ("entries", ctypes.c_void_p))
    capacity: int
    used: int


class _Limits(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int64) for name in ("window_ms", "clicks_per_minute", "most"))
    most: int


class _Clicks(ctypes.Structure):
    _fields_ = (
        *(("rows", ctypes.c_int64), ("first", ctypes.c_int64)),
        *((name, ctypes.c_void_p) for name in ("visitors", "links", "times", "floors", "nths", "verdicts")),
    )


class FastClickMemory:
    """By repeats.c: 50 ns a click; 24 bytes an entry, of which a click has two, in a table at most half full."""

    def __init__(self, built: Scanner, limits: MemoryLimits) -> None:
        self._judge_clicks: Final = built.library.judge_clicks
        self._move_clicks: Final = built.library.move_clicks
        self._hash_texts: Final = built.library.hash_texts
        for function in (self._judge_clicks, self._move_clicks, self._hash_texts):
            function.restype = None
        self._limits: Final = _Limits(limits.window_ms, limits.clicks_per_minute, limits.most)
        self._take(_FIRST_PLACES)

    @property
    def size_bytes(self) -> int:
        """What the table takes."""
        return self._entries.nbytes

    def _take(self, places: int) -> None:
        self._entries = np.zeros(places, _ENTRY)
        self._memory = _Memory(places, 0, self._entries.ctypes.data)

    def hashes(self, texts: pa.StringArray) -> npt.NDArray[np.uint32]:
        """CRC-32."""
        hashes = np.empty(len(texts), np.uint32)
        _, offsets, held = texts.buffers()
        first = offsets.address + 4 * texts.offset
        bytes_at = held.address if held is not None else first
        self._hash_texts(
            ctypes.c_int64(len(texts)),
            ctypes.c_void_p(first),
            ctypes.c_void_p(bytes_at),
            ctypes.c_void_p(hashes.ctypes.data),
        )
        return hashes

    def judge(self, clicks: RecentClicks, first: int, floors: Ints, *, known: bool) -> None:
        """As the protocol says."""
        if not len(clicks):
            return
        self._make_room(len(clicks), max(int(floors[0]), first - self._limits.most))
        columns: list[npt.NDArray[Any]] = [
            clicks.visitors,
            clicks.links,
            clicks.times,
            floors,
            clicks.nths,
            clicks.verdicts,
        ]
        assert all(column.flags.c_contiguous for column in columns)  # noqa: S101 - C reads them as they lie
        called_with = _Clicks(len(clicks), first, *(column.ctypes.data for column in columns))
        self._judge_clicks(
            ctypes.byref(self._memory), ctypes.byref(self._limits), ctypes.byref(called_with), ctypes.c_int(known)
        )

    def _make_room(self, clicks: int, floor: int) -> None:
        if 2 * (self._memory.used + _ENTRIES_PER_CLICK * clicks) >= self._memory.capacity:
            self._rebuild(floor, clicks)

    def forget(self, floor: int) -> None:
        """As the protocol says."""
        if self._memory.used:
            self._rebuild(floor, 0)

    def _rebuild(self, floor: int, more: int) -> None:
        living = int(np.count_nonzero(self._entries["number"] >= max(floor, 1)))
        old, self._old_entries = self._memory, self._entries
        self._take(_power_of_two(3 * (living + _ENTRIES_PER_CLICK * more)))
        self._move_clicks(ctypes.byref(old), ctypes.c_int64(floor), ctypes.byref(self._memory))
        del self._old_entries


def _power_of_two(least: int) -> int:
    return max(_FIRST_PLACES, 1 << (least - 1).bit_length())


class PlainClickMemory:
    """The same in plain Python: 3 us a click."""

    def __init__(self, limits: MemoryLimits) -> None:
        self._limits: Final = limits
        self._minutes: dict[tuple[int, int], tuple[int, int]] = {}
        """(clicks, number of the last) by (visitor, minute)."""
        self._counted: dict[tuple[int, int], list[tuple[int, int]]] = {}
        """(time, number) of clicks that counted by (visitor, link)."""

    def hashes(self, texts: pa.StringArray) -> npt.NDArray[np.uint32]:
        """CRC-32."""
        return np.array([zlib.crc32(text.encode()) for text in texts.to_pylist()], np.uint32)

    def judge(self, clicks: RecentClicks, first: int, floors: Ints, *, known: bool) -> None:
        """As the protocol says."""
        limits = self._limits
        columns: Sequence[list[Any]] = [
            column.tolist()
            for column in (clicks.visitors, clicks.links, clicks.times, floors, clicks.nths, clicks.verdicts)
        ]
        for row, (visitor, link, time_ms, floor, nth, verdict) in enumerate(zip(*columns, strict=True)):
            number = first + row
            lowest = max(floor, number - limits.most)
            if not known:
                nth = self._nth(visitor, time_ms, lowest)  # noqa: PLW2901 - found out here
                verdict = self._verdict(visitor, link, time_ms, nth, lowest)  # noqa: PLW2901 - the same
                clicks.nths[row], clicks.verdicts[row] = nth, verdict
            if limits.clicks_per_minute:
                self._minutes[visitor, time_ms // _MINUTE_MS] = nth, number
            if limits.window_ms and verdict == COUNTED:
                self._counted.setdefault((visitor, link), []).append((time_ms, number))

    def _nth(self, visitor: int, time_ms: int, lowest: int) -> int:
        if not self._limits.clicks_per_minute:
            return 0
        before, last = self._minutes.get((visitor, time_ms // _MINUTE_MS), (0, 0))
        return min(before + 1, MOST_NTH) if last >= lowest else 1

    def _verdict(self, visitor: int, link: int, time_ms: int, nth: int, lowest: int) -> int:
        if nth > self._limits.clicks_per_minute:
            return TOO_MANY
        near = (
            number >= lowest and abs(time_ms - at_ms) < self._limits.window_ms
            for at_ms, number in self._counted.get((visitor, link), ())
        )
        return DUPLICATE if any(near) else COUNTED

    def forget(self, floor: int) -> None:
        """As the protocol says."""
        self._minutes = {place: minute for place, minute in self._minutes.items() if minute[1] >= floor}
        living = ((place, [one for one in counted if one[1] >= floor]) for place, counted in self._counted.items())
        self._counted = {place: counted for place, counted in living if counted}
