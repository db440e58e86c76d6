"""What hot paths are compared with: work of the same kind that no change of ours touches.

A ratio survives another machine and busy neighbours only where both sides slow down alike: beside plain Python, a
path that calls the kernel would look slower with a new kernel, and one that scans bytes with a new Python.
"""

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

import numpy as np
import pyarrow as pa

Kind = Literal["python", "bytes", "arrays", "writes"]
Yardsticks = Mapping[Kind, Callable[[], object]]

_LINES: Final = 1_500
_ROWS: Final = 20_000
_WRITES: Final = 400
_FIELD: Final = re.compile(rb'"(\w+)":("[^"]*"|\d+)')


def python() -> int:
    """Calls, dicts, tuples and strings, as an answer or a round is made of."""
    counts: Counter[tuple[str, int]] = Counter()
    parts = []
    for number in range(_LINES):
        line = json.dumps({"type": "click", "link": f"go.example/{number % 97:05d}", "time_ms": number * 977})
        event = json.loads(line)
        counts[event["link"], event["time_ms"] // 60_000] += 1
        parts.append(line.encode())
    return len(b"\n".join(parts)) + sum(sorted(counts.values()))


def _scanning() -> Callable[[], int]:
    lines = b"".join(
        b'{"type":"click","time_ms":%d,"link":"go.example/%05d","seq":%d}\n' % (number * 977, number % 97, number)
        for number in range(_LINES)
    )

    def scan() -> int:
        """Bytes looked at one by one, in C, and copied, as lines are scanned into columns."""
        return sum(len(match[2]) for match in _FIELD.finditer(lines)) + lines.count(b"click")

    return scan


def _sorting() -> Callable[[], int]:
    draw = np.random.default_rng(7)
    numbers = draw.integers(0, 1 << 40, _ROWS)
    texts = pa.array([f"go.example/{number % 997:05d}" for number in numbers.tolist()])

    def sort() -> int:
        """Arrays sorted, coded and encoded, as the rows of a flush are."""
        order = np.argsort(numbers, kind="stable")
        coded = texts.dictionary_encode()
        batch = pa.record_batch([pa.array(numbers[order]), coded.take(pa.array(order))], names=["number", "text"])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return int(sink.getvalue().size)

    return sort


@contextmanager
def yardsticks() -> Iterator[Yardsticks]:
    """All of them, their inputs made."""
    with tempfile.TemporaryFile(buffering=0) as file:
        number = file.fileno()
        line = b"x" * 100

        def write() -> None:
            """Small writes to a file, each a call into the kernel; the file does not grow."""
            os.ftruncate(number, 0)
            os.lseek(number, 0, os.SEEK_SET)
            for _ in range(_WRITES):
                os.write(number, line)

        yield {"python": python, "bytes": _scanning(), "arrays": _sorting(), "writes": write}
