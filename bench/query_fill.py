"""A year of a large account, made by ClickHouse itself: links, counters, heads, markers and dedup rows.

Everything follows from the number of a row by hashes, so the same rows come out each time. Skewed as traffic is:
most of a link's rows follow its publishing within days, a third goes to evergreens of which the busiest link has
1.7 %; days have their hours; campaigns have from a dozen to thousands of links. A part holds a stretch of time, as
the merges of a stream's flushes make them.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry

from bench.stack import say
from schemas.clickhouse.client import connect
from schemas.retry import RetryPolicy
from stream.tables.link_day_rows import ClickHouseLinkDays
from stream.tables.link_days import LinkDayRoller
from stream.tables.metrics import link_day_metrics
from stream.tables.rolling import Pace

Run = Callable[[str], str]
"""Runs a statement; its answer as text."""

DAYS: Final = 365
LINKS: Final = 200_000
CAMPAIGNS: Final = 2_000
_LAYOUT: Final = 2
"""Counted up when the rows would come out otherwise: a directory of another layout is filled anew."""
_PART_ROWS: Final = 4_000_000
_AT_ONCE: Final = 2
_MARKERS_PER_ROW: Final = 0.1
_PARTITIONS: Final = 8

# Of a link's number n, whose type is part of the hash. Slugs are random: a campaign lies all over the sorting key.
_LINK: Final = "concat('go.example/', lower(substring(hex(sipHash64(toUInt32(n))), 1, 10)))"
_CHANNELS: Final = (
    "['x', 'linkedin', 'facebook', 'instagram', 'email', 'web', 'google-ads', 'display', 'podcast', '']"
)
_CHANNEL: Final = f"{_CHANNELS}[1 + intHash64(n + 1) % 10]"
_KINDS: Final = (
    "[['platform'], ['platform'], ['platform'], ['platform'], ['platform', 'served'],"
    " ['viewable', 'rendered', 'served'], ['platform'], ['platform', 'viewable'], ['served'],"
    " ['served', 'rendered']]"
)
_CAMPAIGN: Final = f"concat('campaign-', toString(toUInt32({CAMPAIGNS} * pow(intHash64(n + 2) / exp2(64), 1.5))))"


@dataclass(frozen=True)
class Account:
    """What is filled in: about `rows` counter rows of the DAYS before `end`."""

    rows: int
    end: date

    @property
    def mark(self) -> str:
        """What the directory says of itself once it is complete."""
        return f"layout {_LAYOUT}: {self.rows} rows until {self.end}"

    @classmethod
    def of_mark(cls, mark: str, rows: int) -> "Account | None":
        """The account that a directory says it is filled with; None when it is another one."""
        account = cls(rows, date.fromisoformat(mark.rpartition(" ")[2]))
        return account if account.mark == mark else None

    @property
    def start(self) -> datetime:
        """The first window."""
        return datetime(self.end.year, self.end.month, self.end.day, tzinfo=UTC) - timedelta(days=DAYS)

    def stretches(self) -> Iterator[tuple[datetime, datetime]]:
        """The year cut at the beginnings of months, as the table's partitions are."""
        at, end = self.start, self.start + timedelta(days=DAYS)
        while at < end:
            after = min(end, (at.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0))
            yield at, after
            at = after


def fill(run: Run, account: Account, say: Callable[[str], None]) -> None:
    """Fill an empty, migrated database."""
    run("ALTER TABLE counters MODIFY SETTING materialize_projections_on_insert = 1")
    run(_links(account))
    done = 0
    with ThreadPoolExecutor(_AT_ONCE) as at_once:
        for start, end in account.stretches():
            seconds = int((end - start).total_seconds())
            rows = round(account.rows * seconds / (DAYS * 86_400))
            parts = math.ceil(rows / _PART_ROWS)
            inserts = [
                _deltas(
                    account,
                    start + timedelta(seconds=seconds * part // parts),
                    seconds // parts,
                    first=done + rows * part // parts,
                    rows=rows * (part + 1) // parts - rows * part // parts,
                )
                for part in range(parts)
            ]
            for _ in at_once.map(run, [*inserts, _state(start, seconds, markers=round(rows * _MARKERS_PER_ROW))]):
                pass
            done += rows
            say(f"{done:,} of {account.rows:,} rows, until {end:%Y-%m-%d}")
    run("ALTER TABLE counters RESET SETTING materialize_projections_on_insert")
    run("ALTER TABLE counters MODIFY SETTING materialize_projections_on_insert = 0")


def merge_ended_months(run: Run) -> None:
    """Leave every month but the last in one part, as the table's settings do within a day of its end.

    The last month of a live account never stands still for a day: here it does, so nothing may take it for ended.
    """
    run("ALTER TABLE counters MODIFY SETTING min_age_to_force_merge_seconds = 0")
    months = run(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = currentDatabase()"
        " AND table = 'counters' ORDER BY partition_id"
    ).split()
    for month in months[:-1]:
        run(f"OPTIMIZE TABLE counters PARTITION ID '{month}' FINAL SETTINGS optimize_skip_merged_partitions = 1")


async def roll_up_days(url: str) -> None:
    """Make the sums by link and day as `stream tables` does: some minutes the first time, then nothing to do."""
    client = await connect(url, send_receive_timeout_s=300.0)
    try:
        pace = Pace(every_s=1.0, retry=RetryPolicy(first_s=0.1, longest_s=5.0))
        began = time.monotonic()
        await LinkDayRoller(ClickHouseLinkDays(client), link_day_metrics(CollectorRegistry()), pace).round()
        say(f"days of links are rolled up: {time.monotonic() - began:.0f} s")
    finally:
        await client.close()


def links_by_traffic(run: Run, first: int) -> list[str]:
    """The links with the most traffic that does not end, the busiest first."""
    return run(f"SELECT {_LINK} FROM (SELECT number AS n FROM numbers({first})) ORDER BY n").split()


def _links(account: Account) -> str:
    return f"""
        INSERT INTO links (link, domain, slug, destination, account, campaign, post, channel, profile, aim,
            ctr_impressions, status, updated_at, version)
        SELECT {_LINK} AS link, 'go.example', substring(link, 12), concat('https://example.com/', toString(n)),
            'acme',
            if(n % 50 = 7, '', {_CAMPAIGN}) AS campaign, concat('post-', toString(intDiv(n, 3))) AS post,
            {_CHANNEL} AS channel, concat('profile-', toString(intHash64(n + 3) % 12)) AS profile,
            if(campaign != '' AND cityHash64(campaign) % 10 = 0, 'awareness', '') AS aim,
            if(n % 100 = 1, 'served', '') AS ctr_impressions, 302,
            toDateTime64('{account.start:%Y-%m-%d}', 3, 'UTC'),
            n + 1
        FROM (SELECT number AS n FROM numbers({LINKS}))
    """


def _deltas(account: Account, start: datetime, seconds: int, *, first: int, rows: int) -> str:
    since_s = int(start.timestamp())
    year_s = int(account.start.timestamp())
    return f"""
        INSERT INTO counters (kind, link, window_start, class, source, impression_kind, rules, flush_month, clicks,
            impressions)
        SELECT 0, {_LINK} AS link, toStartOfMinute(fromUnixTimestamp(toUInt32(at))) AS window_start,
            multiIf(what < 0.5, 'human', what < 0.6, 'bot', what < 0.63, 'prefetch', what < 0.65, 'duplicate',
                what < 0.66, 'unknown', what < 0.95, 'human', what < 0.98, 'bot', 'unverified') AS class,
            multiIf(impression_kind = '', '', impression_kind = 'platform', 'platform',
                impression_kind = 'served', 'pixel', 'beacon') AS source,
            if(what < 0.66, '', kinds[1 + toUInt8(u5 * length(kinds))]) AS impression_kind,
            7 AS rules, '{start:%Y-%m-01}' AS flush_month,
            if(what < 0.66, toInt64(1 + pow(u6, 8) * 6), 0), if(what < 0.66, 0, toInt64(1 + pow(u6, 4) * 300))
        FROM
        (
            SELECT *, {_KINDS}[1 + intHash64(n + 1) % 10] AS kinds
            FROM
            (
                SELECT
                    intHash64(number * 8 + 1) / exp2(64) AS u1, intHash64(number * 8 + 2) / exp2(64) AS u2,
                    intHash64(number * 8 + 3) / exp2(64) AS u3, intHash64(number * 8 + 4) / exp2(64) AS what,
                    intHash64(number * 8 + 5) / exp2(64) AS u5, intHash64(number * 8 + 6) / exp2(64) AS u6,
                    {since_s} + u1 * {seconds} AS even,
                    intDiv(toUInt32(even), 86400) AS day,
                    (toUInt32(even) % 86400) / 86400 AS hour,
                    day * 86400 + 86399 * (hour + 0.09 * sin(6.283185307 * hour)) AS at,
                    least({LINKS - 1}, toUInt32(if(u2 < 0.33,
                        {LINKS} * pow(u3, 3),
                        {LINKS} * (greatest(0, (at - {year_s}) / 86400 + 12 * log(u3 + 1e-9)) + 3 * pow(u5, 3))
                            / {DAYS + 3}))) AS n
                FROM numbers({first}, {rows})
            )
        )
        SETTINGS max_insert_threads = 1, max_threads = 1, min_insert_block_size_rows = 100000000,
            min_insert_block_size_bytes = 0, max_block_size = 100000, deduplicate_insert = 'disable',
            max_partitions_per_insert_block = 2
    """


def _state(start: datetime, seconds: int, *, markers: int) -> str:
    since_s = int(start.timestamp())
    return f"""
        INSERT INTO counters (kind, topic, partition, first_offset, spool, flush_month, last_offset, last_seq,
            touched_at, batches, records, events)
        SELECT kind, topic, n % {_PARTITIONS}, if(kind = 2, offset, 0),
            if(kind = 3, concat('host-', toString(intDiv(n, {_PARTITIONS}))), ''), '{start:%Y-%m-01}',
            if(kind = 3, 0, offset + 99), if(kind = 3, offset, 0), fromUnixTimestamp(toUInt32({since_s} + share *
            {seconds})), kind = 2, if(kind = 2, 100, 0), if(kind = 2, 20000, 0)
        FROM
        (
            SELECT number AS n, 2 AS kind, 'clicks@1' AS topic, n / {markers} AS share,
                {since_s} * 100 + intDiv(n, {_PARTITIONS}) * 100 AS offset
            FROM numbers({markers})
            UNION ALL
            SELECT number, 1, 'clicks@1', 1, {since_s + seconds} * 100 FROM numbers({_PARTITIONS})
            UNION ALL
            SELECT number, 3, 'clicks', 1, {since_s} FROM numbers({50 * _PARTITIONS})
        )
        SETTINGS deduplicate_insert = 'disable', max_insert_threads = 1, min_insert_block_size_rows = 100000000,
            min_insert_block_size_bytes = 0
    """
