"""What `fsync_after_insert` costs a flush: conditional inserts into `counters`, with and without it.

python -m bench.insert_fsync [--inserts 60] [--rounds 3]: a table, then one line of JSON.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from bench.machine import run_bench
from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.clickhouse.migrate import migrate
from schemas.counters import Chain
from schemas.events import Click
from stream.chain import Flushed
from stream.classify import Classifier
from stream.columns import EventColumns
from stream.deltas import Deltas
from stream.judged import judge
from stream.rows import counter_rows
from stream.sink import ClickHouseSink

DELTAS: Final = (1_000, 10_000)
_MINUTE: Final = 29_800_000
_CLASSIFIER: Final = Classifier()


async def measure(client: AsyncClient, *, deltas: int, inserts: int, first: int) -> list[float]:
    """Milliseconds of each flush: insert and read-back."""
    sink, took_ms = ClickHouseSink(client), []
    for offset in range(first, first + inserts):
        columns, now_ms = EventColumns(), (_MINUTE + offset % 5) * 60_000
        clicks = [
            Click(time_ms=now_ms, link=f"go.example/{number}", ua="Mozilla/5.0 Firefox/144.0")
            for number in range(deltas)
        ]
        columns.extend(clicks, range(deltas))
        fold = Deltas(columns, first_timestamp_ms=now_ms, last_timestamp_ms=now_ms)
        flushed = Flushed(Chain("clicks", 1, deltas), offset - 1, offset, offset)
        block = counter_rows(flushed, fold, judge(columns, _CLASSIFIER))
        started = time.perf_counter()
        await sink.insert_counters(flushed, block, f"bench-{deltas}-{offset}")
        assert await sink.read_head(Chain("clicks", 1, deltas)) == offset
        took_ms.append((time.perf_counter() - started) * 1e3)
    return took_ms


async def run(url: str, *, inserts: int, rounds: int) -> dict[tuple[bool, int], list[float]]:
    """All rounds; with and without take turns."""
    await migrate(url)
    client = await connect(url)
    times_ms: dict[tuple[bool, int], list[float]] = defaultdict(list)
    try:
        for turn in range(rounds * 2):
            fsync = turn % 2 == 0
            await client.command(
                "ALTER TABLE counters MODIFY SETTING"
                f" fsync_after_insert = {fsync:d}, fsync_part_directory = {fsync:d}"
            )
            for deltas in DELTAS:
                times_ms[fsync, deltas] += await measure(
                    client, deltas=deltas, inserts=inserts, first=turn * inserts
                )
    finally:
        await client.close()
    return times_ms


def main() -> None:
    """On an embedded ClickHouse of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inserts", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, default=Path(), help="a directory on the disk to measure")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.dir, prefix=".insert-fsync-") as directory:
        part = ClickHouse(Path(directory).resolve())
        part.start()
        try:
            times_ms = asyncio.run(run(f"{part.url}/bench", inserts=chosen.inserts, rounds=chosen.rounds))
        finally:
            part.stop()
    print(f"{'fsync_after_insert':20}{'deltas':>10}{'p50 ms':>10}{'p99 ms':>10}")
    medians = []
    for (fsync, deltas), took_ms in sorted(times_ms.items()):
        p50, p99 = statistics.median(took_ms), sorted(took_ms)[len(took_ms) * 99 // 100]
        print(f"{int(fsync):<20}{deltas:10,}{p50:10.1f}{p99:10.1f}")
        medians.append({"fsync": fsync, "deltas": deltas, "p50_ms": round(p50, 2), "p99_ms": round(p99, 2)})
    print(json.dumps({"bench": "insert_fsync", "inserts": chosen.inserts * chosen.rounds, "medians": medians}))


if __name__ == "__main__":
    run_bench(main)
