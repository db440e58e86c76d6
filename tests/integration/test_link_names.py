"""Names of links by a dictionary: it follows its tables, and holds a password only where one is asked for."""

import asyncio
import time
from pathlib import Path

import pytest

from deploy.local.clickhouse.dictionaries import EVERY_S
from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import Server, connect
from schemas.clickhouse.dictionary import DictionaryError, define, latest_dictionaries
from schemas.clickhouse.migrate import migrate, read_migrations
from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, link, run_sql
from tests.looking import until


def campaign_of(http: Http, name: str) -> str:
    ((campaign,),) = http.rows(f"SELECT dictGet('link_names', 'campaign', 'go.example/{name}')")
    return campaign


def test_a_change_of_links_or_channels_is_seen_within_seconds(migrated: Http) -> None:
    link(migrated, "a", {"campaign": "spring", "channel": "podcast"})
    assert campaign_of(migrated, "a") == "spring"
    run_sql(
        migrated,
        "INSERT INTO links (link, campaign, channel, version) VALUES ('go.example/a', 'new', 'podcast', 2)",
    )
    run_sql(migrated, "INSERT INTO channels (channel, kinds, version) VALUES ('podcast', ['platform'], 1)")
    assert_names_become(migrated, "('new',[3])")


def test_a_change_of_channels_is_seen_that_was_merged_at_once_and_has_no_higher_version_than_others(
    migrated: Http,
) -> None:
    run_sql(migrated, "INSERT INTO channels (channel, kinds, version) VALUES ('podcast', ['platform'], 1)")
    run_sql(migrated, "INSERT INTO channels (channel, kinds, version) VALUES ('x', ['platform'], 5)")
    link(migrated, "a", {"campaign": "spring", "channel": "podcast"})
    assert_names_become(migrated, "('spring',[3])")
    run_sql(migrated, "OPTIMIZE TABLE channels FINAL")
    time.sleep(2 * EVERY_S)  # what it is now is known
    run_sql(migrated, "INSERT INTO channels (channel, kinds, version) VALUES ('podcast', ['served'], 2)")
    run_sql(migrated, "OPTIMIZE TABLE channels FINAL")
    assert_names_become(migrated, "('spring',[4])")


def assert_names_become(http: Http, wanted: str) -> None:
    """Campaign and kinds of the link a, within seconds."""
    query = "SELECT dictGet('link_names', ('campaign', 'kinds'), 'go.example/a')"
    until(lambda: http.rows(query) == [[wanted]])


def test_a_view_finds_the_names_whatever_database_it_is_asked_from(migrated: Http) -> None:
    link(migrated, "a", {"channel": "x"})
    count(migrated, [("a", "2026-11-27 10:00:00", "human", "platform", 0, 7)])
    elsewhere = Http(migrated.url, "default")
    assert elsewhere.rows(f"SELECT impressions, impression_kind FROM {migrated.database}.ctr_1d") == [
        ["7", "platform"]
    ]


def test_the_reader_reads_by_names(migrated: Http) -> None:
    link(migrated, "a", {"channel": "x"})
    count(migrated, [("a", "2026-11-27 10:00:00", "human", "platform", 0, 7)])
    reader = Http(migrated.url, migrated.database, user="reader")
    assert reader.rows("SELECT impression_kind FROM ctr_1m") == [["platform"]]


def test_the_dictionary_is_defined_without_a_password_where_none_is_asked_for(migrated: Http) -> None:
    ((definition,),) = migrated.rows("SHOW CREATE DICTIONARY link_names FORMAT TSVRaw")[:1] or [[""]]
    whole = migrated("SHOW CREATE DICTIONARY link_names FORMAT TSVRaw").body.decode()
    assert definition
    assert "PASSWORD" not in whole


def test_behind_a_password_of_the_front_the_dictionary_loads_as_well(tmp_path: Path) -> None:
    server = ClickHouse(tmp_path, env={"CLICKTALLY_LOCAL_CLICKHOUSE_PASSWORD": "se'cret"})
    server.start()
    try:
        url = server.url.replace("http://", "http://default:se%27cret@")
        asyncio.run(migrate(f"{url}/behind"))
        assert asyncio.run(migrate(f"{url}/behind")) == []
    finally:
        server.stop()


async def test_runners_at_once_define_it_and_none_writes_a_password_down(migrated: Http) -> None:
    server = Server.of_url(f"{migrated.url}/{migrated.database}")
    statements = (statement for migration in read_migrations() for statement in migration.statements)
    (statement,) = latest_dictionaries([statements])

    async def define_again() -> None:
        client = await connect(server)
        try:
            for _ in range(10):
                await define(client, statement, server)
        finally:
            await client.close()

    async with asyncio.TaskGroup() as runners:
        for _ in range(6):
            runners.create_task(define_again())
    assert b"PASSWORD" not in migrated("SHOW CREATE DICTIONARY link_names FORMAT TSVRaw").body
    link(migrated, "a", {"campaign": "spring"})
    assert campaign_of(migrated, "a") == "spring"


async def test_what_cannot_be_loaded_is_told_with_what_to_do(migrated: Http) -> None:
    server = Server.of_url(f"{migrated.url}/{migrated.database}")
    client = await connect(server)
    statement = (
        "CREATE OR REPLACE DICTIONARY broken (link String, campaign String) PRIMARY KEY link"
        " SOURCE(CLICKHOUSE(TABLE 'nowhere')) LAYOUT(COMPLEX_KEY_HASHED_ARRAY()) LIFETIME(1)"
    )
    with pytest.raises(DictionaryError, match=r"broken cannot be loaded: .*nowhere.*then migrate again"):
        await define(client, statement, server)
    await client.close()
