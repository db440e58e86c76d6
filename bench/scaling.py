"""What an event costs as processes, partitions and links grow: CPU, for two cores cannot show more throughput.

python -m bench.scaling [--events N] [--links N ...]
"""

import argparse
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.counting import count_all
from bench.load import get_links, wrk
from bench.machine import LOAD_CORE, SERVER_CORE, cpu_seconds, run_bench
from bench.results import Result, Rounds, publish
from bench.stack import BenchError, clickhouse, fill_link_cache, fresh_database, kafka, scratch, serve, worker
from bench.topics import Filled, fill
from bench.traffic import Traffic
from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka

PARTITIONS: Final = (1, 4, 16, 64)
LINKS: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
_NOTES: Final = (
    (
        "Partitions: a flush costs ClickHouse some 40 ms of CPU before its first row (three requests, two parts,"
        " the condition on the parts that hold the chain), and more parts are more merges. So an event is dearer"
        " the smaller its flush; where flushes take longer than their interval, they come less often and hold more."
    ),
    (
        "Tried for small flushes, 4,000 events each over 128 partitions, ms of ClickHouse's CPU a flush: merging"
        " more rarely, merges 47 to 21 (kept: migration 5); one insert of `events` for several partitions, the"
        " whole flush 99 to 77 (not built: it ties partitions together that fail one by one); a number of the chain"
        " in the partition key, so that parts of others are not opened, 6 to 8 % (needs a new table)."
    ),
    "Links: an event on one of many links shares fewer rows of counters, and its link is seldom in a cache.",
)
_WITHIN_S: Final = 600.0


def count_with(server: ClickHouse, broker: Kafka, filled: Filled, place: Path, workers: int) -> dict[str, float]:
    """Several workers of one group, on both cores, until everything is counted; CPU from their start on."""
    name = f"workers{workers}"
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(server, name))
        crowd = [
            stack.enter_context(
                worker(broker.bootstrap, url, place / f"{name}-{number}.log", core=number % 2, group=name)
            )
            for number in range(workers)
        ]
        for one in crowd:
            one.until(lambda: '"ready": true' in one.get("/readyz"), "being ready")  # noqa: B023 - called at once
        began = time.monotonic()
        # A worker that came first may have counted for the second: what they have settled together decides.
        while sum(one.metric("clicktally_stream_events_settled") for one in crowd) < filled.events:
            if time.monotonic() - began > _WITHIN_S:
                raise BenchError(f"{workers} workers did not count {filled.events} events in {_WITHIN_S} s")
            time.sleep(0.3)
        cpu = sum(cpu_seconds(one.pid) for one in crowd)
    return {"worker_cpu_s_per_million_with_start": cpu / filled.events * 1e6}


def redirect_with(place: Path, links: int, processes: int, seconds: float) -> dict[str, float]:
    """Several `serve` processes on one port, all on core 0; CPU per redirect of all of them."""
    here = place / f"serve-{links}-{processes}"
    here.mkdir()
    fill_link_cache(here / "links", get_links(links))
    port = free_port()
    with ExitStack() as stack:
        crowd = [stack.enter_context(serve(here, port=port, core=SERVER_CORE)) for _ in range(processes)]
        for one in crowd:
            one.until(lambda: bool(one.get("/metrics")), "its metrics")  # noqa: B023 - called at once
        wrk(place, port, links=links, connections=64, seconds=seconds).finish()
        before = sum(cpu_seconds(one.pid) for one in crowd)
        load = wrk(place, port, links=links, connections=64, seconds=seconds).finish()
        cpu = sum(cpu_seconds(one.pid) for one in crowd) - before
    return {"redirects_per_s": load.per_s, "serve_cpu_us_per_redirect": cpu / load.requests * 1e6}


def run(events: int, links: Sequence[int], seconds: float) -> Result:
    """Processes, then partitions, then links."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured = Rounds()
    with scratch() as place, clickhouse(place) as server:
        for processes in (1, 2):
            measured.add(f"{processes} serve", **redirect_with(place, 100_000, processes, seconds))
        for number in links:
            if number != 100_000:
                measured.add(f"{number:,} links", **redirect_with(place, number, 1, seconds))
        for partitions in PARTITIONS:
            with kafka(place / f"p{partitions}", partitions=partitions) as broker:
                filled = fill(broker.bootstrap, Traffic(links=100_000, partitions=partitions), events)
                counted = count_all(server, broker, filled, place, f"partitions{partitions}")
                measured.add(f"{partitions} partitions", **counted.measures(filled.events))
                if partitions == 4:
                    for workers in (1, 2):
                        measured.add(f"{workers} workers", **count_with(server, broker, filled, place, workers))
        for number in links:
            with kafka(place / f"l{number}", partitions=4) as broker:
                filled = fill(broker.bootstrap, Traffic(links=number, partitions=4), events)
                counted = count_all(server, broker, filled, place, f"links{number}")
                measured.add(f"{number:,} links", **counted.measures(filled.events))
    return Result(
        name="scaling",
        title="Scaling: CPU per event by processes, partitions and links",
        command="make bench-scaling",
        figures=measured.figures(),
        goals=[],
        leaves_out=[
            "throughput by cores: this machine has as many as one process and its load need.",
            "CPU with two workers includes their start, which is the same for each.",
        ],
        notes=list(_NOTES),
    )


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--links", type=int, nargs="+", default=LINKS)
    arguments = parser.parse_args()
    publish(run(arguments.events, arguments.links, arguments.seconds))


if __name__ == "__main__":
    run_bench(main)
