"""Memory of each process over time under load, bytes an event takes at rest, and how long processes take to start.

python -m bench.footprint [--minutes N]
"""

import argparse
import os
import time
from typing import Final

from bench.load import wrk
from bench.machine import LOAD_CORE, disk_bytes, rss_bytes, run_bench
from bench.pipeline import Pipeline, pipeline, until_level
from bench.results import Result, Rounds, publish
from bench.spooled import fill_spool
from bench.stack import query, relay, scratch, serve, worker
from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka

LINKS: Final = 100_000
CLIENTS: Final = 32
_RATE_PER_S: Final = 4_000
_SAMPLES: Final = 60
_MIB: Final = 2**20


def run(minutes: float) -> Result:
    """Load for so long, sample, then weigh what lies on disk."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured, series = Rounds(), {}
    with scratch() as place:
        sample = fill_spool(place / "weighed" / "spool", 100_000, links=LINKS)
        measured.add("at rest", spool_bytes_per_event=sample / 100_000)
        _time_starts(measured)
        with pipeline(place, links=LINKS) as running:
            _time_ours(running, measured)
            at_first = disk_bytes(running.broker.data_dir / "kafka")
            load = wrk(
                place,
                running.port,
                links=LINKS,
                connections=CLIENTS,
                seconds=minutes * 60,
                think_ms=CLIENTS / _RATE_PER_S * 1000,
            )
            series = _sample(running, minutes * 60)
            answered = load.finish().requests
            until_level(running, answered, within_s=300)
            events = int(query(running.server, f"SELECT count() FROM {running.database}.events"))
            kafka_bytes = disk_bytes(running.broker.data_dir / "kafka") - at_first
            measured.add(
                "at rest",
                kafka_bytes_per_event=kafka_bytes / events,
                events_bytes_per_event=_table_bytes(running, "events") / events,
                counters_bytes_per_event=_table_bytes(running, "counters") / events,
                counters_bytes_per_link_and_minute=_table_bytes(running, "counters")
                / int(query(running.server, f"SELECT count() FROM (SELECT 1 FROM {running.database}.ctr_1m)")),
                events=float(events),
            )
            for name, points in series.items():
                measured.add(name, rss_mib_at_first=points[0][1], rss_mib_at_last=points[-1][1])
    return Result(
        name="footprint",
        title=f"Footprint: {minutes:g} minutes at about {_RATE_PER_S:,} clicks a second",
        command="make bench-footprint",
        figures=measured.figures(),
        goals=[],
        leaves_out=[
            "RSS counts shared pages for every process; LMDB's mapped links are among serve's.",
            "Kafka's heap is set, not needed: 1 GiB here.",
            "clicks spread evenly over the links: busy links share counter rows, so real traffic takes fewer.",
        ],
        series=series,
    )


def _time_starts(measured: Rounds) -> None:
    with scratch() as place:
        for name, part in (("Kafka", Kafka(place / "k")), ("ClickHouse", ClickHouse(place / "c"))):
            began = time.monotonic()
            part.start()
            measured.add(name, start_s=time.monotonic() - began)
            part.kill()


def _time_ours(running: Pipeline, measured: Rounds) -> None:
    here = running.place / "started"
    here.mkdir()
    with serve(here, port=free_port()) as service:
        measured.add(
            "serve", start_s=service.until(lambda: bool(service.get("/metrics")), "metrics") - service.started_at
        )
    with relay(running.broker.bootstrap, here) as service:
        measured.add(
            "relay", start_s=service.until(lambda: bool(service.get("/healthz")), "health") - service.started_at
        )
    url = f"{running.server.url}/{running.database}"
    with worker(running.broker.bootstrap, url, here / "worker.log", group="started") as service:
        ready = service.until(lambda: '"ready": true' in service.get("/readyz"), "being ready")
        measured.add("worker", start_s=ready - service.started_at)


def _sample(running: Pipeline, seconds: float) -> dict[str, list[tuple[float, float]]]:
    series: dict[str, list[tuple[float, float]]] = {name: [] for name in running.processes()}
    began = time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        for name, pid in running.processes().items():
            series[name].append((at, rss_bytes(pid) / _MIB))
        time.sleep(max(1.0, seconds / _SAMPLES))
    return series


def _table_bytes(running: Pipeline, table: str) -> int:
    query(running.server, f"OPTIMIZE TABLE {running.database}.{table} FINAL")
    statement = (
        "SELECT sum(bytes_on_disk) FROM system.parts"
        f" WHERE active AND database = '{running.database}' AND table = '{table}'"
    )
    return int(query(running.server, statement))


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.footprint", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    publish(run(parser.parse_args().minutes))


if __name__ == "__main__":
    run_bench(main, needs=("wrk", "taskset"))
