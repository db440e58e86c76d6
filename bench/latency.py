"""From an answered click to its visibility in `ctr_1m`, with the pipeline at 10, 50 and 90 % of its capacity.

    python -m bench.latency [--seconds N] [--rounds N]

Capacity is measured first, of all of it on this machine: clicks answered in some seconds of full load, divided by
the time until the last of them was counted.
"""

import argparse
import os
import time
from itertools import islice
from typing import Final

import numpy as np

from bench.load import Running, wrk
from bench.machine import LOAD_CORE, run_bench, stolen_seconds
from bench.pipeline import Pipeline, pipeline, until_level
from bench.probes import Probes
from bench.results import Goal, Result, Rounds, alternating, publish
from bench.stack import scratch
from bench.traffic import link_key

LINKS: Final = 20_000
PROBES: Final = 1_000
"""Most in a round: no link is clicked twice."""
SHARES: Final = (0.1, 0.5, 0.9)
CLIENTS: Final = 64
PACED_CLIENTS: Final = 512
_CALIBRATION_S: Final = 3.0
_SETTLE_S: Final = 3.0


def capacity(running: Pipeline, seconds: float) -> float:
    """Clicks a second that the whole pipeline sustains."""
    warm = _load(running, 3).finish().requests
    until_level(running, warm, within_s=600)
    began = time.monotonic()
    load = _load(running, seconds).finish()
    until_level(running, warm + load.requests, within_s=600)
    return load.requests / (time.monotonic() - began)


def run(seconds: float, rounds: int) -> Result:
    """Capacity, then every share of it, round by round."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured = Rounds()
    probes = PROBES * len(SHARES) * rounds
    # Ranks below LINKS are clicked by the load, those from LINKS on by the probes alone.
    probe_keys = map(link_key, range(LINKS, LINKS + probes))
    with scratch() as place, pipeline(place, links=LINKS + probes) as running:
        per_s = capacity(running, seconds)
        measured.add("pipeline", capacity_per_s=per_s)
        for _, share in alternating(SHARES, rounds):
            think_ms = _think_ms(running, share * per_s)
            load = _load(running, seconds + 2 * _SETTLE_S, connections=PACED_CLIENTS, think_ms=think_ms)
            time.sleep(_SETTLE_S)
            stolen = stolen_seconds()
            took = Probes(running, list(islice(probe_keys, PROBES))).measure(seconds)
            reached = load.finish().per_s / per_s
            measured.add(
                f"{share:.0%} of capacity",
                load_share=reached,
                p50_s=float(np.percentile(took, 50)),
                p99_s=float(np.percentile(took, 99)),
                most_s=max(took),
                clicks=float(len(took)),
                cpu_stolen_s=stolen_seconds() - stolen,
            )
    return Result(
        name="latency",
        title="Latency: from the answered click to ctr_1m",
        command="make bench-latency",
        figures=measured.figures(),
        goals=[
            Goal(
                f"p99 at {share:.0%} of capacity",
                measured.median(f"{share:.0%} of capacity", "p99_s"),
                "at most",
                1.0,
                "s",
            )
            for share in SHARES
            if share <= 0.5
        ],
        leaves_out=[
            "serve, relay, Kafka and the worker share core 0; ClickHouse, the load and the queries core 1.",
            "capacity is that of the whole pipeline and its load on this machine's cores, not of one part.",
            "it is seen by asking ctr_1m every 50 ms, so a figure holds up to 50 ms and one query too much.",
            "one worker with its default flush interval of 1 s.",
        ],
    )


def _think_ms(running: Pipeline, per_s: float) -> float:
    """The pause of each paced client for so many clicks a second; what an answer takes is found by trying."""
    period_ms = PACED_CLIENTS / per_s * 1000
    tried = _load(running, _CALIBRATION_S, connections=PACED_CLIENTS, think_ms=period_ms).finish()
    return period_ms - (PACED_CLIENTS / tried.per_s * 1000 - period_ms)


def _load(running: Pipeline, seconds: float, *, connections: int = CLIENTS, think_ms: float = 0.0) -> Running:
    return wrk(
        running.place, running.port, links=LINKS, connections=connections, seconds=seconds, think_ms=think_ms
    )


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    publish(run(arguments.seconds, arguments.rounds))


if __name__ == "__main__":
    run_bench(main, needs=("wrk", "taskset"))
