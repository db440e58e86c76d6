"""``python -m tests.unit.stream.sanitized_scan LIBRARY N``: N mutated records through a scanner with sanitizers,
and as many clicks through the memory that is in its library.

The columns have exactly the room that the scanner's caller promises, so that any byte more is noticed.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from stream.click_memory import FastClickMemory, MemoryLimits
from stream.recent_clicks import RecentClicks
from stream.scan_fields import NUMBER_FIELDS, number_type
from stream.scanner import TEXTS, Layout, Scanner
from tests.fuzz.mutations import Mutator
from tests.fuzz.targets import LINES


def columns(rows: int, size_bytes: int) -> tuple[Layout, list[np.ndarray[tuple[int], np.dtype[np.uint8]]]]:
    """Columns for so many rows and bytes, and the memory that they lie in."""
    layout, memory = Layout(), []

    def room(size: int) -> int:
        memory.append(np.zeros(size, np.uint8))
        return memory[-1].ctypes.data

    layout.line = room(4 * rows)
    for field in NUMBER_FIELDS:
        setattr(layout, field.name, room(np.dtype(number_type(field)).itemsize * rows))
    layout.filled, layout.ends = room(8 * len(TEXTS)), room(8 * len(TEXTS))
    for text in range(len(TEXTS)):
        layout.texts[text].bytes = room(size_bytes)
        layout.texts[text].offsets = room(4 * (rows + 1))
    layout.capacity = rows
    return layout, memory


def main(library: str, records: int) -> None:
    """Scan; the sanitizers end the process when something is wrong."""
    built, rows = Scanner(Path(library)), 0
    mutator = Mutator(11, LINES)
    for number in range(records):
        value = b"\n".join(mutator.lines(1 + number % 30))
        layout, _memory = columns(value.count(b"\n") + 1, len(value))
        start = line = 0
        while start < len(value):
            start = built.scan(value, start, line, impressions=number % 2 == 1, layout=layout)
            line += 1
            newline = value.find(b"\n", start)
            start = newline + 1 if newline >= 0 else len(value)
        rows += layout.rows
    remember(built, records)
    print(f"{rows} rows")


def remember(built: Scanner, clicks: int) -> None:
    """Clicks of a few visitors, in lots, with what is forgotten in between; the table grows from its smallest."""
    memory, rng = FastClickMemory(built, MemoryLimits(10_000, 9, 5_000)), np.random.default_rng(1)
    links = memory.hashes(pa.array(["", "a/b", "go.example/ü"]))
    for first in range(1, clicks, 100):
        lot = RecentClicks(
            visitors=rng.integers(1, 50, 100),
            links=links[rng.integers(0, 3, 100)],
            times=rng.integers(0, 10**6, 100),
            nths=np.zeros(100, np.uint16),
            verdicts=np.zeros(100, np.uint8),
            touched_s=np.zeros(100, np.int64),
        )
        memory.judge(lot, first, np.full(100, max(1, first - 2_000)), known=first % 700 == 1)
        if first % 900 == 1:
            memory.forget(max(1, first - 1_000))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
