"""From an answered click to its visibility in `ctr_1m`, with the pipeline at 10, 50 and 90 % of its capacity.

    python -m bench.latency [--seconds N]

Capacity is measured first, of all of it on this machine: clicks answered in some seconds of full load, divided by
the time until the last of them was counted.
"""

import argparse
import os
import time
from typing import Final

import numpy as np

from bench.load import Load, wrk
from bench.machine import LOAD_CORE
from bench.pipeline import Pipeline, pipeline, until_level
from bench.probes import Probes
from bench.results import Goal, Result, Rounds, publish
from bench.stack import scratch
from bench.traffic import link_key

LINKS: Final = 20_000
PROBES: Final = 2_000
SHARES: Final = (0.1, 0.5, 0.9)
CLIENTS: Final = 64
_SETTLE_S: Final = 3.0


def capacity(running: Pipeline, seconds: float) -> float:
    """Clicks a second that the whole pipeline sustains."""
    warm = _load(running, 3, 0.0).requests
    until_level(running, warm, within_s=600)
    began = time.monotonic()
    load = _load(running, seconds, 0.0)
    until_level(running, warm + load.requests, within_s=600)
    return load.requests / (time.monotonic() - began)


def run(seconds: float) -> Result:
    """Capacity, then every share of it."""
    os.sched_setaffinity(0, {LOAD_CORE})
    found = Rounds()
    # Ranks below LINKS are clicked by the load, those from LINKS on by the probes alone.
    probe_keys = [link_key(LINKS + number) for number in range(PROBES * len(SHARES))]
    with scratch() as place, pipeline(place, links=LINKS + len(probe_keys)) as running:
        per_s = capacity(running, seconds)
        found.add("pipeline", capacity_per_s=per_s)
        for number, share in enumerate(SHARES):
            think_ms = CLIENTS / (share * per_s) * 1000
            load = wrk(
                place,
                running.port,
                links=LINKS,
                connections=CLIENTS,
                seconds=seconds + 2 * _SETTLE_S,
                think_ms=think_ms,
            )
            time.sleep(_SETTLE_S)
            took = Probes(running, probe_keys[number * PROBES : (number + 1) * PROBES]).measure(seconds)
            reached = load.finish().per_s / per_s
            found.add(
                f"{share:.0%} of capacity",
                load_share=reached,
                p50_s=float(np.percentile(took, 50)),
                p99_s=float(np.percentile(took, 99)),
                most_s=max(took),
                clicks=float(len(took)),
            )
    return Result(
        name="latency",
        title="Latency: from the answered click to ctr_1m",
        command="make bench-latency",
        figures=found.figures(),
        goals=[
            Goal(
                f"p99 at {share:.0%} of capacity",
                found.median(f"{share:.0%} of capacity", "p99_s"),
                "at most",
                2.0,
                "s",
            )
            for share in SHARES
            if share <= 0.5
        ],
        leaves_out=[
            "capacity is that of the whole pipeline and its load on this machine's cores, not of one part.",
            "it is seen by asking ctr_1m every 50 ms, so a figure holds up to 50 ms and one query too much.",
            "one worker with its default flush interval of 1 s.",
        ],
    )


def _load(running: Pipeline, seconds: float, think_ms: float) -> Load:
    return wrk(
        running.place, running.port, links=LINKS, connections=CLIENTS, seconds=seconds, think_ms=think_ms
    ).finish()


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    publish(run(parser.parse_args().seconds))


if __name__ == "__main__":
    main()
