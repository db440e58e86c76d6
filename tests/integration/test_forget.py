"""Somebody is forgotten: what their events keep of them is emptied, and every count stays."""

import time
import uuid
from collections.abc import AsyncIterator
from typing import Final

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from console.forget import EMPTIED, NobodyError, Whom, forget
from deploy.local.processes import ClickHouse
from schemas.clickhouse.client import Server, connect
from tests.integration.migrated import make_migrated

COUNTS: Final = "SELECT link, class, toDate(time), sum(count) FROM events FINAL GROUP BY ALL ORDER BY ALL"
ALL: Final = tuple(range(8))


@pytest.fixture(scope="module")
def database(clickhouse: ClickHouse) -> str:
    return make_migrated(clickhouse.url, f"forget_{uuid.uuid4().hex}").database


@pytest.fixture
async def client(clickhouse: ClickHouse, database: str) -> AsyncIterator[AsyncClient]:
    """Eight clicks of two links: visitors 70 and 71 on both, and two clicks of nobody."""
    made = await connect(f"{clickhouse.url}/{database}")
    await made.command("TRUNCATE TABLE events")
    now_s = int(time.time())
    for _ in range(2):  # as after a crash: a copy of each row
        await made.command(
            "INSERT INTO events (type, link, time, class, count, topic, partition, record_offset, visitor, ua,"
            " referrer, referrer_host, country, region, click_id, utm_source, utm_medium, utm_campaign, utm_term,"
            " utm_content, device)"
            f" SELECT 'click', 'go.example/' || number % 2, fromUnixTimestamp64Milli({now_s}000), 'human', 1,"
            " 'clicks', 0, number, [70, 70, 71, 71, 70, 71, 0, 0][number + 1], 'an agent', 'https://a.example/',"
            " 'a.example', 'DE', 'BE', 'click-' || number, 's', 'm', 'c', 't', 'e', 'phone'"
            f" FROM numbers({len(ALL)})"
        )
    yield made
    await made.close()


def server(clickhouse: ClickHouse, database: str) -> Server:
    return Server.of_url(f"{clickhouse.url}/{database}")


async def rows(client: AsyncClient, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in (await client.query(query)).result_rows]


async def known(client: AsyncClient) -> set[int]:
    """Of which clicks anything is kept of a person."""
    kept = " OR ".join(f"{column} != {empty}" for column, empty in EMPTIED.items())
    return {int(str(row[0])) for row in await rows(client, f"SELECT record_offset FROM events WHERE {kept}")}


@pytest.mark.parametrize(
    ("whom", "forgotten"),
    [
        (Whom(link="go.example/1"), {1, 3, 5, 7}),
        (Whom(visitor=70), {0, 1, 4}),
        (Whom(click_id="click-2"), {2, 3, 5}),
        (Whom(click_id="click-7"), {7}),
    ],
)
async def test_who_is_forgotten_leaves_counts_and_what_many_have_in_common(
    clickhouse: ClickHouse, database: str, client: AsyncClient, whom: Whom, forgotten: set[int]
) -> None:
    counts = await rows(client, COUNTS)
    assert await forget(server(clickhouse, database), whom) == len(forgotten)
    assert await known(client) == set(ALL) - forgotten
    assert await rows(client, COUNTS) == counts
    assert await rows(client, "SELECT DISTINCT country, device FROM events") == [("DE", "phone")]


@pytest.mark.parametrize(
    "whom", [Whom(link="go.example/2"), Whom(visitor=72), Whom(click_id="click-8"), Whom(link="go.example/1' OR 1")]
)
async def test_of_whom_nothing_is_kept_is_told_where_they_might_be(
    clickhouse: ClickHouse, database: str, client: AsyncClient, whom: Whom
) -> None:
    with pytest.raises(NobodyError, match="within the last minutes"):
        await forget(server(clickhouse, database), whom)
    assert await known(client) == set(ALL)


async def test_a_link_that_was_forgotten_is_not_there_to_be_forgotten(
    clickhouse: ClickHouse, database: str, client: AsyncClient
) -> None:
    link = Whom(link="go.example/1")
    await forget(server(clickhouse, database), link)
    with pytest.raises(NobodyError):
        await forget(server(clickhouse, database), link)
    assert await known(client) == {0, 2, 4, 6}
