"""Stand-ins for ClickHouse, Kafka and the clock. FakeSink passes the real one's contract test."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from schemas.counters import DEDUP, DELTA, HEAD, MARKER, SPOOL_TTL_S, Chain
from schemas.errors import TransientClickHouseError, TransientError
from schemas.idempotency import KEY_TTL_S
from schemas.retry import RetryPolicy
from stream.burials import Buried
from stream.chain import NO_HEAD, Flushed
from stream.decode import Poison
from stream.deltas import Record
from stream.event_rows import EVENT_COLUMNS
from stream.log_reader import LogBounds
from stream.rows import COUNTER_COLUMNS, NO_READING, NO_RECENT, Block
from stream.sink import PartitionState
from stream.state import Recent, StateRow

Row = dict[str, Any]
Trouble = Literal["refused", "applied, then cut off", "burned", "hangs", "applied, then hangs"]
"""What may come of an insert: see FakeSink.trouble."""


NO_PAUSES = RetryPolicy(first_s=0.0, longest_s=0.0)
"""For what must be tried again, at once."""


def rows_of(block: Block) -> list[Row]:
    """A block's rows; fails when it is not one Arrow record batch."""
    with pa.ipc.open_stream(block.body) as stream:
        (batch,) = list(stream)
    rows: list[Row] = batch.to_pylist()
    assert len(rows) == block.rows
    return rows


_EMPTY_EVENT: Row = {name: "" if "String" in kind else 0 for name, kind in EVENT_COLUMNS.items()}
"""What the table says where a column was not sent."""


def event_rows_of(block: Block) -> list[Row]:
    """A block's rows as the table `events` shows them: with what columns that were not sent hold there."""
    return [_EMPTY_EVENT | row for row in rows_of(block)]


def dedup_rows(rows: Iterable[Row], now_s: int) -> list[tuple[str, int, int]]:
    """What rows of the dedup state tell by then: each spool's highest seq, of each key that of its latest life."""
    lives: dict[tuple[str, int], tuple[int, int]] = {}
    for row in rows:
        seq, touched_s = lives.get((row["spool"], row["first_offset"]), (0, 0))
        lives[row["spool"], row["first_offset"]] = max(seq, row["last_seq"]), max(touched_s, row["touched_at"])
    latest = {spool: lives[spool, life] for spool, life in sorted(lives)}  # the last of a spool's stays
    return [
        (spool, seq, touched_s)
        for spool, (seq, touched_s) in latest.items()
        if touched_s >= now_s - (KEY_TTL_S if spool.startswith("k") else SPOOL_TTL_S)
    ]


def state_rows(rows: Iterable[Row], since_s: int) -> list[StateRow]:
    """What rows of another fold tell: of each key the highest value, reading and clicks, unless all is older."""
    merged: dict[tuple[Any, ...], StateRow] = {}
    for row in rows:
        reading = tuple(row["reading"].values()) if "reading" in row else None
        reading = None if reading == NO_READING else reading
        recent = Recent(*row["recent"].values()) if "recent" in row else None
        recent = None if recent == NO_RECENT else recent
        one = StateRow(
            spool=row["spool"],
            link=row["link"],
            value=row["last_seq"],
            touched_s=row["touched_at"],
            source=row["source"],
            window_s=row["window_start"],
            scope=row["first_offset"],
            reading=reading,
            recent=recent,
        )
        key = (one.spool, one.link, one.source, one.window_s, one.scope)
        before = merged.get(key, one)
        merged[key] = one._replace(
            value=max(one.value, before.value),
            touched_s=max(one.touched_s, before.touched_s),
            reading=max(filter(None, (one.reading, before.reading)), default=None),
            recent=max(filter(None, (one.recent, before.recent)), default=None),
        )
    return [row for row in merged.values() if row.touched_s >= since_s]


def _identity(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in ("link", "time", "topic", "partition", "record_offset", "event_index"))


@dataclass
class FakeSink:
    """The counter table, its deduplication log and `events`, in memory."""

    blocks: list[list[Row]] = field(default_factory=list)
    """The parts of the counter table: one for each insert that was kept."""
    tokens: set[str] = field(default_factory=set)
    event_rows: dict[tuple[object, ...], Row] = field(default_factory=dict)
    snapshot_rows: dict[tuple[object, ...], Row] = field(default_factory=dict)
    trouble: deque[Trouble] = field(default_factory=deque)
    """What comes of the next inserts of counters; when it is empty, they work."""
    failing_reads: int = 0
    failing_event_inserts: int = 0
    before_read: Callable[[], None] | None = None
    """Called before a head is read: what another writer does in between."""
    inserts: list[str] = field(default_factory=list)
    """The tokens of all inserts, in order."""

    async def insert_counters(self, flushed: Flushed, block: Block, token: str) -> None:
        """As the conditional insert with a token does, unless there is trouble."""
        await asyncio.sleep(0)
        self.inserts.append(token)
        trouble = self.trouble.popleft() if self.trouble else None
        if trouble == "refused":
            raise TransientClickHouseError(210, "connection refused")
        if trouble == "hangs":
            await asyncio.Event().wait()
        if self._head(flushed.chain) == flushed.head and token not in self.tokens:
            self.tokens.add(token)
            if trouble != "burned":
                self.blocks.append(rows_of(block))
        if trouble == "applied, then cut off":
            raise TransientClickHouseError(209, "no answer in time")
        if trouble == "applied, then hangs":
            await asyncio.Event().wait()

    async def insert_events(self, block: Block) -> None:
        """Rows that collapse with earlier copies of themselves."""
        await asyncio.sleep(0)
        if self.failing_event_inserts:
            self.failing_event_inserts -= 1
            raise TransientClickHouseError(252, "too many parts")
        self.event_rows.update((_identity(row), row) for row in event_rows_of(block))

    async def insert_snapshots(self, block: Block) -> None:
        """Rows that collapse with earlier copies of themselves."""
        await asyncio.sleep(0)
        place = ("topic", "partition", "record_offset", "event_index")
        self.snapshot_rows.update((tuple(row[name] for name in place), row) for row in rows_of(block))

    async def read_head(self, chain: Chain) -> int:
        """The last offset applied."""
        await asyncio.sleep(0)
        if self.before_read is not None:
            self.before_read()
        if self.failing_reads:
            self.failing_reads -= 1
            raise TransientClickHouseError(210, "connection reset")
        return self._head(chain)

    async def read_state(self, chain: Chain, ttls: Mapping[int, int] | None = None) -> PartitionState:
        """Head and dedup state, without what was forgotten when the head was written."""
        await asyncio.sleep(0)
        if self.failing_reads:
            self.failing_reads -= 1
            raise TransientClickHouseError(210, "connection reset")
        heads = self._rows_of(HEAD, chain.name, chain.partition)
        now_s = max((row["touched_at"] for row in heads), default=0)
        mine = self._rows_of(DEDUP, chain.topic, chain.partition)
        states = {
            kind: state_rows(self._rows_of(kind, chain.topic, chain.partition), now_s - ttl_s)
            for kind, ttl_s in (ttls or {}).items()
        }
        return PartitionState(self._head(chain), dedup_rows(mine, now_s), now_s, states)

    async def read_last_flushes(self, chain: Chain, at_most: int) -> list[Buried]:
        """From the markers."""
        await asyncio.sleep(0)
        marked = sorted(
            (row["first_offset"], row["events"] + row["dead_letters"], row["dead_letters"])
            for row in self.rows(MARKER)
            if (row["topic"], row["partition"]) == (chain.name, chain.partition)
        )
        return [Buried(events, buried) for _, events, buried in marked[-at_most:]]

    def _rows_of(self, kind: int, topic: str, partition: int) -> list[Row]:
        return [row for row in self.rows(kind) if (row["topic"], row["partition"]) == (topic, partition)]

    def _head(self, chain: Chain) -> int:
        heads = self._rows_of(HEAD, chain.name, chain.partition)
        return max((row["last_offset"] for row in heads), default=NO_HEAD)

    # -- what a test asks and does ----------------------------------------------------------------------------

    def rows(self, kind: int) -> list[Row]:
        """The rows of this kind, from all blocks."""
        return [row for block in self.blocks for row in block if row["kind"] == kind]

    def totals(self) -> dict[tuple[object, ...], tuple[int, int]]:
        """(clicks, impressions) by (link, window start, class, source, impression kind)."""
        totals: dict[tuple[object, ...], tuple[int, int]] = {}
        for row in self.rows(DELTA):
            key = tuple(row[name] for name in ("link", "window_start", "class", "source", "impression_kind"))
            clicks, impressions = totals.get(key, (0, 0))
            totals[key] = clicks + row["clicks"], impressions + row["impressions"]
        return totals

    def marked(self, column: str) -> int:
        """Sum of a column over the chain markers."""
        return sum(row[column] for row in self.rows(MARKER))

    def put_head(self, topic: str, partition: int, offset: int) -> None:
        """What another writer leaves: a head."""
        neutral: Row = {name: "" if kind == "String" else 0 for name, kind in COUNTER_COLUMNS.items()}
        self.blocks.append(
            [neutral | {"kind": HEAD, "topic": topic, "partition": partition, "last_offset": offset}]
        )


@dataclass
class FakeDeadLetters:
    """Keeps letters, after as many failures as it was told."""

    letters: list[tuple[Record, Poison]] = field(default_factory=list)
    failures: int = 0

    async def write(self, letters: Sequence[tuple[Record, Poison]]) -> None:
        """Keep them, or fail."""
        if self.failures:
            self.failures -= 1
            raise TransientError("the topic dead-letters has no leader")
        self.letters.extend(letters)


@dataclass
class FakeClock:
    """Time that passes only when somebody sleeps."""

    now_s: float
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now_s

    async def sleep(self, pause_s: float) -> None:
        """Time passes; other tasks get their turn."""
        self.pauses.append(pause_s)
        self.now_s += pause_s
        await asyncio.sleep(0)


@dataclass
class FakeConsumer:
    """Kafka's log of some partitions, and the position of a consumer that reads them."""

    logs: dict[TP, list[Record]] = field(default_factory=dict)
    starts: dict[TP, int] = field(default_factory=dict)
    ends: dict[TP, int] = field(default_factory=dict)
    at: dict[TP, int] = field(default_factory=dict)
    assigned: set[TP] = field(default_factory=set)
    committed: dict[TP, int] = field(default_factory=dict)
    seeks: list[tuple[TP, int]] = field(default_factory=list)
    failing_bounds: int = 0
    flow_active: bool = True
    owner: Any = None

    def assign(self, *tps: TP) -> set[TP]:
        """These partitions belong to the consumer, and no others."""
        self.assigned = set(tps)
        return self.assigned

    def append(self, *records: Record) -> None:
        """Put records into the log."""
        for one in records:
            tp = TP(one.topic, one.partition)
            self.logs.setdefault(tp, []).append(one)
            self.ends[tp] = one.offset + 1

    def assignment(self) -> set[TP]:
        """The partitions that belong to the consumer."""
        return self.assigned

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Ask the owner, and read on from there."""
        positions: dict[TP, int] = await self.owner.positions(self)
        await self.seek_wait(positions)
        return positions

    async def bounds(self, tps: Iterable[TP]) -> dict[TP, LogBounds]:
        """Where the logs begin and end."""
        await asyncio.sleep(0)
        if self.failing_bounds:
            self.failing_bounds -= 1
            raise KafkaConnectionError
        return {tp: LogBounds(self.starts.get(tp, 0), self.ends.get(tp, 0)) for tp in tps}

    async def first_at(self, tp: TP, offset: int) -> int | None:
        """The offset of the first record that is there from `offset` on."""
        await asyncio.sleep(0)
        return min((one.offset for one in self.logs.get(tp, []) if one.offset >= offset), default=None)

    async def position(self, tp: TP) -> int | None:
        """The offset that is fetched next."""
        return self.at.get(tp)

    async def seek_wait(self, positions: Mapping[TP, int]) -> None:
        """Read on from there."""
        await asyncio.sleep(0)
        self.seeks.extend(positions.items())
        self.at.update(positions)

    async def commit_heads(self, heads: Mapping[TP, int]) -> bool:
        """Take note."""
        self.committed.update(heads)
        return True


@dataclass(frozen=True)
class FakeMessage:
    """A Kafka record as Faust hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: float
    headers: Sequence[tuple[str, bytes]] | None
    key: bytes | None
    value: bytes | None

    @property
    def tp(self) -> TP:
        """Its topic-partition."""
        return TP(self.topic, self.partition)

    @classmethod
    def of(cls, record: Record) -> "FakeMessage":
        """The message that carries a record."""
        headers = list(record.headers)
        return cls(
            record.topic, record.partition, record.offset, record.timestamp_ms / 1000, headers, None, record.value
        )


async def until(reached: Callable[[], bool], *, turns: int = 10_000) -> None:
    """Let other tasks run until the condition holds."""
    for _ in range(turns):
        if reached():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition did not come true")


async def turn(count: int = 20) -> None:
    """Let other tasks run for a while."""
    for _ in range(count):
        await asyncio.sleep(0)
