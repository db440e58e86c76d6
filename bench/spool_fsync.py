"""What surviving a power cut costs: appends to a spool under each fsync policy, on the disk of a directory.

python -m bench.spool_fsync [--seconds 3] [--rounds 3] [--dir DIR]: a table, then one line of JSON.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from bench.machine import run_bench
from redirector.spool.writer import Fsync, SpoolWriter
from schemas.events import Click

POLICIES: Final[tuple[Fsync, ...]] = ("never", "interval", "always")
LINES_PER_APPEND: Final = (1, 16)
INTERVAL_S: Final = 1.0
"""CLICKTALLY_SERVE_FSYNC_INTERVAL_S by default."""

_UA: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


class Case(NamedTuple):
    """A policy, and how many lines one append has."""

    policy: Fsync
    lines: int


class Figures(NamedTuple):
    """One round: events a second, and how long an append took."""

    events_per_s: float
    p50_us: float
    p99_us: float
    max_ms: float


def measure(directory: Path, case: Case, seconds: float) -> Figures:
    """Append for so long; with "interval" another thread syncs meanwhile, as serve does."""
    writer = SpoolWriter.open(directory, segment_bytes=64 * 1024**2, cap_bytes=8 * 1024**3, fsync=case.policy)
    stop = threading.Event()
    syncing = threading.Thread(target=_sync_now_and_then, args=(writer, stop))
    if case.policy == "interval":
        syncing.start()
    click = Click(time_ms=1_790_000_000_000, link="go.example/launch", visitor=1 << 52, ua=_UA)
    line = msgspec.json.encode(msgspec.structs.replace(click, seq=123_456_789)) + b"\n"
    lines, took_ns = line * case.lines, []
    started = time.perf_counter()
    ends = started + seconds
    while time.perf_counter() < ends:
        for _ in range(case.lines):
            writer.take_seq()
        before = time.perf_counter_ns()
        writer.append(lines)
        took_ns.append(time.perf_counter_ns() - before)
    elapsed = time.perf_counter() - started
    stop.set()
    if case.policy == "interval":
        syncing.join()
    writer.close()
    took_ns.sort()
    return Figures(
        events_per_s=len(took_ns) * case.lines / elapsed,
        p50_us=took_ns[len(took_ns) // 2] / 1e3,
        p99_us=took_ns[len(took_ns) * 99 // 100] / 1e3,
        max_ms=took_ns[-1] / 1e6,
    )


def _sync_now_and_then(writer: SpoolWriter, stop: threading.Event) -> None:
    while not stop.wait(INTERVAL_S):
        writer.sync()


def main() -> None:
    """Rounds take turns, so that a noisy minute falls on all policies alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each case runs a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, default=Path(), help="a directory on the disk to measure")
    chosen = parser.parse_args()
    figures_of: dict[Case, list[Figures]] = defaultdict(list)
    for _ in range(chosen.rounds):
        for lines in LINES_PER_APPEND:
            for policy in POLICIES:
                with tempfile.TemporaryDirectory(dir=chosen.dir, prefix=".spool-fsync-") as directory:
                    case = Case(policy, lines)
                    figures_of[case].append(measure(Path(directory), case, chosen.seconds))
    print(f"{'fsync':10}{'lines/append':>14}{'events/s':>12}{'p50 us':>10}{'p99 us':>10}{'max ms':>10}")
    medians = []
    for case, rounds in figures_of.items():
        median = Figures(*(statistics.median(values) for values in zip(*rounds, strict=True)))
        print(
            f"{case.policy:10}{case.lines:14}{median.events_per_s:12,.0f}{median.p50_us:10,.1f}{median.p99_us:10,.1f}"
            f"{median.max_ms:10,.1f}"
        )
        medians.append({**case._asdict(), **{name: round(one, 2) for name, one in median._asdict().items()}})
    print(json.dumps({"bench": "spool_fsync", "rounds": chosen.rounds, "medians": medians}))


if __name__ == "__main__":
    run_bench(main)
