"""Notices when a hot path became clearly slower: its CPU against a yardstick's, both in this process, alternating.

    python -m bench.guard [--write]

The yardstick is plain Python that no change of ours touches; a ratio survives another machine and busy neighbours
better than a time. What looks slow is measured again before it fails. `--write` makes the run the new baseline.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from bench.hot_paths import Call, hot_paths
from bench.machine import run_bench

BASELINE: Final = Path(__file__).with_name("baseline.json")
TOLERATED: Final = 1.25
_REPEATS: Final = 25
_TRIES: Final = 3


class Baseline(msgspec.Struct, frozen=True):
    """Ratios of hot paths to the yardstick, and the Python they were measured with."""

    python: str
    ratios: dict[str, float]


class Slower(msgspec.Struct, frozen=True):
    """A path beyond what is tolerated, in the best of its tries."""

    path: str
    baseline: float
    measured: float

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.measured / self.baseline:.2f} times its baseline ({self.measured:.3g} yardsticks,"
            f" was {self.baseline:.3g}). Find out why; if it is worth it, run python -m bench.guard --write"
        )


def yardstick() -> int:
    """What hot paths are made of: JSON, dicts, tuples, strings, bytes."""
    counts: Counter[tuple[str, int]] = Counter()
    parts = []
    for number in range(1_500):
        line = json.dumps({"type": "click", "link": f"go.example/{number % 97:05d}", "time_ms": number * 977})
        event = json.loads(line)
        counts[event["link"], event["time_ms"] // 60_000] += 1
        parts.append(line.encode())
    return len(b"\n".join(parts)) + sum(sorted(counts.values()))


def ratio_of(path: Call, *, repeats: int = _REPEATS) -> float:
    """CPU of a path against the yardstick's: the median of pairs measured one right after the other."""
    path()
    yardstick()
    ratios = []
    for _ in range(repeats):
        began = time.thread_time_ns()
        yardstick()
        between = time.thread_time_ns()
        path()
        ratios.append((time.thread_time_ns() - between) / (between - began))
    return statistics.median(ratios)


def find_slower(
    baseline: Mapping[str, float], paths: Mapping[str, Call], *, repeats: int = _REPEATS
) -> list[Slower]:
    """The paths that stayed too slow in every try. A path without a baseline is too slow: write one."""
    slower = []
    for name, path in paths.items():
        known = baseline.get(name, 1e-9)
        measured = ratio_of(path, repeats=repeats)
        for _ in range(_TRIES - 1):
            if measured <= known * TOLERATED:
                break
            measured = min(measured, ratio_of(path, repeats=repeats))
        print(f"  {name}: {measured:.3g} yardsticks, baseline {known:.3g}", flush=True)
        if measured > known * TOLERATED:
            slower.append(Slower(name, known, measured))
    return slower


def main() -> None:
    """Compare and exit with 1 when something is slower; or write the baseline."""
    parser = argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make this run the baseline")
    arguments = parser.parse_args()
    with hot_paths() as paths:
        if arguments.write:
            ratios = {
                name: float(f"{statistics.median(ratio_of(path) for _ in range(_TRIES)):.3g}")
                for name, path in paths.items()
            }
            encoded = msgspec.json.encode(Baseline(platform.python_version(), ratios))
            BASELINE.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")
            print(f"wrote {BASELINE}: {ratios}")
            return
        slower = find_slower(msgspec.json.decode(BASELINE.read_bytes(), type=Baseline).ratios, paths)
    for one in slower:
        print(one)
    sys.exit(1 if slower else 0)


if __name__ == "__main__":
    run_bench(main)
