"""Where flushes become durable: what the chain needs of a database, and ClickHouse giving it."""

from base64 import b64decode
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pyarrow as pa
from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import clickhouse_errors, select
from schemas.counters import DEDUP, HEAD, MARKER, READING, RECENT, REPEATS, SNAPSHOT, SPOOL_TTL_S, Chain
from schemas.idempotency import IS_KEY_SQL, KEY_TTL_S
from stream.burials import Buried
from stream.chain import NO_HEAD, Flushed
from stream.rows import COUNTER_COLUMNS, NO_READING, NO_RECENT, Block
from stream.state import Recent, StateRow

_ONE_BLOCK: Final = {
    "async_insert": 0,
    "max_insert_threads": 1,
    "max_threads": 1,
    "max_block_size": 4_000_000,
    "max_insert_block_size": 4_000_000,
    "min_insert_block_size_rows": 4_000_000,
    "min_insert_block_size_bytes": 4_000_000_000,
    "input_format_parallel_parsing": 0,
    "optimize_on_insert": 0,  # nothing in a block collapses: looking for it costs half of the insert
}
"""What makes one body one block, and so one part, and so atomic."""

_OF_A_HEAD: Final = {"optimize_move_to_prewhere": 0, "optimize_use_projections": 0}
"""A head is in one granule of each part: reading its columns in steps takes longer than reading them (8 ms of CPU
instead of 10.5 over 14 parts). No projection has it, and finding that out takes 1 ms of 5.5 over 12 parts."""

_STATE: Final = """
WITH
    (
        SELECT toInt64(toUnixTimestamp(max(touched_at)))
        FROM counters
        WHERE kind = {head:UInt8} AND topic = {chain:String} AND partition = {partition:Int32}
    ) AS head_touched_before
SELECT kind, spool, link, source, begin_s, scope, last, seq, touched, reading, recent
FROM
(
    SELECT
        kind,
        spool,
        link,
        source,
        begin_s,
        scope,
        max(last_offset) AS last,
        if(IS_KEY AND kind = {dedup:UInt8}, argMax(last_seq, (life, last_seq)), max(last_seq))
            AS seq,
        max(life) AS touched,
        max(READING) AS reading,
        max(clicks) AS recent,
        maxIf(touched, kind = {head:UInt8}) OVER () AS head_touched
    FROM
    (
        SELECT
            kind, spool, link, source, last_offset, last_seq, READING, RECENT AS clicks,
            toInt64(toUnixTimestamp(window_start)) AS begin_s,
            if(kind = {dedup:UInt8}, 0, first_offset) AS scope,
            if(kind = {dedup:UInt8} AND first_offset > 0, first_offset, toInt64(toUnixTimestamp(touched_at)))
                AS life
        FROM counters
        WHERE partition = {partition:Int32}
            AND (kind = {head:UInt8} AND topic = {chain:String}
                OR kind = {dedup:UInt8} AND topic = {topic:String}
                AND (first_offset = 0 OR first_offset >= head_touched_before - {key_ttl:Int64})
                OR has({kinds:Array(UInt8)}, kind) AND topic = {topic:String})
    )
    GROUP BY kind, spool, link, source, begin_s, scope
)
WHERE kind = {head:UInt8}
    OR touched >= head_touched - multiIf(
        kind != {dedup:UInt8}, {ttls:Array(Int64)}[indexOf({kinds:Array(UInt8)}, kind)],
        IS_KEY, {key_ttl:Int64},
        {spool_ttl:Int64}
    )
""".replace("IS_KEY", IS_KEY_SQL)
"""Head and dedup state are of one instant: one scan reads both. The head that bounds which lives of keys are read
(first_offset is in the sorting key) is of an earlier instant, which only lets more of them through. READING and
RECENT stand for columns where a fold has some: others do not read them, and work before the migrations that add
them."""
_RECENT: Final = "(recent.touched_s, recent.first_offset, base64Encode(recent.clicks))"


def state_query(kinds: Iterable[int]) -> str:
    """What reads back the folds of these kinds, with the head and the dedup state."""
    wanted = set(kinds)
    query = _STATE.replace("READING", "reading" if SNAPSHOT in wanted else "NULL")
    return query.replace("RECENT", _RECENT if REPEATS in wanted else "NULL")


_PIECE_BYTES: Final = 256 * 1024


async def _in_pieces(statement: bytes, body: pa.Buffer) -> AsyncIterator[bytes]:
    """A request body: as one piece it would be copied three times on its way."""
    yield statement
    view = memoryview(body)
    for start in range(0, len(view), _PIECE_BYTES):
        yield view[start : start + _PIECE_BYTES].tobytes()


@dataclass(frozen=True, slots=True)
class PartitionState:
    """What ClickHouse knows of a topic-partition, read at one instant."""

    head: int = NO_HEAD
    dedup: list[tuple[str, int, int]] = field(default_factory=list)
    """DedupRows: of each spool the highest, of each key the latest life."""
    now_s: int = 0
    """The highest Kafka time (seconds) up to the head."""
    states: dict[int, list[StateRow]] = field(default_factory=dict)
    """The rows of the other folds, by kind: of each key the highest value, reading and recent clicks."""


class Sink(Protocol):
    """The database as the stream sees it. Every method may raise TransientError: try again, it may have applied."""

    async def insert_counters(self, flushed: Flushed, block: Block, token: str) -> None:
        """Insert the block under the token, if the head still is `flushed.head`; returning proves nothing."""

    async def insert_events(self, block: Block) -> None:
        """Insert rows that collapse with any earlier copy of themselves."""

    async def insert_snapshots(self, block: Block) -> None:
        """Insert rows that collapse with any earlier copy of themselves."""

    async def read_head(self, chain: Chain) -> int:
        """The last offset applied, NO_HEAD where there is none."""

    async def read_state(self, chain: Chain, ttls: Mapping[int, int] | None = None) -> PartitionState:
        """Head of the chain, dedup state and other folds of the topic-partition, at one instant.

        `ttls` says, by kind, for how many seconds before the head's time the rows of other folds are wanted.

        Spools that were forgotten by the time of the head may be missing; later ones may not, however late it is:
        what follows the head in Kafka was sent while they were remembered.
        """

    async def read_last_flushes(self, chain: Chain, at_most: int) -> list[Buried]:
        """What the chain's last flushes held, oldest first."""


class ClickHouseSink:
    """The tables `counters`, `events` and `snapshots`, by HTTP."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def insert_counters(self, flushed: Flushed, block: Block, token: str) -> None:
        """One conditional insert. Raises TransientClickHouseError, after which it may have been applied."""
        kinds = COUNTER_COLUMNS | {"reading": READING, "recent": RECENT}
        structure = ", ".join(f"{name} {kinds[name]}" for name in block.columns)
        names = ", ".join(block.columns)
        statement = (
            f"INSERT INTO counters ({names}) SELECT {names} FROM input('{structure}') WHERE "  # noqa: S608 - names of ours
            "(SELECT ifNull(maxOrNull(last_offset), -1) FROM counters"
            f" WHERE kind = {HEAD} AND topic = '{flushed.chain.name}' AND partition = {flushed.chain.partition})"
            f" = {flushed.head} FORMAT ArrowStream\n"
        )
        await self._insert(
            statement.encode(),
            block,
            {"deduplicate_insert": "enable", "insert_deduplication_token": token, **_OF_A_HEAD},
        )

    async def insert_events(self, block: Block) -> None:
        """Raises TransientClickHouseError, after which the same rows can be inserted again."""
        await self._insert_rows("events", block)

    async def insert_snapshots(self, block: Block) -> None:
        """Raises TransientClickHouseError, after which the same rows can be inserted again."""
        await self._insert_rows("snapshots", block)

    async def _insert_rows(self, table: str, block: Block) -> None:
        statement = f"INSERT INTO {table} ({', '.join(block.columns)}) FORMAT ArrowStream\n"
        await self._insert(statement.encode(), block, {"deduplicate_insert": "disable"})

    async def read_head(self, chain: Chain) -> int:
        """Raises TransientClickHouseError."""
        state = await select(
            self._client,
            "SELECT ifNull(maxOrNull(last_offset), -1) FROM counters"
            " WHERE kind = {head:UInt8} AND topic = {topic:String} AND partition = {partition:Int32}",
            {"head": HEAD, "topic": chain.name, "partition": chain.partition},
            _OF_A_HEAD,
        )
        return int(state[0][0])

    async def read_state(self, chain: Chain, ttls: Mapping[int, int] | None = None) -> PartitionState:
        """One query, so that head and dedup state belong together. Raises TransientClickHouseError."""
        wanted = dict(ttls or {})
        rows = await select(
            self._client,
            state_query(wanted),
            {
                "head": HEAD,
                "dedup": DEDUP,
                "chain": chain.name,
                "topic": chain.topic,
                "partition": chain.partition,
                "key_ttl": KEY_TTL_S,
                "spool_ttl": SPOOL_TTL_S,
                "kinds": list(wanted),
                "ttls": list(wanted.values()),
            },
        )
        head, now_s = NO_HEAD, 0
        dedup: list[tuple[str, int, int]] = []
        states: dict[int, list[StateRow]] = {kind: [] for kind in wanted}
        for kind, spool, link, source, begin_s, scope, last_offset, last_seq, touched_s, known, recent in rows:
            if kind == HEAD:
                head, now_s = int(last_offset), int(touched_s)
            elif kind == DEDUP:
                dedup.append((str(spool), int(last_seq), int(touched_s)))
            else:
                states[int(kind)].append(
                    StateRow(
                        spool=str(spool),
                        link=str(link),
                        value=int(last_seq),
                        touched_s=int(touched_s),
                        source=str(source),
                        window_s=int(begin_s),
                        scope=int(scope),
                        reading=_reading(known),
                        recent=_recent(recent),
                    )
                )
        return PartitionState(head, dedup, now_s, states)

    async def read_last_flushes(self, chain: Chain, at_most: int) -> list[Buried]:
        """Raises TransientClickHouseError."""
        rows = await select(
            self._client,
            "SELECT events + dead_letters, dead_letters FROM counters"
            " WHERE kind = {marker:UInt8} AND topic = {chain:String} AND partition = {partition:Int32}"
            " ORDER BY first_offset DESC LIMIT {at_most:UInt32}",
            {"marker": MARKER, "chain": chain.name, "partition": chain.partition, "at_most": at_most},
        )
        return [Buried(int(events), int(dead_letters)) for events, dead_letters in reversed(rows)]

    async def _insert(self, statement: bytes, block: Block, settings: Mapping[str, object]) -> None:
        with clickhouse_errors():
            await self._client.raw_insert(
                insert_block=_in_pieces(statement, block.body), settings={**_ONE_BLOCK, **settings}
            )


def _reading(known: Any) -> tuple[int, str, int, int] | None:
    """A named tuple as the client gives it: a dict."""
    if known is None:
        return None
    place, metric, observed_ms, total = known.values() if isinstance(known, dict) else known
    reading = int(place), str(metric), int(observed_ms), int(total)
    return None if reading == NO_READING else reading


def _recent(known: Any) -> Recent | None:
    """A tuple without names, its clicks in Base64."""
    if known is None:
        return None
    touched_s, first_offset, clicks = known
    recent = Recent(int(touched_s), int(first_offset), b64decode(clicks))
    return None if recent == NO_RECENT else recent
