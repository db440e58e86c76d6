"""What ClickHouse counted, and how it compares with what it should have."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.replay.classes import CLICKS_SQL, REMEMBERED_S, Rules, misjudged, stored_clicks
from schemas.clickhouse.client import clickhouse_errors
from schemas.errors import TransientError
from schemas.events import CLICK_CLASSES

_POLL_S: Final = 0.1

Clicks = dict[str, Counter[str]]
"""Per link, per traffic class."""


async def read_clicks(client: AsyncClient, domain: str) -> Clicks:
    """The clicks of a domain's links, from ctr_1m. Raises TransientError, ClickHouseError."""
    columns = ["clicks" if one == "human" else f"{one}_clicks" for one in CLICK_CLASSES]
    sums = ", ".join(f"sum({column})" for column in columns)
    with clickhouse_errors():
        result = await client.query(
            f"SELECT link, {sums} FROM ctr_1m WHERE startsWith(link, {{start:String}}) GROUP BY link",  # noqa: S608 - our own columns
            parameters={"start": f"{domain}/"},
        )
    return {
        str(link): Counter(dict(zip(CLICK_CLASSES, map(int, counts), strict=True)))
        for link, *counts in result.result_rows
    }


async def read_misjudged(client: AsyncClient, rules: Rules, *, since_s: int) -> list[str]:
    """The clicks of all links that came since then and have another class than the rules give."""
    with clickhouse_errors():
        result = await client.query(CLICKS_SQL.format(since=since_s - REMEMBERED_S - 60))
    return misjudged(stored_clicks(result.result_rows), rules, since_s=since_s)


def total(clicks: Clicks) -> int:
    """All clicks of all links."""
    return sum(counts.total() for counts in clicks.values())


async def settled(
    read: Callable[[], Awaitable[Clicks]], *, at_least: int, quiet_s: float, deadline_s: float
) -> Clicks:
    """The clicks once they are `at_least` so many and have not changed for `quiet_s`, or when the deadline is over.

    The quiet time is there to see what comes too much.
    """
    deadline = time.monotonic() + deadline_s
    clicks: Clicks = {}
    changed_at = time.monotonic()
    while True:
        try:
            now = await read()
        except TransientError:
            # ClickHouse was killed, perhaps: it comes back.
            now = clicks
        if now != clicks:
            clicks, changed_at = now, time.monotonic()
        if total(clicks) >= at_least and time.monotonic() - changed_at >= quiet_s:
            return clicks
        if time.monotonic() > deadline:
            return clicks
        await asyncio.sleep(_POLL_S)


def difference(before: Clicks, after: Clicks) -> Clicks:
    """What was counted in between."""
    changes: Clicks = {}
    for link, counts in after.items():
        change = Counter(counts)
        change.subtract(before.get(link, Counter()))
        if any(change.values()):
            changes[link] = change
    return changes


@dataclass(frozen=True)
class Comparison:
    """Clicks that are not there, and clicks that are there too often, over all links."""

    missing: int
    extra: int
    links: dict[str, int]
    """The links that are wrong: counted minus expected."""


def compare(
    counted: Mapping[str, Counter[str]], expected: Mapping[str, int], unanswered: Mapping[str, int]
) -> Comparison:
    """Each link must have its expected clicks; those of `unanswered` may be there or not."""
    missing = extra = 0
    wrong = {}
    for link in counted.keys() | expected.keys():
        count = counted[link].total() if link in counted else 0
        most = expected.get(link, 0)
        least = most - unanswered.get(link, 0)
        missing += max(0, least - count)
        extra += max(0, count - most)
        if not least <= count <= most:
            wrong[link] = count - most
    return Comparison(missing, extra, wrong)
