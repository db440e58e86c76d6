"""A year of a large account in ClickHouse, and what people ask of it: how long, how much is read, what memory.

python -m bench.query [--rows N]: a table, then one line of JSON with the goals. The directory is filled once.
"""

import argparse
import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from bench.machine import run_bench
from bench.query_asked import GOALS_MS, Question, questions
from bench.query_fill import (
    CAMPAIGNS,
    DAYS,
    LINKS,
    Account,
    fill,
    fill_running_month,
    links_by_traffic,
    merge_ended_months,
    roll_up_days,
)
from bench.query_inserts import EVENTS_PER_S, Flushes, insert_cost, inserting
from bench.query_runs import LEAST_FOR_A_GOAL, Answers, Reader, forget_pages
from bench.results import Goal, Result, Rounds, Spread, goals_line, publish, spread
from bench.stack import CACHE, migrate_kept, query, until_still
from deploy.local.processes import ClickHouse
from schemas.clickhouse.migrate import migrate

ROWS: Final = 100_000_000
DATABASE: Final = "account"
INSERT_GOAL: Final = 1.15
FRESHNESS_GOAL: Final = 1.1
_CAMPAIGN_RANKS: Final = (20, 100, 300, 700, 1000, 1500, 1900)
_LINK_RANKS: Final = (1, 3, 10, 30, 100, 300, 1000)


@contextmanager
def filled(rows: int) -> Iterator[tuple[ClickHouse, Account]]:
    """A running ClickHouse with the account, from an earlier run or filled now."""
    server = ClickHouse(CACHE / f"account-{rows}")
    server.start()
    try:
        run = partial(query, server, parameters=f"database={DATABASE}")
        exists = query(
            server, f"SELECT count() FROM system.tables WHERE database = '{DATABASE}' AND name = 'filled'"
        )
        marks = query(server, f"SELECT mark FROM {DATABASE}.filled").splitlines() if int(exists) else []
        account = Account.of_mark(marks[0], rows) if marks else None
        if account is None:
            account = Account(rows, datetime.now(UTC).date())
            print(f"filling {rows:,} counter rows: some minutes, once", flush=True)
            server.stop()
            shutil.rmtree(server.data_dir)
            server.start()
            asyncio.run(migrate(f"{server.url}/{DATABASE}"))
            began = time.monotonic()
            fill(run, account, lambda line: print(f"  {time.monotonic() - began:5.0f} s: {line}", flush=True))
            run("CREATE TABLE filled (mark String) ENGINE = MergeTree ORDER BY mark")
            run(f"INSERT INTO filled VALUES ('{account.mark}')")
        migrate_kept(server, DATABASE)
        until_still(server, within_s=300, resting_cpu_s=0.2)  # a part that is being merged cannot be merged
        merge_ended_months(run, account)
        fill_running_month(run, account)
        asyncio.run(roll_up_days(f"{server.url}/{DATABASE}"))
        until_still(server, within_s=300, resting_cpu_s=0.2)
        yield server, account
    finally:
        server.stop()


def run(rows: int) -> Result:
    """Ask everything: cold, warm, and with inserts beside."""
    measured = Rounds()
    with filled(rows) as (server, account):
        run_sql = partial(query, server, parameters=f"database={DATABASE}")
        links = links_by_traffic(run_sql, LINKS)
        filled_with = _what_is_filled(server)
        print(filled_with, flush=True)
        reader = Reader(
            server.url,
            DATABASE,
            [f"campaign-{rank}" for rank in _CAMPAIGN_RANKS],
            [links[rank] for rank in _LINK_RANKS],
        )
        all_questions = questions(account)
        cold, really_cold = _cold(server, reader, all_questions)
        server.restart()
        until_still(server, within_s=300, resting_cpu_s=0.2)  # it begins with what lifetimes have ended meanwhile
        alone, memory = {}, {}
        for one in all_questions:
            alone[one.name] = reader.many(one, least=LEAST_FOR_A_GOAL) if one.goal else reader.many(one)
            memory[one.name] = reader.memory_mib(one)
            print(
                f"  {one.name}: p50 {alone[one.name].p50_ms:.1f} ms, p95 {alone[one.name].p95_ms:.1f} ms",
                flush=True,
            )
        flushes = Flushes(account.start + timedelta(days=DAYS), links)
        try:
            with inserting(f"{server.url}/{DATABASE}", flushes):
                beside = {}
                for one in all_questions:
                    beside[one.name] = reader.many(one, budget_s=1.5)
                    print(f"  with inserts, {one.name}: p50 {beside[one.name].p50_ms:.1f} ms", flush=True)
        finally:
            run_sql(f"ALTER TABLE counters DROP PARTITION ({flushes.month:%Y%m}, 0)")
        bytes_per_row = float(
            run_sql(
                "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts"
                f" WHERE active AND database = '{DATABASE}' AND table = 'counters'"
            )
        )
        cost = insert_cost(server, measured, links, account.start + timedelta(days=DAYS))
    _print_table(all_questions, cold, alone, beside, memory)
    figures = {
        one.name: _measures(cold[one.name], alone[one.name], beside[one.name], memory[one.name])
        for one in all_questions
    }
    figures["inserts beside"] = {"flush_ms": spread(flushes.took_ms)}
    figures["disk"] = {"bytes_per_counter_row": _one(bytes_per_row)}
    return Result(
        name="query",
        title=f"Queries over {rows:,} counter rows of a year",
        command="make bench-query" + ("" if rows == ROWS else f" ROWS={rows}"),
        figures=figures | measured.figures(),
        goals=[
            *_goals(all_questions, alone),
            Goal("insert cost, with merges", cost.cpu, "at most", INSERT_GOAL),
            Goal("freshness, p99 of a flush", cost.flush_p99, "at most", FRESHNESS_GOAL),
        ],
        leaves_out=[
            "one user at a time; the queries of a dashboard that come at once share the cores.",
            "figures are until the last byte over HTTP, the embedded front's part included (about 3 ms).",
            *([] if really_cold else ["the host's page cache could not be emptied: cold is colder than this."]),
        ],
        notes=[
            filled_with,
            f"with inserts: {EVENTS_PER_S:,} events a second in flushes as the stream makes them.",
            "insert cost and freshness: today's counter table over the first one, for the same flushes in turn.",
            "memory_mib: the least power of two that the query can do with, as max_memory_usage.",
            "p95 goals: alone, warm, each time another campaign or link, without the cache of conditions.",
            f"a p95 with a goal is of at least {LEAST_FOR_A_GOAL} answers: of fewer it would be the slowest.",
            "a part for each month that ended and the running one until its last midnight; its last day has five.",
        ],
    )


def _cold(server: ClickHouse, reader: Reader, all_questions: list[Question]) -> tuple[dict[str, float], bool]:
    """The first time of each question after caches were emptied."""
    took_ms, really = {}, True
    for one in all_questions:
        for cache in ("MARK", "UNCOMPRESSED", "QUERY"):
            query(server, f"SYSTEM DROP {cache} CACHE")
        really = forget_pages() and really
        took_ms[one.name] = reader.ask(one)[0]
        print(f"  cold, {one.name}: {took_ms[one.name]:.1f} ms", flush=True)
    return took_ms, really


def _goals(all_questions: list[Question], alone: dict[str, Answers]) -> list[Goal]:
    """Of each goal the slowest of its questions."""
    return [
        Goal(
            f"{name}, p95",
            max(alone[one.name].p95_ms for one in all_questions if one.goal == name),
            "at most",
            goal,
            "ms",
        )
        for name, goal in GOALS_MS.items()
    ]


def _measures(cold_ms: float, alone: Answers, beside: Answers, memory_mib: float) -> dict[str, Spread]:
    return {
        "cold_ms": _one(cold_ms),
        "p50_ms": _one(alone.p50_ms),
        "p95_ms": _one(alone.p95_ms),
        "inserting_p50_ms": _one(beside.p50_ms),
        "inserting_p95_ms": _one(beside.p95_ms),
        "rows_read": _one(float(alone.rows)),
        "mib_read": _one(alone.mib),
        "memory_mib": _one(memory_mib),
    }


def _one(value: float) -> Spread:
    return spread([value])


def _print_table(
    all_questions: list[Question],
    cold: dict[str, float],
    alone: dict[str, Answers],
    beside: dict[str, Answers],
    memory: dict[str, float],
) -> None:
    print(f"{'':46}{'cold':>9}{'p50 ms':>9}{'p95 ms':>9}{'with inserts':>18}{'rows':>13}{'MiB':>8}{'memory':>8}")
    for one in all_questions:
        warm, busy = alone[one.name], beside[one.name]
        print(
            f"{one.name:46}{cold[one.name]:9.1f}{warm.p50_ms:9.1f}{warm.p95_ms:9.1f}{busy.p50_ms:9.1f}"
            f"{busy.p95_ms:9.1f}{warm.rows:13,}{warm.mib:8.1f}{memory[one.name]:8.0f}",
            flush=True,
        )


def _what_is_filled(server: ClickHouse) -> str:
    kinds = query(
        server,
        f"SELECT sum(kind = 0), sum(kind = 2), sum(kind = 1), sum(kind = 3) FROM {DATABASE}.counters",
    ).split()
    parts, size = query(
        server,
        "SELECT count(), formatReadableSize(sum(bytes_on_disk)) FROM system.parts"
        f" WHERE active AND database = '{DATABASE}' AND table = 'counters'",
    ).split("\t")
    deltas, markers, heads, dedup = (int(kind) for kind in kinds)
    return (
        f"filled: {deltas:,} deltas of {DAYS} days, {markers:,} markers, {heads:,} heads, {dedup:,} dedup rows in"
        f" {parts} parts, {size.strip()}; {LINKS:,} links, {CAMPAIGNS:,} campaigns."
    )


def main() -> None:
    """Parse, run, publish what is of the full size."""
    parser = argparse.ArgumentParser(prog="python -m bench.query", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    result = run(rows)
    if rows == ROWS:
        publish(result)
    else:
        print(goals_line(result.name, result.goals, machine=result.machine))


if __name__ == "__main__":
    run_bench(main)
