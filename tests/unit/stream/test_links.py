import asyncio
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry

from schemas.errors import TransientClickHouseError
from schemas.links import Link, Rules
from stream.links import EPOCH_SHIFT, LinksTable
from stream.metrics import StreamMetrics
from tests.builders import NOW_MS
from tests.fakes import turn

LINK = Link(domain="go.example", slug="a", destination="https://example.com/", campaign="spring", updated_at_ms=5)


class FakeResult:
    def __init__(self, rows: list[tuple[int]]) -> None:
        self.result_rows = rows


class FakeClient:
    """What the links table needs of ClickHouse's client."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.failures = 0

    async def query(self, _: str) -> FakeResult:
        return FakeResult([(max(row["version"] for row in self.rows) + 1,)] if self.rows else [])

    async def insert_arrow(self, table: str, rows: pa.Table) -> None:
        assert table == "links"
        await self.answers.wait()
        if self.failures:
            self.failures -= 1
            raise TransientClickHouseError(210, "connection reset")
        self.rows += rows.to_pylist()


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


def table_on(client: FakeClient, epoch: int = 1) -> LinksTable:
    return LinksTable(client, StreamMetrics(CollectorRegistry()), epoch)  # type: ignore[arg-type]


def put(table: LinksTable, link: Link, offset: int) -> None:
    table.add(link.key.encode(), msgspec.json.encode(link), offset, NOW_MS)


def keys(client: FakeClient) -> list[str]:
    return [row["link"] for row in client.rows]


async def test_a_link_becomes_a_row_whose_version_is_its_offset(client: FakeClient) -> None:
    table = table_on(client)
    await table.load(0, 10)
    put(table, LINK, 7)
    await table.flush()
    (row,) = client.rows
    assert (row["link"], row["campaign"], row["status"], row["deleted"]) == ("go.example/a", "spring", 302, False)
    assert (row["version"], row["updated_at"].timestamp(), row["expires_at"]) == (
        (1 << EPOCH_SHIFT) + 7,
        0.005,
        None,
    )


async def test_a_record_without_a_value_deletes_the_link(client: FakeClient) -> None:
    table = table_on(client)
    table.add(b"go.example/a/b", None, 3, NOW_MS)
    await table.flush()
    (row,) = client.rows
    assert (row["domain"], row["slug"], row["deleted"], row["destination"]) == ("go.example", "a/b", True, "")


async def test_a_link_is_stored_with_its_post_and_how_it_is_judged(client: FakeClient) -> None:
    table = table_on(client)
    link = msgspec.structs.replace(
        LINK,
        tags=("a", "b"),
        post_id="1",
        published_at_ms=7,
        impressions="viewable",
        aim="awareness",
        origins=("https://a.example",),
        rules=Rules(v=1, compiled={"any": ["thing"]}),
        v=2,
    )
    put(table, link, 0)
    table.add(b"go.example/b", None, 1, NOW_MS)
    await table.flush()
    row, gone = client.rows
    assert (row["tags"], row["post_id"], row["origins"]) == (["a", "b"], "1", ["https://a.example"])
    assert (row["ctr_impressions"], row["aim"]) == ("viewable", "awareness")
    assert row["published_at"].timestamp() == 0.007
    assert row["rules"] == '{"v":1,"compiled":{"any":["thing"]}}'
    assert row.keys() == gone.keys()
    assert (gone["tags"], gone["origins"], gone["rules"], gone["published_at"]) == ([], [], "", None)


async def test_a_link_of_a_newer_release_is_stored_for_what_is_known_of_it(client: FakeClient) -> None:
    table = table_on(client)
    newer = msgspec.json.encode(msgspec.structs.replace(LINK, v=9))[:-1] + b',"password":"x"}'
    table.add(b"go.example/a", newer, 0, NOW_MS)
    await table.flush()
    assert keys(client) == ["go.example/a"]


DEEP = b'{"q":' + b"[" * 100_000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, msgspec.json.encode(LINK)),
        (b"", None),
        (b"\xff/x", None),
        (b"go.example/b", msgspec.json.encode(LINK)),
        (b"go.example/a", b"garbage"),
        (b"go.example/a", b"{}"),
        (b"go.example/a", b"\xff"),
        (b"go.example/a", b""),
        (b"go.example/a", DEEP),
        (b"go.example/a", msgspec.json.encode(LINK).replace(b"spring", b"\xff")),
    ],
)
async def test_a_record_that_is_no_link_is_told_and_passed_over(
    client: FakeClient, key: bytes | None, value: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    table = table_on(client)
    table.add(key, value, 3, NOW_MS)
    put(table, LINK, 4)
    await table.flush()
    assert keys(client) == ["go.example/a"]
    assert "is no link" in caplog.text


@pytest.mark.parametrize("time_ms", [-(2**63), -1, 2**52, 2**63, 2**64 - 1])
async def test_times_that_no_column_holds_are_cut(client: FakeClient, time_ms: int) -> None:
    table = table_on(client)
    put(table, msgspec.structs.replace(LINK, expires_at_ms=time_ms, updated_at_ms=time_ms), 0)
    await table.flush()
    (row,) = client.rows
    assert {row["expires_at"].year, row["updated_at"].year} in ({1970}, {2200})


async def test_reading_goes_on_after_the_last_version_that_was_written(client: FakeClient) -> None:
    table = table_on(client)
    assert await table.load(0, 10) == 0
    put(table, LINK, 7)
    await table.flush()
    assert await table_on(client).load(0, 10) == 8
    assert await table_on(client).load(9, 10) == 9
    assert await table_on(client).load(0, 3) == 0
    assert await table_on(client, epoch=2).load(2, 10) == 2


async def test_records_that_were_taken_before_are_passed_over(client: FakeClient) -> None:
    table = table_on(client)
    for offset in (3, 3, 2, 4):
        put(table, LINK, offset)
    await table.flush()
    assert [row["version"] - (1 << EPOCH_SHIFT) for row in client.rows] == [3, 4]


async def test_rows_are_kept_until_they_are_written(client: FakeClient) -> None:
    table = table_on(client)
    put(table, LINK, 0)
    client.failures = 1
    with pytest.raises(TransientClickHouseError):
        await table.flush()
    await table.flush()
    await table.flush()
    assert keys(client) == ["go.example/a"]


async def test_links_that_come_while_two_flushes_run_are_not_lost(client: FakeClient) -> None:
    table = table_on(client)
    put(table, LINK, 0)
    client.answers.clear()
    flushes = [asyncio.create_task(table.flush()) for _ in range(2)]
    await turn()
    for offset in (1, 2, 3):
        put(table, LINK, offset)
    client.answers.set()
    await asyncio.gather(*flushes)
    await table.flush()
    assert {row["version"] - (1 << EPOCH_SHIFT) for row in client.rows} == {0, 1, 2, 3}


async def test_a_load_while_a_flush_runs_waits_for_it(client: FakeClient) -> None:
    table = table_on(client)
    put(table, LINK, 0)
    client.answers.clear()
    flush, load = asyncio.create_task(table.flush()), asyncio.create_task(table.load(0, 10))
    await turn()
    client.answers.set()
    await flush
    assert await load == 1
    put(table, LINK, 1)
    await table.flush()
    assert len(client.rows) == 2


async def test_many_rows_that_wait_are_enough(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.links._NO_MORE_THAN", 2)
    table = table_on(client)
    seen = []
    for offset in (0, 1):
        put(table, LINK, offset)
        seen.append(table.full)
    await table.flush()
    assert [*seen, table.full] == [False, True, False]
