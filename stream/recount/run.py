"""Recount day by day, in a chain of its own: exactly once, while clicks flow, resumed by being run again.

Of a day of event time:

1. Read the heads of all chains, and what corrections there are, at one instant.
2. Of the events that those heads cover, find the requests that today's rules judge otherwise.
3. Of those, read every event, and work out what must be moved (stream.recount.again): relative to what was first
   counted, so that it makes no difference how often and by which rules the day was recounted before.
4. Insert what is missing of it as one block, on condition that the day's head is still what it was, by the protocol
   of stream.chain. Whoever was overtaken begins the day anew.

A day of which nothing changes writes nothing.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import select
from schemas.counters import DELTA, HEAD, RECOUNT, Chain, topic_and_epoch
from schemas.covered import Head, covered
from schemas.retry import Retry, RetryPolicy
from stream.chain import NO_HEAD, Done, Flushed
from stream.classify import Request, Verdict
from stream.flush import commit
from stream.recount.again import Cell, Stored, changes, corrections, difference
from stream.recount.corrections import correction_rows
from stream.rulebook import Rulebook
from stream.sink import Sink

EPOCH: Final = 1
LEAD_S: Final = 600
"""Clicks of so long before a day are looked at, for those that they make duplicates."""
_RETRY: Final = RetryPolicy(first_s=0.5, longest_s=5.0, jitter=0.0, within_s=300.0)
_UNLIMITED: Final = {"max_execution_time": 0}
_OF_EVENTS: Final = {**_UNLIMITED, "do_not_merge_across_partitions_select_final": 1}
"""Copies of an event are of one time, hence of one partition: no other is looked at for them."""

PRESENT: Final = f"""
SELECT kind, topic, partition, link, toUnixTimestamp(window_start) AS window_s, source, impression_kind, class,
    sum(clicks + impressions), max(last_offset), toUnixTimestamp(max(touched_at))
FROM counters
WHERE kind = {HEAD}
    OR kind = {DELTA} AND topic = '{RECOUNT}' AND window_start >= fromUnixTimestamp({{begin:Int64}})
        AND window_start < fromUnixTimestamp({{end:Int64}})
GROUP BY kind, topic, partition, link, window_s, source, impression_kind, class
"""  # noqa: S608 - constants

_JUDGED: Final = (
    "source IN ('', 'pixel', 'beacon') AND time >= fromUnixTimestamp64Milli({begin_ms:Int64}) AND COVERED"
)
_REQUEST: Final = "ua, purpose, network, source = 'pixel'"

REQUESTS: Final = f"""
SELECT {_REQUEST}, class, reason, cityHash64({_REQUEST}) AS request, count()
FROM events FINAL
WHERE {_JUDGED} AND time < fromUnixTimestamp64Milli({{end_ms:Int64}})
GROUP BY ALL
"""  # noqa: S608 - constants

EVENTS: Final = f"""
SELECT partition, toUnixTimestamp64Milli(time), toUnixTimestamp(received_at), link, visitor, source,
    impression_kind, count, {_REQUEST}, class, reason
FROM events FINAL
WHERE {_JUDGED} AND time < fromUnixTimestamp64Milli({{end_ms:Int64}}) AND cityHash64({_REQUEST}) IN (HASHES)
ORDER BY topic, partition, record_offset, event_index
"""  # noqa: S608 - constants

Progress = Callable[[str], None]


class Recount:
    """Recounts days. `dry`: says what would change and writes nothing."""

    def __init__(
        self, client: AsyncClient, sink: Sink, rulebook: Rulebook, progress: Progress, *, dry: bool = False
    ) -> None:
        self._client: Final = client
        self._sink: Final = sink
        self._rules: Final = rulebook
        self._progress: Final = progress
        self._dry: Final = dry

    async def days(self, first: date, last: date, now: Callable[[], float]) -> int:
        """Recount from the first day to the last, both UTC; returns how many events have another class now.

        Raises ClickHouseError, TransientError.
        """
        moved = 0
        day = first
        while day <= last:
            moved += await self._day(day, now)
            day += timedelta(days=1)
        return moved

    async def _day(self, day: date, now: Callable[[], float]) -> int:
        while True:
            heads, present = await self._present(day)
            wanted = await self._wanted(day, heads)
            missing = difference(wanted, present)
            self._progress(_line(day, wanted, missing, dry=self._dry))
            if not missing or self._dry:
                break
            chain = _chain_of(day)
            head = heads[chain].last if chain in heads else NO_HEAD
            flushed = Flushed(chain, head, head + 1, head + 1)
            block = correction_rows(flushed, missing, rules=self._rules.classifier.number, now_s=int(now()))
            if isinstance(await commit(flushed, block, self._sink, lambda _operation: Retry(_RETRY)), Done):
                break
            self._progress(f"{day}: somebody else recounts it, too; once more")
        return sum(count for count in wanted.values() if count > 0)

    async def _present(self, day: date) -> tuple[dict[Chain, Head], Counter[Cell]]:
        begin, end = _bounds_s(day)
        heads: dict[Chain, Head] = {}
        present: Counter[Cell] = Counter()
        for kind, topic, partition, *cell, count, last, touched in await select(
            self._client, PRESENT, {"begin": begin, "end": end}, _UNLIMITED
        ):
            if kind == HEAD:
                heads[Chain(*topic_and_epoch(topic), int(partition))] = Head(int(last), int(touched))
            else:
                present[Cell(*cell)] += int(count)
        return heads, present

    async def _wanted(self, day: date, heads: dict[Chain, Head]) -> Counter[Cell]:
        judge = self._rules.classifier.verdict
        begin, end = (1000 * at for at in _bounds_s(day))
        bounds = {"begin_ms": begin, "end_ms": end}
        condition = covered(heads)
        changed = {
            int(number)
            for *said, traffic_class, reason, number, _events in await select(
                self._client, REQUESTS.replace("COVERED", condition), bounds, _OF_EVENTS
            )
            if changes(_request(*said), Verdict(traffic_class, reason), judge)
        }
        if not changed:
            return Counter()
        query = EVENTS.replace("COVERED", condition).replace("HASHES", ", ".join(map(str, sorted(changed))))
        rows = await select(self._client, query, bounds | {"begin_ms": begin - LEAD_S * 1000}, _OF_EVENTS)
        events = [_stored(row) for row in rows]
        return corrections(events, judge, self._rules.limits, since_ms=begin)


def _chain_of(day: date) -> Chain:
    return Chain(RECOUNT, EPOCH, (day - date(1970, 1, 1)).days)


def _bounds_s(day: date) -> tuple[int, int]:
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return begin, begin + 86_400


def _stored(row: tuple[Any, ...]) -> Stored:
    partition, time_ms, received_s, link, visitor, source, kind, count, *said, traffic_class, reason = row
    return Stored(
        partition=partition,
        time_ms=time_ms,
        received_s=received_s,
        link=link,
        visitor=visitor,
        source=source,
        impression_kind=kind,
        counted=count,
        request=_request(*said),
        first=Verdict(traffic_class, reason),
    )


def _request(ua: str, purpose: str, network: str, pixel: object) -> Request:
    return Request(ua, purpose, network, bool(pixel))


def _line(day: date, wanted: Counter[Cell], missing: Counter[Cell], *, dry: bool) -> str:
    by_class: Counter[str] = Counter()
    for cell, count in wanted.items():
        by_class[cell.traffic_class] += count
    said = ", ".join(f"{name} {count:+,}" for name, count in sorted(by_class.items()) if count)
    done = "would be corrected" if dry else "corrected"
    return f"{day}: {said or 'as first counted'}{f'; {done} in {len(missing):,} cells' if missing else ''}"
