"""How many events a second one relay moves from a full spool into Kafka, its CPU, and bytes on the wire.

python -m bench.relay [--events N] [--rounds N]
"""

import argparse
import os
import shutil
import time
from pathlib import Path
from typing import Final

from bench.machine import LOAD_CORE, cpu_seconds, disk_bytes, run_bench
from bench.results import Result, Rounds, publish
from bench.spooled import fill_spool
from bench.stack import kafka, relay, scratch
from deploy.local.processes import Kafka
from schemas.spool import spools

PARTITIONS: Final = 12
LINKS: Final = 100_000


def measure(broker: Kafka, place: Path, events: int) -> dict[str, float]:
    """One relay, from a full spool to an empty directory."""
    used = fill_spool(place / "spool", events, links=LINKS)
    log_bytes = disk_bytes(broker.data_dir / "kafka")
    with relay(broker.bootstrap, place) as service:
        # A relay has its settings, its imports and its lock behind it when it answers.
        service.until(lambda: bool(service.get("/healthz")), "its health", every_s=0.005)
        began, cpu = time.monotonic(), cpu_seconds(service.pid)
        ended = service.until(lambda: not spools(place / "spool"), "an empty spool", within_s=300)
        cpu = cpu_seconds(service.pid) - cpu
    return {
        "events_per_s": events / (ended - began),
        "events_per_cpu_s": events / cpu,
        "cpu_s_per_million": cpu / events * 1e6,
        "spool_bytes_per_event": used / events,
        "kafka_log_bytes_per_event": (disk_bytes(broker.data_dir / "kafka") - log_bytes) / events,
    }


def run(events: int, rounds: int) -> Result:
    """Round by round, on one broker."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured = Rounds()
    with scratch() as place, kafka(place, partitions=PARTITIONS) as broker:
        for number in range(rounds):
            here = place / f"relay{number}"
            here.mkdir()
            measured.add("relay", **measure(broker, here, events))
            shutil.rmtree(here)
    return Result(
        name="relay",
        title="Relay: from a full spool into Kafka",
        command="make bench-relay",
        figures=measured.figures(),
        goals=[],
        leaves_out=[
            "Kafka's CPU (core 1), replication, a network.",
            "a relay that keeps up: its batches are smaller, compress less and cost more an event.",
            "bytes on the wire are the growth of Kafka's log: compressed batches with headers, without TCP's.",
        ],
    )


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    publish(run(arguments.events, arguments.rounds))


if __name__ == "__main__":
    run_bench(main)
