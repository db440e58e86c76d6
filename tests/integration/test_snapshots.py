"""Snapshots on the real engine: killed at every step of a flush, they come to the platforms' newest totals."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from console.audit.tables import read_chains, read_tables
from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import connect
from schemas.counters import Chain
from schemas.events import Event
from schemas.snapshots import Snapshot
from schemas.topics import IMPRESSIONS
from stream.burials import Buried
from stream.chain import Flushed
from stream.folds import FOLDS
from stream.partition import Partition
from stream.rows import Block
from stream.sink import ClickHouseSink, PartitionState, Sink
from tests.builders import DAY_MS, NOW_MS, impression, record, snapshot
from tests.integration.migrated import make_migrated
from tests.unit.stream.worlds import World

OTHER = "go.example/other"
DAY: dict[str, Any] = {
    "start_ms": NOW_MS // DAY_MS * DAY_MS - DAY_MS,
    "end_ms": NOW_MS // DAY_MS * DAY_MS,
    "post": "ad",
}
FLUSHES: list[list[Event | Snapshot]] = [
    [snapshot(total=100, side={"reach": 80}), impression(), snapshot("", post="unknown")],
    [snapshot(total=40, series="impressions/day", **DAY), snapshot(OTHER, total=900, published_ms=1)],
    [
        snapshot(total=130, observed_ms=NOW_MS + 60_000, side={"reach": 90}),
        snapshot(total=35, series="impressions/day", observed_ms=NOW_MS + 1, **DAY),
        snapshot(total=50, observed_ms=NOW_MS - 9),
    ],
    [snapshot(OTHER, total=890, observed_ms=NOW_MS + 5, published_ms=1), snapshot(post="unknown", total=100)],
]
WANTED = {
    ("go.example/launch", "pixel"): 1,
    ("go.example/launch", "snapshot"): 100 + 30 + 40 + 100,
    ("go.example/launch", "revision"): -5,
    (OTHER, "opening"): 900,
    (OTHER, "revision"): -10,
}


class KilledError(Exception):
    """The process ends here."""


@dataclass
class DyingSink:
    """Dies once, before or after the nth thing that it is told to do."""

    sink: Sink
    dies_at: int
    after: bool
    done: int = 0

    async def _do(self, work: Awaitable[Any]) -> Any:
        self.done += 1
        dies = self.done == self.dies_at
        if dies and not self.after:
            await _never(work)
        result = await work
        if dies:
            raise KilledError
        return result

    async def insert_counters(self, flushed: Flushed, block: Block, token: str) -> None:
        await self._do(self.sink.insert_counters(flushed, block, token))

    async def insert_events(self, block: Block) -> None:
        await self._do(self.sink.insert_events(block))

    async def insert_snapshots(self, block: Block) -> None:
        await self._do(self.sink.insert_snapshots(block))

    async def read_head(self, chain: Chain) -> int:
        return int(await self._do(self.sink.read_head(chain)))

    async def read_state(self, chain: Chain, ttls: Mapping[int, int] | None = None) -> PartitionState:
        return await self.sink.read_state(chain, ttls)

    async def read_last_flushes(self, chain: Chain, at_most: int) -> list[Buried]:
        return await self.sink.read_last_flushes(chain, at_most)


async def _never(work: Awaitable[Any]) -> None:
    work.close()  # type: ignore[attr-defined] # a coroutine, whoever calls
    raise KilledError


@pytest.fixture
async def client(clickhouse: ClickHouse) -> AsyncIterator[AsyncClient]:
    database = f"snapshots_{uuid.uuid4().hex}"
    await asyncio.to_thread(make_migrated, clickhouse.url, database)
    made = await connect(f"{clickhouse.url}/{database}")
    for table in ("counters", "snapshots", "events"):
        await made.command(f"SYSTEM STOP TTL MERGES {table}")  # the tests' rows are older than what is kept
    yield made
    await made.command(f"DROP DATABASE {database}")
    await made.close()


async def play(sink: Sink, *, from_flush: int = 0) -> None:
    """Own the partition from where it is, and flush what the log has."""
    world = World(folds=FOLDS)
    world.sink = sink  # type: ignore[assignment] # a real one instead of the world's fake
    partition = Partition(IMPRESSIONS, 0, world.shared)
    assert await partition.load(0, len(FLUSHES), cause="assigned") >= from_flush
    for offset in range(partition.next_offset, len(FLUSHES)):
        partition.add(record(FLUSHES[offset], offset=offset, topic=IMPRESSIONS))
        await partition.flush()


async def rows(client: AsyncClient, query: str) -> Sequence[Sequence[Any]]:
    return (await client.query(query)).result_rows


async def sums(client: AsyncClient) -> dict[tuple[str, str], int]:
    summed = await rows(client, "SELECT link, source, sum(impressions) FROM counters WHERE kind = 0 GROUP BY ALL")
    return {(link, source): impressions for link, source, impressions in summed}


async def test_whatever_step_of_a_flush_a_worker_is_killed_at_the_differences_are_the_newest_totals(
    client: AsyncClient,
) -> None:
    for dies_at in count(1):
        for after in (False, True):
            for table in ("counters", "snapshots", "events"):
                await client.command(f"TRUNCATE TABLE {table}")
            dying = DyingSink(ClickHouseSink(client), dies_at, after)
            try:
                await play(dying)
            except KilledError:
                await play(ClickHouseSink(client))
            assert await sums(client) == WANTED, (dies_at, after)
            assert await rows(client, "SELECT count() FROM snapshots FINAL") == [(9,)]
        if dying.done < dies_at:
            return


async def test_views_and_audit_say_what_was_counted_and_corrected(client: AsyncClient) -> None:
    await play(ClickHouseSink(client))
    assert await rows(
        client,
        "SELECT platform, post, series, total, side, start_at IS NULL FROM snapshots_now"
        " WHERE link = 'go.example/launch' ORDER BY post",
    ) == [
        ("x", "1", "impression_count@v2", 130, {"reach": 90}, 1),
        ("x", "ad", "impressions/day", 35, {}, 0),
        ("x", "unknown", "impression_count@v2", 100, {}, 1),
    ]
    assert await rows(
        client, "SELECT link, post, why, impressions, metric_before FROM revisions ORDER BY impressions"
    ) == [(OTHER, "1", "fell", -10, ""), ("go.example/launch", "ad", "fell", -5, "")]
    assert await rows(
        client,
        "SELECT link, sum(impressions_platform), sum(gross_impressions) FROM ctr_1d GROUP BY link ORDER BY link",
    ) == [("go.example/launch", 265, 266), (OTHER, 890, 890)]
    assert await rows(client, "SELECT count() > 0 FROM data_quality") == [(1,)]
    chains = await read_chains(client, since_s=0)
    tables = await read_tables(client, since_s=NOW_MS // 1000 - 86_400, chains=chains)
    assert tables.totals == {}
    assert tables.counted == tables.events
    assert list(tables.events_of_chain.values()) == [10]
    await client.command(
        "INSERT INTO counters (kind, link, window_start, class, source, impression_kind, flush_month, impressions)"
        f" VALUES (0, '{OTHER}', now(), 'human', 'snapshot', 'platform', today(), 7)"
    )
    tables = await read_tables(client, since_s=NOW_MS // 1000 - 86_400, chains=chains)
    assert tables.totals == {OTHER: (890, 897)}
