"""What ClickHouse holds, read so that a stream that runs meanwhile makes no difference.

One SELECT over one table sees one instant, so heads and counters are read together; a flush writes `events`
before its counters, and never changes them afterwards, so the events up to those heads can be read later.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from clickhouse_connect.driver.asyncclient import AsyncClient

from console.audit.chain import Chain, Place, Stretch, earlier_ends, heads_of, latest
from console.audit.queries import (
    COUNTED,
    DUPLICATES,
    EVENTS,
    EVENTS_FINAL,
    FORGOTTEN,
    LINKS_COUNTED,
    LINKS_EVENTS,
    STRETCHES,
    TOTALS,
    UNBALANCED,
)
from schemas.clickhouse.client import select
from schemas.counters import GAP, HEAD, RECOUNT, topic_and_epoch
from schemas.covered import Head, any_of, covered
from schemas.topics import EVENT_TOPICS


class Cell(NamedTuple):
    """One cell of the comparison of counters with events; a click has no impression kind."""

    day: str
    traffic_class: str
    impression_kind: str


@dataclass(frozen=True, slots=True)
class Sum:
    """How many; and the sum of hashes of (link, minute, source, kind), which tells where without a row a link."""

    count: int
    hashes: int


class Rolled(NamedTuple):
    """Before which time minutes of the counters may have been rolled up, and into how many minutes."""

    before_s: int
    minutes: int


NONE_ROLLED: Final = Rolled(0, 1)


class SpoolAt(NamedTuple):
    """A spool in a topic-partition."""

    topic: str
    partition: int
    spool: str


@dataclass(slots=True)
class Tables:
    """What ClickHouse holds. Chains, counters and events each belong to an instant of their own."""

    chains: dict[Place, Chain] = field(default_factory=dict)
    counted: dict[Cell, Sum] = field(default_factory=dict)
    events: dict[Cell, Sum] = field(default_factory=dict)
    events_of_chain: dict[Place, int] = field(default_factory=dict)
    duplicates: dict[SpoolAt, int] = field(default_factory=dict)
    forgotten: dict[SpoolAt, tuple[int, int]] = field(default_factory=dict)
    """Highest seq among the events, last seq of the dedup state."""
    unbalanced: dict[str, int] = field(default_factory=dict)
    """Links whose corrections of classes add something or take it away, and how much."""
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Links whose platforms' totals and counted differences are not the same: (totals, differences)."""


async def read_tables(
    client: AsyncClient, *, since_s: int, chains: dict[Place, Chain], rolled: Rolled = NONE_ROLLED
) -> Tables:
    """Everything but the chains, which were read before. Raises TransientClickHouseError, ClickHouseError."""
    day_s = since_s - since_s % 86_400
    windows = {"since": day_s, "rolled_before": rolled.before_s, "rolled_s": 60 * rolled.minutes}
    tables = Tables(chains=chains)
    heads: dict[Place, Chain] = {}
    for kind, topic, partition, day, *cell, count, hashes, last, touched in await select(client, COUNTED, windows):
        if kind == HEAD:
            heads[Place(topic, partition)] = Chain(Head(int(last), int(touched)))
        elif count or hashes:
            tables.counted[Cell(str(day), *cell)] = Sum(int(count), int(hashes))
    for day, traffic_class, kind, count, hashes in await select(
        client, _covered(EVENTS, heads), windows, EVENTS_FINAL
    ):
        tables.events[Cell(str(day), traffic_class, kind)] = Sum(int(count), int(hashes))
    tables.events_of_chain = await _events_of_chains(client, chains)
    for topic, partition, spool, copies in await select(client, DUPLICATES, {"since": since_s}, EVENTS_FINAL):
        tables.duplicates[SpoolAt(topic, partition, spool)] = int(copies)
    for topic, partition, spool, highest, applied in await select(
        client, _covered(FORGOTTEN, chains), {"since": since_s}, EVENTS_FINAL
    ):
        tables.forgotten[SpoolAt(topic, partition, spool)] = (int(highest), int(applied))
    tables.unbalanced = {str(link): int(more) for link, more in await select(client, UNBALANCED, {})}
    tables.totals = {
        str(link): (int(known), int(counted)) for link, known, counted in await select(client, TOTALS, {})
    }
    return tables


async def read_chains(client: AsyncClient, *, since_s: int) -> dict[Place, Chain]:
    """Heads, flushes and gaps, at one instant. Raises TransientClickHouseError, ClickHouseError."""
    chains: dict[Place, Chain] = {}
    for kind, topic, partition, first, last, markers, inserted, touched, events, letters, late in await select(
        client, STRETCHES, {"since": since_s}
    ):
        if topic_and_epoch(topic)[0] == RECOUNT:
            continue
        chain = chains.setdefault(Place(topic, int(partition)), Chain())
        if kind == HEAD:
            chain.head = Head(int(last), int(touched))
        elif kind == GAP:
            chain.gaps.append((int(first), int(last)))
        else:
            chain.stretches.append(
                Stretch(int(first), int(last), int(markers), int(inserted), int(events), int(letters), int(late))
            )
    return chains


async def links_that_differ(client: AsyncClient, cell: Cell) -> dict[str, tuple[int, int]]:
    """Link by link, what the counters and the events of a cell say where they differ."""
    parameters = {"day": cell.day, "class": cell.traffic_class, "impression_kind": cell.impression_kind}
    heads: dict[Place, Chain] = {}
    counted: dict[str, int] = {}
    for kind, topic, partition, link, count, last, touched in await select(client, LINKS_COUNTED, parameters):
        if kind == HEAD:
            heads[Place(topic, partition)] = Chain(Head(int(last), int(touched)))
        else:
            counted[link] = int(count)
    events = {
        str(link): int(count)
        for link, count in await select(client, _covered(LINKS_EVENTS, heads), parameters, EVENTS_FINAL)
    }
    return {
        link: (counted.get(link, 0), events.get(link, 0))
        for link in sorted({*counted, *events})
        if counted.get(link, 0) != events.get(link, 0)
    }


async def _events_of_chains(client: AsyncClient, chains: dict[Place, Chain]) -> dict[Place, int]:
    """Of each latest chain, how many events lie between its first flush read and its head."""
    ends = earlier_ends(chains)
    bounds = {
        at: (place, min(one.first for one in chain.stretches), max(one.last for one in chain.stretches))
        for at, place in latest(chains).items()
        if at[0] in EVENT_TOPICS and (chain := chains[place]).stretches
    }
    counts = dict.fromkeys((place for place, _, _ in bounds.values()), 0)
    condition = any_of(
        f"topic = '{topic}' AND partition = {partition} AND record_offset BETWEEN {first} AND {last}"
        f" AND received_at >= fromUnixTimestamp({ends.get((topic, partition), -1) + 1})"
        for (topic, partition), (_, first, last) in bounds.items()
    )
    for table in ("events", "snapshots"):
        query = f"SELECT topic, partition, count() FROM {table} FINAL WHERE {condition} GROUP BY topic, partition"  # noqa: S608 - names of ours and numbers
        for topic, partition, count in await select(client, query, {}, EVENTS_FINAL):
            counts[bounds[topic, partition][0]] += int(count)
    return counts


def _covered(query: str, chains: dict[Place, Chain]) -> str:
    """The query over the events that these heads cover."""
    return query.replace("COVERED", covered(heads_of(chains)))


def utc(time_s: float) -> str:
    """A time as people and machines read it."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
