"""What a table's engine says of how long it keeps rows."""

import pytest

from schemas.clickhouse.retention import days_of


@pytest.mark.parametrize(
    ("engine", "days"),
    [
        (
            "ReplacingMergeTree PARTITION BY x ORDER BY y TTL toDateTime(time) + toIntervalDay(90) SETTINGS z = 1",
            90,
        ),
        ("MergeTree ORDER BY y TTL at + toIntervalDay(1)", 1),
        ("MergeTree ORDER BY y SETTINGS z = 1", None),
        ("MergeTree ORDER BY y TTL at + toIntervalMonth(3)", None),
        ("", None),
    ],
)
def test_days_are_read_from_the_engine(engine: str, days: int | None) -> None:
    assert days_of(engine) == days
