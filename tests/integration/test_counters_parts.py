"""How the counter table keeps its rows on the real engine: numbers come back as they were, parts become few."""

import itertools
from typing import Final

import pytest

from tests.integration.clickhouse_http import Http
from tests.integration.clickhouse_queries import until
from tests.integration.counted import run_sql

LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1
LAST_S: Final = 2**32 - 1
PACKED_AT_ONCE: Final = 64
"""Numbers that T64 packs together."""
GRANULE: Final = 2048


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


def test_what_rested_becomes_one_part_while_its_month_goes_on(migrated: Http) -> None:
    run_sql(
        migrated,
        "ALTER TABLE counters MODIFY SETTING min_age_to_force_merge_seconds = 4, merge_selector_base = 1000",
    )
    for clicks in range(4):
        flush(migrated, clicks)
    rested = parts(migrated)[:3]
    young = itertools.count(4)

    def merged_while_the_month_goes_on() -> bool:
        flush(migrated, next(young))
        *_, before_last, _ = parts(migrated)
        if before_last not in rested:  # few parts: many are merged, however young
            run_sql(migrated, f"ALTER TABLE counters DROP PART '{before_last[0]}'")
        return not {name for name, _ in rested} & {name for name, _ in parts(migrated)}

    until(merged_while_the_month_goes_on, within_s=60)
    assert int(parts(migrated)[0][1]) >= 3
    assert migrated.rows("SELECT clicks FROM counters WHERE clicks < 3 ORDER BY clicks") == [["0"], ["1"], ["2"]]


def flush(http: Http, clicks: int) -> None:
    """Each its own row: the engine would take the same one for a repetition."""
    run_sql(
        http,
        f"INSERT INTO counters (kind, link, window_start, clicks) VALUES (0, 'go.example/{clicks}', 60, {clicks})",
    )


def parts(http: Http) -> list[tuple[str, str]]:
    """Name and rows of each part, the oldest first."""
    return [
        (name, rows)
        for name, rows in http.rows(
            "SELECT name, rows FROM system.parts WHERE active AND table = 'counters'"
            " AND database = currentDatabase() ORDER BY min_block_number"
        )
    ]
