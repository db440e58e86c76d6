"""A year of a large account, made by ClickHouse itself: links, counters, heads, markers and dedup rows.

Everything follows from the number of a row by hashes, so the same rows come out each time. Skewed as traffic is:
most of a link's rows follow its publishing within days, a third goes to evergreens of which the busiest link has
1.7 %; days have their hours; campaigns have from a dozen to thousands of links.

Parts are what the table's settings leave of a stream's flushes: one of each month that ended, one of the running
month until its last midnight, and those that the engine makes of a day flushed minute by minute (docs/adr/0040).
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
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
_LAYOUT: Final = 3
"""Counted up when the rows would come out otherwise: a directory of another layout is filled anew."""
_INSERTED_ROWS: Final = 4_000_000
_AT_ONCE: Final = 2
_MARKERS_PER_ROW: Final = 0.1
_PARTITIONS: Final = 8
_LAST_DAYS_PARTS: Final = (10.5, 17.5, 21.0, 24.0)
"""Hours at which they end, ten minutes after the day's last flush."""

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
class Stretch:
    """Rows of a time, by their numbers."""

    start: datetime
    end: datetime
    first: int
    rows: int

    def between(self, start: datetime, end: datetime) -> "Stretch":
        """What of it lies in a time within."""
        first, after = (
            self.first + int(self.rows * ((at - self.start) / (self.end - self.start))) for at in (start, end)
        )
        return Stretch(start, end, first, after - first)

    def pieces(self) -> Iterator["Stretch"]:
        """It in stretches of the same time, of about _INSERTED_ROWS at most."""
        pieces = math.ceil(self.rows / _INSERTED_ROWS)
        ends = [self.start + (self.end - self.start) * piece / pieces for piece in range(pieces + 1)]
        return (self.between(start, end) for start, end in pairwise(ends))


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

    def months(self) -> list[Stretch]:
        """The year cut at the beginnings of months, as the table's partitions are; the running one comes last."""
        year = Stretch(self.start, self.start + timedelta(days=DAYS), 0, self.rows)
        at, months = self.start, []
        while at < year.end:
            after = min(year.end, (at.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0))
            months.append(year.between(at, after))
            at = after
        return months


def fill(run: Run, account: Account, say: Callable[[str], None]) -> None:
    """Fill an empty, migrated database with all but the running month."""
    run(_links(account))
    for month in account.months()[:-1]:
        _insert(run, account, month, month.pieces())
        say(f"{month.first + month.rows:,} of {account.rows:,} rows, until {month.end:%Y-%m-%d}")


def merge_ended_months(run: Run, account: Account) -> None:
    """Leave a part of each month that ended, as the table's settings do within a day."""
    for month in account.months()[:-1]:
        _merge(run, month)


def fill_running_month(run: Run, account: Account) -> None:
    """Make the last month anew: a live account's never rests for a day and is merged, a kept directory's would."""
    run("ALTER TABLE counters MODIFY SETTING min_age_to_force_merge_seconds = 0")
    month = account.months()[-1]
    run(f"ALTER TABLE counters DROP PARTITION {_partition(month)}")
    midnight = month.end - timedelta(days=1)
    if midnight > month.start:
        before = month.between(month.start, midnight)
        _insert(run, account, before, before.pieces())
        _merge(run, month)
    ends = [midnight + timedelta(hours=hours) for hours in (0.0, *_LAST_DAYS_PARTS)]
    day = month.between(midnight, month.end)
    _insert(run, account, day, (day.between(start, end) for start, end in pairwise(ends)))


def _merge(run: Run, month: Stretch) -> None:
    run(
        f"OPTIMIZE TABLE counters PARTITION {_partition(month)} FINAL"
        " SETTINGS optimize_skip_merged_partitions = 1, optimize_throw_if_noop = 1"
    )


def _insert(run: Run, account: Account, stretch: Stretch, pieces: Iterable[Stretch]) -> None:
    """Insert a part of each piece, with its projections, as merges leave it: parts with and without stay apart."""
    run("ALTER TABLE counters MODIFY SETTING materialize_projections_on_insert = 1")
    statements = [*(_deltas(account, piece) for piece in pieces), _state(stretch)]
    with ThreadPoolExecutor(_AT_ONCE) as at_once:
        for _ in at_once.map(run, statements):
            pass
    run("ALTER TABLE counters MODIFY SETTING materialize_projections_on_insert = 0")


def _partition(month: Stretch) -> str:
    return f"({month.start:%Y%m}, 0)"


async def roll_up_days(url: str) -> None:
    """Make the sums by link and day as `stream tables` does: some minutes the first time, then nothing to do."""
    client = await connect(url, send_receive_timeout_s=300.0)
    try:
        pace = Pace(every_s=1.0, retry=RetryPolicy(first_s=0.1, longest_s=5.0))
        began = time.monotonic()
        roller = LinkDayRoller(ClickHouseLinkDays(client), link_day_metrics(CollectorRegistry()), pace)
        for _ in range(2):  # a day that was made before is made again once it stood still
            await roller.round()
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


def _deltas(account: Account, stretch: Stretch) -> str:
    year_s = int(account.start.timestamp())
    since_s, seconds = int(stretch.start.timestamp()), int((stretch.end - stretch.start).total_seconds())
    return f"""
        INSERT INTO counters (kind, link, window_start, class, source, impression_kind, rules, flush_month, clicks,
            impressions)
        SELECT 0, {_LINK} AS link, toStartOfMinute(fromUnixTimestamp(toUInt32(at))) AS window_start,
            multiIf(what < 0.5, 'human', what < 0.6, 'bot', what < 0.63, 'prefetch', what < 0.65, 'duplicate',
                what < 0.66, 'unknown', what < 0.95, 'human', what < 0.98, 'bot', 'unverified') AS class,
            multiIf(impression_kind = '', '', impression_kind = 'platform', 'platform',
                impression_kind = 'served', 'pixel', 'beacon') AS source,
            if(what < 0.66, '', kinds[1 + toUInt8(u5 * length(kinds))]) AS impression_kind,
            7 AS rules, '{stretch.start:%Y-%m-01}' AS flush_month,
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
                FROM numbers({stretch.first}, {stretch.rows})
            )
        )
        SETTINGS max_insert_threads = 1, max_threads = 1, min_insert_block_size_rows = 100000000,
            min_insert_block_size_bytes = 0, max_block_size = 100000, deduplicate_insert = 'disable',
            max_partitions_per_insert_block = 2
    """


def _state(stretch: Stretch) -> str:
    since_s, seconds = int(stretch.start.timestamp()), int((stretch.end - stretch.start).total_seconds())
    markers = round(stretch.rows * _MARKERS_PER_ROW)
    return f"""
        INSERT INTO counters (kind, topic, partition, first_offset, spool, flush_month, last_offset, last_seq,
            touched_at, batches, records, events)
        SELECT kind, topic, n % {_PARTITIONS}, if(kind = 2, offset, 0),
            if(kind = 3, concat('host-', toString(intDiv(n, {_PARTITIONS}))), ''), '{stretch.start:%Y-%m-01}',
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
