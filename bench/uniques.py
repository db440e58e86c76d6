"""What counting distinct visitors costs a flush, a link and an hour, and a question about 30 days.

python -m bench.uniques [--rounds 3] [--clicks 10000000]: tables, then one line of JSON.

A flush is the insert of its events, that of its counters, and the read-back; with `visitors_of_events` and without
it take turns, on databases of their own.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Iterator
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from bench.machine import cpu_seconds, run_bench
from bench.results import Goal, Rounds, goals_line
from bench.stack import clickhouse, fresh_database, query, scratch, until_still
from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.counters import Chain
from schemas.events import Click
from stream.chain import Flushed
from stream.classify import Classifier
from stream.columns import EventColumns
from stream.deltas import Deltas, Part
from stream.enrich.enricher import Enricher
from stream.enriched import enrich
from stream.event_rows import event_rows
from stream.judged import judge
from stream.rows import Block, counter_rows
from stream.sink import ClickHouseSink

EVENTS: Final = (1_000, 10_000, 50_000)
"""Of a flush: at a thousand events a second, at ten thousand, and of a worker that catches up."""
FLUSHES: Final = 20
LINKS: Final = 100_000
GOAL_RATIO: Final = 1.15

_START_MS: Final = 1_790_000_000_000
_VISITORS: Final = 1_000_000
_CLASSIFIER: Final = Classifier()
_ENRICHER: Final = Enricher()
_CHAIN: Final = Chain("clicks", 1, 0)
_DAYS: Final = 30
_CAMPAIGNS: Final = 200
_MONTH: Final = "since = toDateTime('2026-11-01', 'UTC'), until = toDateTime('2026-12-01', 'UTC')"
_QUESTIONS: Final = {
    "campaign_ms": f"SELECT * FROM uniques_between(by = 'campaign', {_MONTH}) WHERE campaign = 'campaign-7'",
    "posts_of_campaign_ms": f"SELECT * FROM uniques_between(by = 'post', {_MONTH}) WHERE campaign = 'campaign-7'",
    "all_campaigns_ms": f"SELECT * FROM uniques_between(by = 'campaign', {_MONTH})",
    "link_ms": f"SELECT * FROM link_uniques_between({_MONTH}) WHERE link = 'go.example/7'",
}


def blocks(events: int, first: int) -> Iterator[tuple[Flushed, Block, Block]]:
    """FLUSHES flushes one second apart, the busiest of LINKS with 1 % of the clicks: (what, events, counters)."""
    chosen = random.Random(first)
    for offset in range(first, first + FLUSHES):
        columns, now_ms = EventColumns(), _START_MS + offset * 1000
        clicks = [
            Click(
                time_ms=now_ms + place * 1000 // events,
                link=f"go.example/{int(LINKS * chosen.random() ** 3)}",
                ua="Mozilla/5.0 Firefox/144.0",
                visitor=chosen.randrange(1, _VISITORS) * 7_919_777_777,
                seq=offset * events + place + 1,
            )
            for place in range(events)
        ]
        columns.extend(clicks, range(events))
        parts = [Part(offset, now_ms, now_ms // 1000, "spool", events)]
        deltas = Deltas(columns, parts, first_timestamp_ms=now_ms, last_timestamp_ms=now_ms)
        judged = judge(columns, _CLASSIFIER)
        flushed = Flushed(_CHAIN, offset - 1, offset, offset)
        yield (
            flushed,
            event_rows(deltas, judged, enrich(judged, _ENRICHER), _CHAIN),
            counter_rows(flushed, deltas, judged),
        )


async def flush_all(url: str, events: int, first: int) -> list[float]:
    """Milliseconds of each."""
    client: AsyncClient = await connect(url)
    took_ms = []
    try:
        sink = ClickHouseSink(client)
        for flushed, rows, counters in list(blocks(events, first)):
            began = time.perf_counter()
            await sink.insert_events(rows)
            await sink.insert_counters(flushed, counters, f"bench-{flushed.first}")
            await sink.read_head(_CHAIN)
            took_ms.append((time.perf_counter() - began) * 1000)
    finally:
        await client.close()
    return took_ms


def flush_cost(server: ClickHouse, rounds: int) -> Rounds:
    """Time of a flush, and CPU of ClickHouse with the merges that follow."""
    measured = Rounds()
    with fresh_database(server, "uniques") as counting, fresh_database(server, "without") as without:
        query(server, "DROP VIEW without.visitors_of_events SYNC")
        first = 0
        for turn in range(rounds):
            for events in EVENTS:
                urls = [counting, without] if turn % 2 == 0 else [without, counting]
                for url in urls:
                    until_still(server, within_s=30)
                    began = cpu_seconds(server.pid)
                    took_ms = asyncio.run(flush_all(url, events, first))
                    until_still(server, within_s=30)
                    cpu_ms = (cpu_seconds(server.pid) - began) * 1000 / FLUSHES
                    name = f"{events} events, {'uniques' if url == counting else 'none'}"
                    measured.add(name, flush_ms=statistics.median(took_ms), cpu_ms=cpu_ms)
                first += FLUSHES
    return measured


def fill_month(server: ClickHouse, clicks: int) -> None:
    """30 days of clicks in `visitors_1h`, and names of LINKS links."""
    query(
        server,
        f"""
        INSERT INTO month.links (link, campaign, post, channel, version)
        SELECT
            concat('go.example/', toString(number)),
            concat('campaign-', toString(number % {_CAMPAIGNS})),
            concat('post-', toString(intDiv(number, 3))),
            'x',
            number + 1
        FROM numbers({LINKS})""",
    )
    query(server, "SYSTEM RELOAD DICTIONARY month.link_names")
    for day in range(_DAYS):
        place = f"toUInt32({LINKS} * pow(cityHash64(number, {day}) / exp2(64), 3))"
        query(
            server,
            f"""
            INSERT INTO month.visitors_1h
            SELECT
                concat('go.example/', toString({place})) AS link,
                toDateTime('2026-11-01', 'UTC') + INTERVAL 24 * {day} + cityHash64(number, 1) % 24 HOUR AS hour,
                uniqState(cityHash64(number, {day}, 2) % {_VISITORS} + {day} * {_VISITORS})
            FROM numbers({clicks // _DAYS})
            GROUP BY link, hour""",
        )


def query_cost(server: ClickHouse, clicks: int) -> dict[str, float]:
    """30 days of LINKS links in a table of their own: its size, and milliseconds of a question."""
    with fresh_database(server, "month"):
        fill_month(server, clicks)
        until_still(server, within_s=60)
        rows, size_bytes = map(
            int,
            query(
                server,
                "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts"
                " WHERE active AND database = 'month' AND table = 'visitors_1h'",
            ).split(),
        )
        cost = {"rows": rows, "bytes_a_row": size_bytes / rows, "bytes_a_click": size_bytes / clicks}
        for name, question in _QUESTIONS.items():
            took_ms = []
            for _ in range(5):
                began = time.perf_counter()
                query(server, f"{question} FORMAT Null", parameters="use_query_condition_cache=0&database=month")
                took_ms.append((time.perf_counter() - began) * 1000)
            cost[name] = statistics.median(took_ms)
    return cost


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clicks", type=int, default=10_000_000)
    options = parser.parse_args()
    with scratch() as place, clickhouse(place) as server:
        measured = flush_cost(server, options.rounds)
        asked = query_cost(server, options.clicks)
    for name, value in asked.items():
        print(f"{name:>22} {value:12,.1f}")
    goals = []
    for events in EVENTS:
        counting, without = (f"{events} events, {one}" for one in ("uniques", "none"))
        for measure in ("flush_ms", "cpu_ms"):
            values = measured.median(counting, measure), measured.median(without, measure)
            print(f"flush of {events:>6} events, {measure:>8}: {values[0]:8.1f}, without uniques {values[1]:8.1f}")
        ratio = measured.ratio(counting, without, "cpu_ms")
        goals.append(Goal(f"CPU of a flush of {events} events", ratio, "at most", GOAL_RATIO))
    print(goals_line("uniques", goals, clicks=options.clicks))


if __name__ == "__main__":
    run_bench(main)
