"""From an answered click to its visibility in `ctr_1m`, with the pipeline at 10, 50 and 90 % of its capacity.

    python -m bench.latency [--seconds N] [--rounds N]

Capacity is measured first, of all of it on this machine: clicks answered in some seconds of full load, divided by
the time until the last of them was counted. Beside each latency stands where it comes from: the stages of the
flushes, from the worker's metrics, how many flushes there were, and what each process took of its core.
"""

import argparse
import time
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from bench.load import Running, wrk
from bench.machine import cpu_seconds, run_bench, stolen_seconds
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
STAGES: Final = ("slot", "rows", "events", "counters", "head")
_CALIBRATION_S: Final = 3.0
_SETTLE_S: Final = 3.0


@dataclass(frozen=True)
class Spent:
    """What the flushes and the processes have taken so far, or between two looks."""

    at_s: float
    took: dict[str, tuple[float, float]]
    """Seconds and observations, by stage."""
    cpu_s: dict[str, float]
    events: float

    @classmethod
    def of(cls, running: Pipeline) -> "Spent":
        """So far."""
        worker = running.worker

        def sums(name: str, **labels: str) -> tuple[float, float]:
            return worker.metric(f"{name}_sum", **labels), worker.metric(f"{name}_count", **labels)

        took = {stage: sums("clicktally_stream_flush_stage_seconds", stage=stage) for stage in STAGES}
        took["waited"] = sums("clicktally_stream_flush_waited_seconds")
        return cls(
            at_s=time.monotonic(),
            took=took,
            cpu_s={name: cpu_seconds(pid) for name, pid in running.processes().items()},
            events=worker.metric("clicktally_stream_events_settled", result="counted"),
        )

    def __sub__(self, before: "Spent") -> "Spent":
        return Spent(
            at_s=self.at_s - before.at_s,
            took={
                stage: (seconds - before.took[stage][0], count - before.took[stage][1])
                for stage, (seconds, count) in self.took.items()
            },
            cpu_s={name: seconds - before.cpu_s[name] for name, seconds in self.cpu_s.items()},
            events=self.events - before.events,
        )

    def stages(self) -> dict[str, float]:
        """Milliseconds of each stage in the mean flush, how many flushes a second, and how large."""
        flushes = self.took["waited"][1]
        means = {f"{stage}_ms": seconds / count * 1000 for stage, (seconds, count) in self.took.items() if count}
        return means | {"flushes_per_s": flushes / self.at_s, "events_per_flush": self.events / max(1.0, flushes)}

    def cores(self) -> dict[str, float]:
        """The share of a core that each process took."""
        return {f"{name}_cores": seconds / self.at_s for name, seconds in self.cpu_s.items()}


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
    measured, stages, processes = Rounds(), Rounds(), Rounds()
    probes = PROBES * len(SHARES) * rounds
    # Ranks below LINKS are clicked by the load, those from LINKS on by the probes alone.
    probe_keys = map(link_key, range(LINKS, LINKS + probes))
    with scratch() as place, pipeline(place, links=LINKS + probes, bound=False) as running:
        per_s = capacity(running, seconds)
        measured.add("pipeline", capacity_per_s=per_s)
        for _, share in alternating(SHARES, rounds):
            think_ms = _think_ms(running, share * per_s)
            load = _load(running, seconds + 2 * _SETTLE_S, connections=PACED_CLIENTS, think_ms=think_ms)
            time.sleep(_SETTLE_S)
            stolen, spent = stolen_seconds(), Spent.of(running)
            took = Probes(running, list(islice(probe_keys, PROBES))).measure(seconds)
            spent = Spent.of(running) - spent
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
            stages.add(f"{share:.0%} of capacity", **spent.stages())
            processes.add(f"{share:.0%} of capacity", **spent.cores())
    return Result(
        name="latency",
        title="Latency: from the answered click to ctr_1m",
        command="make bench-latency",
        figures=measured.figures()
        | {f"flushes at {name}": figures for name, figures in stages.figures().items()}
        | {f"cores at {name}": figures for name, figures in processes.figures().items()},
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
            (
                "all of it, load and queries too, shares the cores, bound to none; with ClickHouse bound to"
                " the load's core, as once, that core has no rest, and p99 at 50 % is 1.2 to 1.3 s."
            ),
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
        running.place,
        running.port,
        links=LINKS,
        connections=connections,
        seconds=seconds,
        think_ms=think_ms,
        core=None,
    )


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    publish(run(arguments.seconds, arguments.rounds))


if __name__ == "__main__":
    run_bench(main, needs=("wrk", "taskset"))
