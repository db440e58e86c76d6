"""Notices when a hot path became clearly slower: its CPU against a yardstick's, both in this process, alternating.

    python -m bench.guard [--write]

Each path has a yardstick of its own kind (bench.yardsticks). What looks slow is measured again before it fails.
`--write` (`make bench-guard-baseline`) makes the run the new baseline: on a quiet machine, as it refuses to where
the tries differ too much.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from bench.hot_paths import HotPath, hot_paths
from bench.machine import Machine, describe, run_bench
from bench.yardsticks import Kind, Yardsticks, yardsticks

BASELINE: Final = Path(__file__).with_name("baseline.json")
TOLERATED: Final = 1.25
STEADY: Final = 1.15
"""How far the tries of a baseline may lie apart: beyond, a path could become that much slower unnoticed."""
_REPEATS: Final = 25
_TRIES: Final = 3
_TRIES_OF_A_BASELINE: Final = 7


class Known(msgspec.Struct, frozen=True):
    """What a path cost in yardsticks of this kind: the median of several tries, the least and the most."""

    yardstick: Kind
    ratio: float
    least: float
    most: float


class Baseline(msgspec.Struct, frozen=True):
    """What paths cost, and where that was measured."""

    machine: Machine
    paths: dict[str, Known]


class Slower(msgspec.Struct, frozen=True):
    """A path beyond what is tolerated, in the best of its tries; `baseline` None: it has none of its yardstick."""

    path: str
    baseline: float | None
    measured: float

    def __str__(self) -> str:
        if self.baseline is None:
            return f"{self.path}: no baseline by its yardstick; run make bench-guard-baseline on a quiet machine"
        return (
            f"{self.path}: {self.measured / self.baseline:.2f} times its baseline ({self.measured:.3g} yardsticks,"
            f" was {self.baseline:.3g}). Find out why; if it is worth it, run make bench-guard-baseline on a quiet"
            " machine"
        )


def ratio_of(path: Callable[[], object], yardstick: Callable[[], object], *, repeats: int = _REPEATS) -> float:
    """CPU of a path against the yardstick's: the median of pairs measured one right after the other."""
    path()
    yardstick()
    ratios = []
    for _ in range(repeats):
        began = time.thread_time_ns()
        yardstick()
        between = time.thread_time_ns()
        path()
        ratios.append((time.thread_time_ns() - between) / max(1, between - began))
    return statistics.median(ratios)


def find_slower(
    baseline: Mapping[str, Known],
    paths: Mapping[str, HotPath],
    yardsticks_: Yardsticks,
    *,
    repeats: int = _REPEATS,
) -> list[Slower]:
    """The paths that stayed too slow in every try, and those without a baseline by their yardstick."""
    slower = []
    for name, path in paths.items():
        known = baseline.get(name)
        ratio = known.ratio if known is not None and known.yardstick == path.yardstick else None
        measured = ratio_of(path.call, yardsticks_[path.yardstick], repeats=repeats)
        for _ in range(_TRIES - 1):
            if ratio is None or measured <= ratio * TOLERATED:
                break
            measured = min(measured, ratio_of(path.call, yardsticks_[path.yardstick], repeats=repeats))
        was = "none" if ratio is None else f"{ratio:.3g} ({measured / ratio:.2f} times)"
        print(f"  {name}: {measured:.3g} yardsticks ({path.yardstick}), baseline {was}", flush=True)
        if ratio is None or measured > ratio * TOLERATED:
            slower.append(Slower(name, ratio, measured))
    return slower


def measure(
    paths: Mapping[str, HotPath],
    yardsticks_: Yardsticks,
    *,
    tries: int = _TRIES_OF_A_BASELINE,
    repeats: int = _REPEATS,
) -> dict[str, Known]:
    """What every path costs now. The tries of one are not made in a row: a neighbour disturbs few of them."""
    ratios: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(tries):
        for name, path in paths.items():
            ratios[name].append(ratio_of(path.call, yardsticks_[path.yardstick], repeats=repeats))
    return {
        name: Known(
            paths[name].yardstick, *(_rounded(one) for one in (statistics.median(found), min(found), max(found)))
        )
        for name, found in ratios.items()
    }


def unsteady(measured: Mapping[str, Known]) -> list[str]:
    """Why this cannot be a baseline: the paths whose tries lie too far apart."""
    return [
        f"{name}: {known.least:.3g} to {known.most:.3g} yardsticks"
        for name, known in measured.items()
        if known.most > STEADY * known.least
    ]


def _rounded(ratio: float) -> float:
    return float(f"{ratio:.3g}")


def main() -> None:
    """Compare and exit with 1 when something is slower; or write the baseline."""
    parser = argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make this run the baseline")
    arguments = parser.parse_args()
    with hot_paths() as paths, yardsticks() as known:
        if arguments.write:
            _write(measure(paths, known))
            return
        baseline = msgspec.json.decode(BASELINE.read_bytes(), type=Baseline)
        if baseline.machine.versions["python"] != platform.python_version():
            print(f"the baseline is of Python {baseline.machine.versions['python']}: write one for this")
        slower = find_slower(baseline.paths, paths, known)
    for one in slower:
        print(one)
    sys.exit(1 if slower else 0)


def _write(measured: Mapping[str, Known]) -> None:
    for name, known in measured.items():
        print(f"  {name}: {known.ratio:.3g} ({known.least:.3g} to {known.most:.3g}) yardsticks ({known.yardstick})")
    if troubles := unsteady(measured):
        sys.exit(
            f"guard: {BASELINE.name} is as it was: the tries lie more than {STEADY - 1:.0%} apart, something else"
            " runs here. Try again when the machine is quiet.\n" + "\n".join(troubles)
        )
    encoded = msgspec.json.encode(Baseline(describe(), dict(measured)))
    BASELINE.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")
    print(f"wrote {BASELINE}")


if __name__ == "__main__":
    run_bench(main)
