"""How many events a second one worker counts, and what CPU that takes of worker and database.

    python -m bench.stream [--events N] [--rounds N]

Against ClickHouse's own floor, a Kafka Connect sink, the textbook Faust application and Quix Streams, in one run.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import connect, floor, singles
from bench.counting import count_all, hold_merges, until_merged
from bench.machine import LOAD_CORE, cpu_seconds, run_bench
from bench.results import Goal, Result, Rounds, alternating, publish
from bench.stack import BenchError, clickhouse, fresh_database, kafka, query, scratch
from bench.topics import Filled, fill
from bench.traffic import BATCH_EVENTS, Traffic
from deploy.local.processes import ClickHouse, Kafka
from schemas.topics import CLICKS

PARTITIONS: Final = 4
LINKS: Final = 100_000
SINGLES: Final = 30_000
WORKER: Final = "worker"
SCATTERED: Final = "worker, late ones scattered"
FLOOR: Final = "ClickHouse alone"
CONNECT: Final = "Kafka Connect, thin sink"
FAUST: Final = "Faust, textbook"
QUIX: Final = "Quix Streams"
_HOW: Final = (
    "`events` is merged once, at the end, for everybody; counters merge when the background gets to it.",
    (
        "What made the worker cheaper, CPU s per million on one machine: lines scanned into columns by C instead of"
        " objects 5.8 to 2.9, larger batches and flushes 2.9 to 2.4, bodies sent in pieces 2.4 to 1.9."
    ),
    (
        "What made ClickHouse cheaper, merges apart: rows that come sorted, narrow dictionaries, larger flushes;"
        " it takes about half of what parsing the same lines takes the floor."
    ),
    (
        "What was tried and left: sending Native instead of ArrowStream would save 0.2 s more, for an encoder"
        " of our own; enlarging malloc's thresholds a third of the page faults, but no time beyond noise;"
        " LZ4 for ZSTD, no LowCardinality, a shorter key: dearer or no cheaper to merge."
    ),
    (
        "What came since the ratio was 1.03: classes by repeats, enrichment and sketches. Of 150,000 events each,"
        " ClickHouse's CPU s per million: insert of events 0.85, of counters 0.65, the merge of `events` 1.83 (39"
        " columns; each of the 11 mostly empty ones that are LowCardinality takes 0.016 more than a sparse String),"
        " of counters 0.45, of sketches 0.01. Merging column by column takes 4.6, with or without wide parts. With"
        " events that say nothing of country, language, network and UTM, as none does any more, it is 1.21: the"
        " floor parses and keeps less."
    ),
    (
        "Where the worker's time goes now: a third our own (scan 0.28 us an event, classes and order 0.15, rows"
        " 0.2), the rest per record: Faust, the consumer, decompression, HTTP, the kernel."
    ),
)
_SUM: Final = "sum_cpu_s_per_million_with_merges"


def measure_floor(server: ClickHouse, filled: Filled, name: str, insert_events: int) -> dict[str, float]:
    """The same bytes posted to ClickHouse; its CPU as the worker's run counts it."""
    values = [value for _, _, value in sorted(filled.values, key=lambda one: one[:2])]
    with fresh_database(server, name):
        floor.create(server, name)
        hold_merges(server, name)
        before = cpu_seconds(server.pid)
        wall_s = floor.insert_all(server, name, values, insert_events=insert_events, batch_events=BATCH_EVENTS)
        settled_cpu = cpu_seconds(server.pid) - before
        merged_cpu = settled_cpu + until_merged(server, name)
        clicks = int(query(server, f"SELECT sum(clicks) FROM {name}.counters"))
        rows = int(query(server, f"SELECT count() FROM {name}.events"))
        if clicks != filled.fresh[CLICKS] or rows != filled.counted:
            raise BenchError(f"the floor counted {clicks} clicks, {rows} rows of {filled.fresh}")
    millions = filled.counted / 1e6
    return {
        "events_per_s": filled.counted / wall_s,
        "clickhouse_cpu_s_per_million": settled_cpu / millions,
        "clickhouse_cpu_s_per_million_with_merges": merged_cpu / millions,
        "sum_cpu_s_per_million": settled_cpu / millions,
        _SUM: merged_cpu / millions,
    }


def run(events: int, rounds: int) -> Result:
    """Fill the topics, let everybody count them, round by round."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured, notes = Rounds(), []
    with scratch() as place, clickhouse(place) as server:
        with kafka(place, partitions=PARTITIONS, more=(singles.SINGLE_TOPIC,)) as broker:
            print(f"writing {events:,} events", flush=True)
            filled = fill(broker.bootstrap, Traffic(links=LINKS, partitions=PARTITIONS), events, keep=True)
            singles.fill_singles(broker.bootstrap, SINGLES, links=LINKS)
            notes += _note_single_events(broker, place, measured)
            notes += _alternate(server, broker, filled, place, measured, rounds=rounds)
        filled.values.clear()
        # Late clicks scattered: other topics of the same names need another broker.
        with kafka(place / "scattered", partitions=PARTITIONS) as broker:
            traffic = Traffic(links=LINKS, partitions=PARTITIONS, scattered=True)
            filled = fill(broker.bootstrap, traffic, events // 2)
            for number in range(rounds):
                counted = count_all(server, broker, filled, place, f"scattered{number}")
                measured.add(SCATTERED, **counted.measures(filled.events))
    return Result(
        name="stream",
        title="Stream: from Kafka to counters and events, exactly once",
        command="make bench-stream",
        figures=measured.figures(),
        goals=_goals(measured),
        leaves_out=[
            "Kafka's CPU, a network, replication. The worker has core 0, Kafka and ClickHouse share core 1.",
            "the worker's numbers count resent events as work done; the floor is not given them.",
            "the floor has no identity, offsets, deduplication or classes; Faust and Quix have no database either.",
            f"user agents repeat: the first sight of a new one costs 0.3 ms, which {events:,} events amortise.",
            "ready Kafka Connect sinks: Maven found neither ClickHouse's own nor Camel's, Debezium's or Aiven's.",
            "a thin sink stands in for them, at least once: a poll of the backlog (up to 500 batches) an insert.",
            "it fills the floor's tables, has no identity or classes either, and counts resent events twice.",
            "the start of Kafka Connect's JVM; its warming up counts, from when it has its partitions.",
            "the embedded front hands bodies to ClickHouse through a file: a server is cheaper for everybody.",
        ],
        notes=[*_HOW, *notes],
    )


def _alternate(
    server: ClickHouse, broker: Kafka, filled: Filled, place: Path, measured: Rounds, *, rounds: int
) -> list[str]:
    """Those that count all of it, in turn; that Kafka Connect could not be measured comes back as a note."""
    per_insert, notes = 50_000, list[str]()
    for number, contestant in alternating([WORKER, FLOOR, CONNECT], rounds):
        if contestant == WORKER:
            counted = count_all(server, broker, filled, place, f"worker{number}")
            per_insert = max(BATCH_EVENTS, filled.events // max(counted.inserts, 1))
            measured.add(WORKER, **counted.measures(filled.events))
        elif contestant == FLOOR:
            measured.add(FLOOR, **measure_floor(server, filled, f"floor{number}", per_insert))
        elif not notes:
            try:
                counted = connect.count_all(server, broker, filled, place, f"connect{number}")
            except BenchError as error:
                notes.append(f"{CONNECT} was left out: {error}")
                print(notes[-1], flush=True)
            else:
                measured.add(CONNECT, **counted.measures(filled.events))
    return notes


def _note_single_events(broker: Kafka, place: Path, measured: Rounds) -> list[str]:
    """Those that take one event a record, once each; what could not be measured comes back as a note."""
    contestants: list[tuple[str, Callable[[], list[str]]]] = [
        (FAUST, lambda: singles.faust_command(broker.bootstrap, SINGLES)),
        (QUIX, lambda: singles.quix_command(broker.bootstrap, SINGLES, place / "quix-state")),
    ]
    notes = []
    for name, command in contestants:
        try:
            measured.add(name, **singles.run_single(command(), SINGLES, place / "single.log"))
        except BenchError as error:
            notes.append(f"{name} was left out: {error}")
            print(notes[-1], flush=True)
    return notes


def _goals(measured: Rounds) -> list[Goal]:
    goals = [
        Goal(
            "events per second of the worker's core, counters and events",
            measured.median(WORKER, "events_per_worker_cpu_s"),
            "at least",
            250_000,
            "events/s",
        ),
        Goal(
            "CPU of worker and ClickHouse against the floor's, merges included",
            measured.ratio(WORKER, FLOOR, _SUM),
            "at most",
            1.15,
        ),
    ]
    if FAUST in measured.figures():
        value = measured.median(FAUST, "worker_cpu_s_per_million") / measured.median(
            WORKER, "worker_cpu_s_per_million"
        )
        goals.append(
            Goal("CPU per event of the textbook Faust application against the worker's", value, "at least", 30)
        )
    return goals


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__)
    parser.add_argument("--events", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    publish(run(arguments.events, arguments.rounds))


if __name__ == "__main__":
    run_bench(main)
