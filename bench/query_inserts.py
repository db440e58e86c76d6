"""Flushes as the stream makes them, beside queries, and what the counter table's layout costs a flush."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from bench.machine import cpu_seconds
from bench.results import Rounds
from bench.stack import fresh_database, query, until_still
from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.clickhouse.migrate import read_migrations
from schemas.counters import Chain
from schemas.events import Click
from stream.chain import Flushed
from stream.classify import Classifier
from stream.columns import EventColumns
from stream.deltas import Deltas
from stream.judged import judge
from stream.rows import Block, counter_rows
from stream.sink import ClickHouseSink

EVENTS_PER_S: Final = 20_000
CHAINS: Final = 4
_CLASSIFIER: Final = Classifier()
_FORMER: Final = ("0001_counters.sql", "0005_merges.sql")
_ROUNDS, _FLUSHES, _FLUSH_EVENTS = 5, 60, 10_000


@dataclass
class Flushes:
    """Flushes of some chains, one after the other; `took_ms` holds insert and read-back of each."""

    at: datetime
    """The time of the first event. They go into a table partition of their own: the month after."""
    links: list[str]
    took_ms: list[float] = field(default_factory=list)
    _head: int = -1
    _chosen: random.Random = field(default_factory=lambda: random.Random(1))

    @property
    def month(self) -> datetime:
        """The month of the table partition."""
        return (self.at.replace(day=1) + timedelta(days=32)).replace(day=1)

    def block(self, chain: Chain, events: int) -> tuple[Flushed, Block]:
        """The next flush of a chain."""
        columns, now_ms = EventColumns(), int(self.at.timestamp() * 1000) + (self._head + 1) * 1000 // CHAINS
        places = [int(len(self.links) * self._chosen.random() ** 3) for _ in range(events)]
        columns.extend(
            [Click(time_ms=now_ms, link=self.links[place], ua="Mozilla/5.0 Firefox/144.0") for place in places],
            range(events),
        )
        month_ms = int(self.month.timestamp() * 1000)
        self._head += 1
        flushed = Flushed(chain, self._head - 1, self._head, self._head)
        deltas = Deltas(columns, first_timestamp_ms=month_ms, last_timestamp_ms=month_ms)
        return flushed, counter_rows(flushed, deltas, judge(columns, _CLASSIFIER))

    async def flush(self, sink: ClickHouseSink, flushed: Flushed, block: Block) -> None:
        """Insert on condition and read back."""
        began = time.perf_counter()
        await sink.insert_counters(flushed, block, f"bench-{flushed.chain}-{flushed.first}")
        await sink.read_head(flushed.chain)
        self.took_ms.append((time.perf_counter() - began) * 1000)


@contextmanager
def inserting(url: str, flushes: Flushes) -> Iterator[None]:
    """EVENTS_PER_S events a second in CHAINS chains, each flushed once a second, in a thread."""
    stopped = threading.Event()

    async def insert() -> None:
        client = await connect(url)
        try:
            sink, due = ClickHouseSink(client), time.monotonic()
            while not stopped.is_set():
                chain = Chain("bench", 1, 0)
                await flushes.flush(sink, *flushes.block(chain, EVENTS_PER_S // CHAINS))
                due = max(due + 1 / CHAINS, time.monotonic() - 1)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        finally:
            await client.close()

    thread = threading.Thread(target=lambda: asyncio.run(insert()))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


@dataclass(frozen=True)
class InsertCost:
    """Today's counter table over the first one's, for the same flushes."""

    cpu: float
    """CPU of ClickHouse for flushes and their merges, median of the rounds."""
    flush_p99: float
    """The 99th percentile of insert and read-back: what the table adds to the freshness of counting."""


def insert_cost(server: ClickHouse, measured: Rounds, links: list[str], at: datetime) -> InsertCost:
    """Flushes into both tables in turn, in rounds whose order changes."""
    with fresh_database(server, "layout_now") as now, fresh_database(server, "layout_first") as first:
        _make_first_layout(server)
        series = {"counters today": (now, Flushes(at, links)), "counters as first": (first, Flushes(at, links))}
        for turn in range(_ROUNDS):
            for name in series if turn % 2 == 0 else reversed(series):
                url, flushes = series[name]
                began = cpu_seconds(server.pid)
                asyncio.run(_flush_some(url, flushes))
                until_still(server, within_s=60)
                spent = cpu_seconds(server.pid) - began
                measured.add(
                    name,
                    cpu_ms_per_flush=spent * 1000 / _FLUSHES,
                    flush_ms=_quantile(flushes.took_ms[-_FLUSHES:], 0.5),
                    flush_p99_ms=_quantile(flushes.took_ms[-_FLUSHES:], 0.99),
                )
        p99_now, p99_first = (_quantile(flushes.took_ms, 0.99) for _url, flushes in series.values())
    return InsertCost(
        measured.ratio("counters today", "counters as first", "cpu_ms_per_flush"), p99_now / p99_first
    )


async def _flush_some(url: str, flushes: Flushes) -> None:
    client: AsyncClient = await connect(url)
    try:
        sink = ClickHouseSink(client)
        for _ in range(_FLUSHES):
            await flushes.flush(sink, *flushes.block(Chain("bench", 1, 0), _FLUSH_EVENTS))
    finally:
        await client.close()


def _make_first_layout(server: ClickHouse) -> None:
    # Nothing but the table itself: a view or dictionary over it costs an insert nothing.
    query(server, "DROP TABLE layout_first.counters SYNC")
    for migration in read_migrations():
        for statement in migration.statements if migration.name in _FORMER else ():
            if "counters" in statement:
                query(server, statement, parameters="database=layout_first")


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
