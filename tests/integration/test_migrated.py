"""What tests take for a migrated database is one: in everything that the engine tells of it."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Final

import pytest

from deploy.local.processes import ClickHouse
from schemas.clickhouse.migrate import migrate
from tests.integration.clickhouse_http import Http

OF_THIS: Final = "database = currentDatabase()"
NAMELESS: Final = "replaceAll({}, currentDatabase(), '')"


@pytest.fixture(scope="module")
def original(clickhouse: ClickHouse) -> Iterator[Http]:
    """A database that was migrated."""
    database = f"original_{uuid.uuid4().hex}"
    asyncio.run(migrate(f"{clickhouse.url}/{database}"))
    yield Http(clickhouse.url, database)
    Http(clickhouse.url, "default")(f"DROP DATABASE {database}")


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT name, engine, {NAMELESS.format('create_table_query')} FROM system.tables WHERE {OF_THIS}",
        (
            "SELECT table, name, type, default_kind, default_expression, comment, compression_codec"
            f" FROM system.columns WHERE {OF_THIS}"
        ),
        f"SELECT name, status, key.names, attribute.names FROM system.dictionaries WHERE {OF_THIS}",
        f"SELECT name, total_rows FROM system.tables WHERE {OF_THIS}",
        "SELECT version, name, checksum FROM schema_migrations",
    ],
    ids=["definitions", "columns", "dictionaries", "rows", "versions"],
)
def test_a_copy_is_told_apart_from_what_was_migrated_by_its_name_alone(
    original: Http, migrated: Http, query: str
) -> None:
    expected = original.rows(f"{query} ORDER BY ALL")
    assert expected
    assert migrated.rows(f"{query} ORDER BY ALL") == expected
