"""The SELECTs of an audit. `COVERED` stands for a condition on events, see console.audit.tables."""

from typing import Final

from schemas.counters import DEDUP, DELTA, DIFFERENCE_SOURCES, GAP, HEAD, MARKER, RECOUNT, SNAPSHOT
from schemas.idempotency import IS_KEY_SQL, KEY_TTL_S

DISORDER_S: Final = 24 * 3600
MAX_ROWS: Final = 50
EVENTS_FINAL: Final = {"do_not_merge_across_partitions_select_final": 1}
"""Copies of an event have the same time, hence the same table partition."""


def _window_s(minute: str) -> str:
    """SQL: where a minute's window begins, seconds since 1970, after minutes of long ago were rolled up."""
    at = f"toUnixTimestamp({minute})"
    return f"{at} - if({at} < {{rolled_before:Int64}}, {at} % {{rolled_s:Int64}}, 0)"


STRETCHES: Final = f"""
SELECT kind, topic, partition, min(first), max(last), count(), sum(inserted), max(touched), sum(events_in),
    sum(letters), sum(late_in)
FROM
(
    SELECT
        *,
        sum(breaks) OVER (PARTITION BY kind, topic, partition ORDER BY first ROWS UNBOUNDED PRECEDING) AS stretch
    FROM
    (
        SELECT
            *,
            kind != {MARKER} OR inserted != 1 OR first != lagInFrame(last, 1, first - 1) OVER flushes + 1
                OR lagInFrame(inserted, 1, toUInt64(1)) OVER flushes != 1 AS breaks,
            max(touched >= {{since:Int64}}) OVER flushes AS begun
        FROM
        (
            SELECT
                kind, topic, partition, first_offset AS first, max(last_offset) AS last, sum(batches) AS inserted,
                toUnixTimestamp(max(touched_at)) AS touched, sum(counters.events) AS events_in,
                sum(dead_letters) AS letters, sum(late) AS late_in
            FROM counters
            WHERE kind = {HEAD}
                OR kind IN ({MARKER}, {GAP}) AND touched_at >= fromUnixTimestamp({{since:Int64}} - {DISORDER_S})
            GROUP BY kind, topic, partition, first_offset
        )
        WINDOW flushes AS
            (PARTITION BY kind, topic, partition ORDER BY first ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    WHERE kind = {HEAD} OR begun
)
GROUP BY kind, topic, partition, stretch
ORDER BY kind, topic, partition, min(first)
"""  # noqa: S608 - constants

COUNTED: Final = f"""
SELECT kind, topic, partition, toDate(window_start) AS day, class, impression_kind,
    sum(clicks + impressions),
    sum(cityHash64(link, {_window_s("window_start")}, source, impression_kind) * (clicks + impressions)),
    max(last_offset), toUnixTimestamp(max(touched_at))
FROM counters
WHERE kind = {HEAD}
    OR kind = {DELTA} AND window_start >= fromUnixTimestamp({{since:Int64}}) AND source NOT IN {DIFFERENCE_SOURCES}
        AND topic != '{RECOUNT}'
GROUP BY kind, topic, partition, day, class, impression_kind
"""  # noqa: S608 - constants

EVENTS: Final = f"""
SELECT toDate(time) AS day, class, impression_kind,
    sum(count),
    sum(cityHash64(link, {_window_s("toStartOfMinute(time)")}, source, impression_kind) * count)
FROM events FINAL
WHERE time >= fromUnixTimestamp({{since:Int64}}) AND COVERED
GROUP BY day, class, impression_kind
"""  # noqa: S608 - constants

LINKS_COUNTED: Final = f"""
SELECT kind, topic, partition, link, sum(clicks + impressions), max(last_offset), toUnixTimestamp(max(touched_at))
FROM counters
WHERE kind = {HEAD} OR kind = {DELTA} AND toDate(window_start) = {{day:Date}}
    AND class = {{class:String}} AND impression_kind = {{impression_kind:String}}
    AND source NOT IN {DIFFERENCE_SOURCES} AND topic != '{RECOUNT}'
GROUP BY kind, topic, partition, link
"""  # noqa: S608 - constants

LINKS_EVENTS: Final = """
SELECT link, sum(count)
FROM events FINAL
WHERE toDate(time) = {day:Date} AND class = {class:String} AND impression_kind = {impression_kind:String}
    AND COVERED
GROUP BY link
"""

DUPLICATES: Final = f"""
SELECT topic, partition, spool, count() - groupBitmap(seq)
FROM events FINAL
WHERE seq > 0 AND spool != '' AND received_at >= fromUnixTimestamp({{since:Int64}})
    AND (topic, partition, spool, seq) IN
    (
        SELECT topic, partition, spool, seq
        FROM events FINAL
        WHERE seq > 0 AND received_at >= fromUnixTimestamp({{since:Int64}}) AND (topic, partition, spool) IN
        (
            SELECT topic, partition, spool
            FROM events FINAL
            WHERE seq > 0 AND spool != '' AND received_at >= fromUnixTimestamp({{since:Int64}})
            GROUP BY topic, partition, spool
            HAVING count() != groupBitmap(seq)
        )
        GROUP BY topic, partition, spool, seq
        HAVING count() > 1 AND NOT
            ({IS_KEY_SQL} AND date_diff('second', min(received_at), max(received_at)) > {KEY_TTL_S // 2})
    )
GROUP BY topic, partition, spool
ORDER BY topic, partition, spool
LIMIT {MAX_ROWS}
"""  # noqa: S608 - constants
"""Bitmaps of seqs find the spools in little memory; only those are then looked at seq by seq. An
Idempotency-Key is remembered for two days from its first event on, and means something new afterwards; half of that
lies between two copies of any of its events."""

FORGOTTEN: Final = f"""
SELECT seen.topic, seen.partition, seen.spool, highest, applied
FROM
(
    SELECT topic, partition, spool, max(seq) AS highest
    FROM events FINAL
    WHERE seq > 0 AND spool != '' AND received_at >= fromUnixTimestamp({{since:Int64}}) AND COVERED
        AND NOT ({IS_KEY_SQL} AND received_at < now() - INTERVAL {KEY_TTL_S} SECOND)
    GROUP BY topic, partition, spool
) AS seen
LEFT JOIN
(
    SELECT topic, partition, spool, max(last_seq) AS applied
    FROM counters
    WHERE kind = {DEDUP}
    GROUP BY topic, partition, spool
) AS state USING (topic, partition, spool)
WHERE applied < highest
ORDER BY seen.topic, seen.partition, seen.spool
LIMIT {MAX_ROWS}
"""  # noqa: S608 - constants

UNBALANCED: Final = f"""
SELECT link, toInt64(sum(abs(moved))) AS all_moved
FROM
(
    SELECT link, window_start, source, impression_kind, sum(clicks + impressions) AS moved
    FROM counters
    WHERE kind = {DELTA} AND topic = '{RECOUNT}'
    GROUP BY link, window_start, source, impression_kind
)
GROUP BY link
HAVING all_moved != 0
ORDER BY link
LIMIT {MAX_ROWS}
"""  # noqa: S608 - constants
"""Corrections of classes (stream.recount) take from one class what they give to another, cell by cell."""

TOTALS: Final = f"""
SELECT link, sum(known) AS all_known, sum(counted) AS all_counted
FROM
(
    SELECT
        link,
        sumIf(impressions, kind = {DELTA}) AS counted,
        arraySort(groupArrayIf((begin_ms, end_ms), kind = {SNAPSHOT} AND end_ms != 0)) AS periods,
        arrayExists((one, at) -> at > 1 AND one.1 < periods[at - 1].2, periods, arrayEnumerate(periods)) AS overlap,
        if(
            countIf(kind = {SNAPSHOT} AND end_ms = 0) > 0,
            sumIf(total, kind = {SNAPSHOT} AND end_ms = 0),
            sumIf(total, kind = {SNAPSHOT})
        ) AS known,
        overlap AND countIf(kind = {SNAPSHOT} AND end_ms = 0) = 0 AS unsure
    FROM
    (
        SELECT
            kind,
            link,
            if(kind = {SNAPSHOT}, source, '') AS platform,
            if(kind = {SNAPSHOT}, spool, '') AS post,
            if(kind = {SNAPSHOT}, toUnixTimestamp(window_start) * 1000, 0) AS begin_ms,
            if(kind = {SNAPSHOT}, first_offset, 0) AS end_ms,
            sum(counters.impressions) AS impressions,
            toInt64(max(reading).total) AS total
        FROM counters
        WHERE kind = {SNAPSHOT} OR kind = {DELTA} AND source IN {DIFFERENCE_SOURCES}
        GROUP BY kind, link, platform, post, begin_ms, end_ms
    )
    GROUP BY link, platform, post
)
GROUP BY link
HAVING all_known != all_counted AND NOT max(unsure)
ORDER BY link
LIMIT {MAX_ROWS}
"""  # noqa: S608 - constants
"""Links of which the differences are not what the snapshot state says that counts: one scan, so both are of one
instant. Which of overlapping periods count is the stream's to say (stream.totals): such links are left out."""
