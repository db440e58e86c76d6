"""What a table's engine says of how long it keeps rows, and what a setting makes of it."""

import pytest

from schemas.clickhouse.retention import Retention, ttl_of

EVENTS = Retention("events", "time", 30)
MARKERS = Retention("counters", "touched_at", 35, where="kind = 2")


@pytest.mark.parametrize(
    ("engine", "ttl"),
    [
        (
            "ReplacingMergeTree PARTITION BY x ORDER BY y TTL toDateTime(time) + toIntervalDay(90) SETTINGS z = 1",
            "toDateTime(time) + toIntervalDay(90)",
        ),
        ("MergeTree ORDER BY y TTL at + toIntervalDay(1)", "at + toIntervalDay(1)"),
        (
            "MergeTree TTL a + toIntervalDay(1) WHERE kind = 2, a + toIntervalDay(2) WHERE kind = 3 SETTINGS z = 1",
            "a + toIntervalDay(1) WHERE kind = 2, a + toIntervalDay(2) WHERE kind = 3",
        ),
        ("MergeTree ORDER BY y SETTINGS z = 1", ""),
        ("", ""),
    ],
)
def test_a_tables_ttl_is_read_from_the_engine(engine: str, ttl: str) -> None:
    assert ttl_of(engine) == ttl


@pytest.mark.parametrize(
    ("one", "ttl", "applied"),
    [
        (EVENTS, "toDateTime(time) + toIntervalDay(90)", "toDateTime(time) + toIntervalDay(30)"),
        (EVENTS, "time + toIntervalDay(30)", "time + toIntervalDay(30)"),
        (
            MARKERS,
            "touched_at + toIntervalDay(120) WHERE kind = 2, touched_at + toIntervalDay(120) WHERE kind IN (3, 5)",
            "touched_at + toIntervalDay(35) WHERE kind = 2, touched_at + toIntervalDay(120) WHERE kind IN (3, 5)",
        ),
        (
            MARKERS,
            "touched_at + toIntervalDay(7) WHERE kind = 20, touched_at + toIntervalDay(8) WHERE kind = 2",
            "touched_at + toIntervalDay(7) WHERE kind = 20, touched_at + toIntervalDay(35) WHERE kind = 2",
        ),
    ],
)
def test_a_setting_changes_the_days_of_its_own_clause(one: Retention, ttl: str, applied: str) -> None:
    assert one.applied(ttl) == applied


@pytest.mark.parametrize(
    ("one", "ttl"),
    [
        (EVENTS, ""),
        (EVENTS, "toDateTime(time) + toIntervalMonth(3)"),
        (EVENTS, "received_at + toIntervalDay(90)"),
        (EVENTS, "time + toIntervalDay(90) WHERE kind = 2"),
        (MARKERS, "touched_at + toIntervalDay(120)"),
        (MARKERS, "touched_at + toIntervalDay(120) WHERE kind IN (2, 3, 5)"),
    ],
)
def test_a_ttl_without_such_a_clause_is_not_guessed_at(one: Retention, ttl: str) -> None:
    assert one.applied(ttl) is None
