"""A database as `clicktally migrate` leaves it, with a few counted clicks, for every client."""

import uuid
from collections.abc import Iterator

import pytest

from deploy.local.processes import ClickHouse
from tests.integration.clickhouse_http import Http
from tests.integration.migrated import make_migrated


@pytest.fixture
def counted(clickhouse: ClickHouse) -> Iterator[Http]:
    """Two links of one campaign: 30 clicks, 600 impressions; one of another: 5 and 50."""
    database = f"client_{uuid.uuid4().hex}"
    http = make_migrated(clickhouse.url, database)
    for statement in (
        (
            "INSERT INTO links (link, campaign, version) VALUES ('go.example/a', 'spring', 1), "
            "('go.example/b', 'spring', 1), ('go.example/c', 'autumn', 1)"
        ),
        (
            "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions) VALUES "
            "(0, 'go.example/a', '2026-11-26 10:00:00', 'human', '', 10, 0), "
            "(0, 'go.example/a', '2026-11-26 10:00:00', 'human', 'served', 0, 400), "
            "(0, 'go.example/b', '2026-11-26 10:00:00', 'human', '', 20, 0), "
            "(0, 'go.example/b', '2026-11-26 10:00:00', 'human', 'served', 0, 200), "
            "(0, 'go.example/c', '2026-11-26 11:00:00', 'human', '', 5, 0), "
            "(0, 'go.example/c', '2026-11-26 11:00:00', 'human', 'served', 0, 50)"
        ),
    ):
        answer = http(statement)
        assert answer.status == 200, answer.body
    yield http
    http(f"DROP DATABASE {database}")


@pytest.fixture
def reader(counted: Http) -> Http:
    """The same database as a BI tool sees it."""
    return Http(counted.url, counted.database, "reader")
