"""How the counter table keeps its rows on the real engine: numbers come back as they were, parts become few."""

import os
import time
from typing import Final

import pytest

from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql
from tests.looking import until

LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1
LAST_S: Final = 2**32 - 1
PACKED_AT_ONCE: Final = 64
"""Numbers that T64 packs together."""
GRANULE: Final = 2048
LARGE: Final = 600_000
"""Rows whose part has more than 10 MiB: the engine takes each part for 5 MiB larger than it is."""
A_DAY_S: Final = 86_400
PARTS: Final = """\
FROM system.parts
WHERE active AND table = 'counters' AND database = currentDatabase()
ORDER BY min_block_number"""


@pytest.mark.parametrize("numbers", [f"{LEAST}, -1, 0, 1, {MOST}", "0", f"{MOST}", "-3, 4"])
def test_numbers_and_times_come_back_as_they_were(migrated: Http, numbers: str) -> None:
    for rows in (1, PACKED_AT_ONCE - 1, PACKED_AT_ONCE, PACKED_AT_ONCE + 1, GRANULE, GRANULE + 1):
        run_sql(migrated, "TRUNCATE TABLE counters")
        inserted = (
            f"SELECT concat('go.example/', leftPad(toString(number), 6, '0')) AS link,"
            f" toDateTime([0, 60, 3600, {LAST_S}][1 + number % 4], 'UTC') AS window_start,"
            f" CAST([{numbers}], 'Array(Int64)') AS all_numbers,"
            f" all_numbers[1 + number % length(all_numbers)] AS clicks,"
            f" all_numbers[1 + (number + 1) % length(all_numbers)] AS impressions FROM numbers({rows})"
        )
        run_sql(
            migrated,
            "INSERT INTO counters (kind, link, window_start, clicks, impressions)"
            f" SELECT 0, link, window_start, clicks, impressions FROM ({inserted})",
        )
        expected = migrated.rows(f"SELECT link, window_start, clicks, impressions FROM ({inserted}) ORDER BY link")
        kept = "SELECT link, window_start, clicks, impressions FROM counters ORDER BY link"
        assert migrated.rows(kept) == expected
        run_sql(migrated, "OPTIMIZE TABLE counters FINAL")
        assert migrated.rows(kept) == expected


def test_rows_without_a_window_come_back_as_they_were(migrated: Http) -> None:
    run_sql(
        migrated,
        "INSERT INTO counters (kind, topic, partition, last_offset) SELECT 1, 'clicks@1', number, number"
        f" FROM numbers({GRANULE + 1})",
    )
    assert migrated.rows("SELECT count(), sum(toUnixTimestamp(window_start)), max(last_offset) FROM counters") == [
        [str(GRANULE + 1), "0", str(GRANULE)]
    ]


def test_what_rested_for_a_day_becomes_one_part_while_its_month_goes_on(migrated: Http) -> None:
    run_sql(migrated, "SYSTEM STOP MERGES counters")
    for rows in (LARGE, 2, 1):  # of sizes that the engine never merges for their number alone
        flush(migrated, rows)
    *rested, _ = migrated.rows(f"SELECT path {PARTS}")
    run_sql(migrated, "DETACH TABLE counters")
    now_s = time.time()
    for (path,) in rested:
        os.utime(path, times=(now_s, now_s - A_DAY_S - 1))
    run_sql(migrated, "ATTACH TABLE counters")  # merges may go on
    until(lambda: migrated.rows(f"SELECT rows {PARTS}") == [[str(LARGE + 2)], ["1"]])
    assert migrated.rows("SELECT uniqExact(link), sum(clicks) FROM counters") == [[str(LARGE + 3)] * 2]


def flush(http: Http, rows: int) -> None:
    """A part of so many rows, of links that no other part has, one click each."""
    run_sql(
        http,
        "INSERT INTO counters (kind, link, window_start, clicks)"
        f" SELECT 0, concat('go.example/', toString(generateUUIDv4())), 60, 1 FROM numbers({rows})",
    )
