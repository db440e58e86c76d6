"""One worker counts what lies in the topics: how long, what CPU, and whether the sums are right."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.machine import SERVER_CORE, cpu_seconds
from bench.stack import BenchError, Service, fresh_database, query, until_still, worker
from bench.topics import Filled
from deploy.local.processes import ClickHouse, Kafka
from schemas.topics import CLICKS, IMPRESSIONS

_SETTLED: Final = "clicktally_stream_events_settled"
_MERGED_WITHIN_S: Final = 30.0


@dataclass(frozen=True)
class Counted:
    """One worker's run. CPU until the last event was durable; ClickHouse's also until its merges were done."""

    wall_s: float
    worker_cpu_s: float
    clickhouse_cpu_s: float
    clickhouse_merged_cpu_s: float
    inserts: int

    def measures(self, events: int) -> dict[str, float]:
        """As figures, per event."""
        millions = events / 1e6
        return {
            "events_per_s": events / self.wall_s,
            "events_per_worker_cpu_s": events / self.worker_cpu_s,
            "worker_cpu_s_per_million": self.worker_cpu_s / millions,
            "clickhouse_cpu_s_per_million": self.clickhouse_cpu_s / millions,
            "clickhouse_cpu_s_per_million_with_merges": self.clickhouse_merged_cpu_s / millions,
            "sum_cpu_s_per_million": (self.worker_cpu_s + self.clickhouse_cpu_s) / millions,
            "sum_cpu_s_per_million_with_merges": (self.worker_cpu_s + self.clickhouse_merged_cpu_s) / millions,
            "inserts": float(self.inserts),
        }


def count_all(
    server: ClickHouse,
    broker: Kafka,
    filled: Filled,
    place: Path,
    name: str,
    *,
    core: int = SERVER_CORE,
) -> Counted:
    """Count everything into a new database, check the sums, drop it. Raises BenchError when they are wrong."""
    with (
        fresh_database(server, name) as url,
        worker(broker.bootstrap, url, place / f"{name}.log", core=core, group=name) as service,
    ):
        hold_merges(server, name)
        began = service.until(lambda: '"ready": true' in service.get("/readyz"), "being ready")
        worker_cpu, database_cpu = cpu_seconds(service.pid), cpu_seconds(server.pid)
        await_settled(service, filled.events, began)
        wall_s = time.monotonic() - began
        worker_cpu = cpu_seconds(service.pid) - worker_cpu
        settled_cpu = cpu_seconds(server.pid) - database_cpu
        inserts = int(service.metric("clicktally_stream_flushes", outcome="done"))
        service.stop()
        merged_cpu = settled_cpu + until_merged(server, name)
        check_sums(server, name, filled)
    return Counted(wall_s, worker_cpu, settled_cpu, merged_cpu, inserts)


def await_settled(service: Service, events: int, began: float, *, within_s: float = 600.0) -> None:
    """Return as soon as a durable flush covers the last event; looks seldom at first, for a look takes CPU."""
    while True:
        settled = service.metric(_SETTLED)
        if settled >= events:
            return
        spent = time.monotonic() - began
        if service.process.poll() is not None or spent > within_s:
            words = service.log.read_bytes()[-3000:].decode(errors="replace")
            raise BenchError(f"{settled:,.0f} of {events:,} events were counted; the worker's log ends:\n{words}")
        left_s = spent * (events - settled) / max(settled, events / 100)
        time.sleep(min(max(left_s / 4, 0.05), 1.0))


def check_sums(server: ClickHouse, name: str, filled: Filled) -> None:
    """Raise BenchError unless every fresh event was counted once and is in `events` once."""
    clicks, impressions = query(server, f"SELECT sum(clicks), sum(impressions) FROM {name}.counters").split()
    rows = query(server, f"SELECT count() FROM {name}.events FINAL").strip()
    counted = (int(clicks), int(impressions), int(rows))
    wanted = (filled.fresh[CLICKS], filled.fresh[IMPRESSIONS], filled.counted)
    if counted != wanted:
        raise BenchError(f"clicks, impressions, rows of events: want {wanted}, found {counted}")


def hold_merges(server: ClickHouse, name: str) -> None:
    """No merge of `events` begins by itself: when the background gets to it is chance, and costs most of a run."""
    limits = ", ".join(f"max_bytes_to_merge_at_{when}_space_in_pool = 1" for when in ("max", "min"))
    query(server, f"ALTER TABLE {name}.events MODIFY SETTING {limits}")


def until_merged(server: ClickHouse, name: str) -> float:
    """Merge every row of `events` once, and wait for the background; the CPU seconds of ClickHouse meanwhile."""
    before = cpu_seconds(server.pid)
    query(server, f"OPTIMIZE TABLE {name}.events FINAL")
    until_still(server, within_s=_MERGED_WITHIN_S, database=name)
    return cpu_seconds(server.pid) - before
