"""Posts without a link, in the real ClickHouse; the matcher beside the real stream: counted once, and in time."""

import asyncio
import csv
import io
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from console.link_topic import LinkTopic
from deploy.local.ports import free_port
from deploy.local.processes import Kafka, spawn
from schemas.clickhouse import unmatched as unmatched_totals
from schemas.clickhouse.client import connect
from schemas.clickhouse.unmatched import Unmatched, links_for, unmatched_pages
from schemas.links import Link
from schemas.snapshots import Snapshot
from stream.tables.matcher import matched
from tests.integration.clickhouse_http import Http
from tests.integration.shared_topics import ensure_shared_topics
from tests.integration.streams import Streams, wait_for

TOTAL = Snapshot(
    observed_ms=1_795_000_000_001,
    platform="x",
    post="1900000000000000001",
    series="impression_count@v2",
    total=2**40,
    published_ms=1_794_000_000_001,
    source="api",
    account="acme",
    profile="p",
    permalink="https://x.com/i/status/1900000000000000001",
    other_ids=("a", "b"),
    urls=("https://go.example/a?x=1",),
    side={"reach": 5, "clicks": -3},
    is_retired=True,
    provisional=True,
)


def changed(**fields: object) -> Snapshot:
    return msgspec.structs.replace(TOTAL, **fields)


@pytest.fixture
async def client(migrated: Http) -> AsyncIterator[AsyncClient]:
    made = await connect(f"{migrated.url}/{migrated.database}")
    yield made
    await made.close()


async def store(client: AsyncClient, *snapshots: Snapshot) -> None:
    await client.insert_arrow(
        "snapshots", pa.Table.from_pylist([stored(one) for one in snapshots], schema=pa.schema(COLUMNS))
    )


_MS = pa.timestamp("ms", tz="UTC")
COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("link", "platform", "post", "series"), pa.string()),
    **dict.fromkeys(("start_at", "end_at", "observed_at", "published_at"), _MS),
    "total": pa.uint64(),
    **dict.fromkeys(("source", "account", "profile", "permalink"), pa.string()),
    **dict.fromkeys(("other_ids", "urls"), pa.list_(pa.string())),
    "side": pa.map_(pa.string(), pa.int64()),
    **dict.fromkeys(("is_retired", "provisional"), pa.bool_()),
    "received_at": _MS,
}


def stored(snapshot: Snapshot) -> dict[str, Any]:
    """As the stream stores it."""
    row = {name: getattr(snapshot, name.replace("_at", "_ms"), None) for name in COLUMNS}
    return row | {"side": sorted(snapshot.side.items()), "received_at": datetime.now(UTC)}


async def all_unmatched(client: AsyncClient) -> list[Unmatched]:
    return [one async for page in unmatched_pages(client) for one in page]


async def link(
    client: AsyncClient, name: str, *, account: str = "", post_id: str = "", deleted: bool = False
) -> None:
    domain, _, slug = name.partition("/")
    await client.command(
        "INSERT INTO links (link, domain, slug, account, post_id, deleted, version) VALUES"
        " (%(link)s, %(domain)s, %(slug)s, %(account)s, %(post_id)s, %(deleted)s, 1)",
        parameters={
            "link": name,
            "domain": domain,
            "slug": slug,
            "account": account,
            "post_id": post_id,
            "deleted": int(deleted),
        },
    )


async def test_a_total_comes_back_as_it_was_sent(client: AsyncClient) -> None:
    await store(client, TOTAL, changed(start_ms=1_795_000_000_000, end_ms=1_795_000_060_000))
    unmatched = await all_unmatched(client)
    assert [one.snapshot for one in unmatched] == [
        TOTAL,
        changed(start_ms=1_795_000_000_000, end_ms=1_795_000_060_000),
    ]
    assert {one.before for one in unmatched} == {""}


async def test_the_newest_counts_and_is_matched_by_one_as_new(client: AsyncClient) -> None:
    older, newer = changed(total=5), changed(total=4, observed_ms=TOTAL.observed_ms + 1)
    await store(client, newer, older)
    assert [one.snapshot for one in await all_unmatched(client)] == [newer]
    await store(client, msgspec.structs.replace(older, link="go.example/a"))
    assert [(one.snapshot, one.before) for one in await all_unmatched(client)] == [(newer, "go.example/a")]
    await store(client, msgspec.structs.replace(newer, link="go.example/a"))
    assert await all_unmatched(client) == []


async def test_pages_miss_and_repeat_nothing(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    totals = [
        changed(post=f"{number:02d}'\\é", start_ms=start, end_ms=start and start + 1000)
        for number in range(3)
        for start in (0, 1000, 2000)
    ]
    await store(client, *totals)
    whole = await all_unmatched(client)
    page = unmatched_totals._PAGE.replace(f"LIMIT {unmatched_totals.PAGE_ROWS}", "LIMIT 2")
    monkeypatch.setattr(unmatched_totals, "_PAGE", page)
    monkeypatch.setattr(unmatched_totals, "PAGE_ROWS", 2)
    assert await all_unmatched(client) == whole
    assert [one.snapshot for one in whole] == totals


async def test_links_tell_by_address_and_by_post_within_their_account(client: AsyncClient) -> None:
    by_url, by_post, of_others, unknown = (
        changed(),
        changed(post="1900000000000000002", urls=()),
        changed(post="1900000000000000003", urls=("https://go.example/b",)),
        changed(post="1900000000000000004", urls=("https://go.example/gone",)),
    )
    await store(client, by_url, by_post, of_others, unknown)
    await link(client, "go.example/a", account="acme")
    await link(client, "go.example/b", account="beta")
    await link(client, "go.example/c", account="acme", post_id="https://twitter.com/a/status/1900000000000000002")
    await link(client, "go.example/gone", account="acme", deleted=True)
    totals = await all_unmatched(client)
    linked = matched(totals, await links_for(client, totals))
    assert {one.post[-1]: one.link for one in linked} == {"1": "go.example/a", "2": "go.example/c"}


class Parts:
    """The stream, matchers beside copiers of links, and the console, on one database."""

    def __init__(self, place: Path, kafka: Kafka, http: Http) -> None:
        self.streams = Streams(place, kafka.bootstrap, http)
        self._place, self._kafka, self._http = place, kafka, http
        self._tables: list[Popen[bytes]] = []

    def start_tables(self) -> Popen[bytes]:
        env = {
            "CLICKTALLY_TABLES_BOOTSTRAP_SERVERS": self._kafka.bootstrap,
            "CLICKTALLY_TABLES_CLICKHOUSE_URL": f"{self._http.url}/{self._http.database}",
            "CLICKTALLY_TABLES_METRICS_PORT": str(free_port()),
            "CLICKTALLY_TABLES_MATCH_EVERY_S": "0.2",
        }
        log = self._place / f"tables-{len(self._tables)}.log"
        self._tables.append(spawn([sys.executable, "-m", "stream", "tables"], env=env, log=log))
        return self._tables[-1]

    def stop(self) -> None:
        self.streams.stop()
        for process in self._tables:
            process.kill()
            process.wait(60)

    async def console(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "COLUMNS": "200",
            "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": self._kafka.bootstrap,
            "CLICKTALLY_CONSOLE_CLICKHOUSE_URL": f"{self._http.url}/{self._http.database}",
        }
        command = [sys.executable, "-m", "console", "impressions", *arguments]
        return await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False
        )

    def counted(self, domain: str) -> dict[str, int]:
        rows = self._http.rows(
            f"SELECT link, sum(impressions) FROM ctr_1m WHERE startsWith(link, '{domain}') GROUP BY link"
        )
        return {link.rpartition("/")[2]: int(count) for link, count in rows}

    def known(self, mark: str, at_least: int) -> bool:
        return self.streams.number(f"SELECT count() FROM snapshots WHERE startsWith(post, '{mark}')") >= at_least


@pytest.fixture
async def parts(tmp_path: Path, kafka: Kafka, migrated: Http) -> AsyncIterator[Parts]:
    await ensure_shared_topics(kafka)
    made = Parts(tmp_path, kafka, migrated)
    yield made
    made.stop()


async def test_posts_count_once_as_soon_as_their_links_exist_whatever_is_killed(
    parts: Parts, kafka: Kafka, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex
    domain = f"{mark}.example"

    async def put(slug: str, **fields: str) -> None:
        async with LinkTopic(kafka.bootstrap) as topic:
            link_of_post = Link(domain=domain, slug=slug, destination="https://example.com", channel="bluesky")
            await topic.put(msgspec.structs.replace(link_of_post, **fields))
            await topic.flush()

    async def imported(*totals: int) -> None:
        file = tmp_path / "rows.csv"
        rows = [f"bluesky,{mark}-{number},{total},see {domain}/c" for number, total in enumerate(totals[:2])]
        rows[1] = rows[1].replace(f"see {domain}/c", "")
        rows += [f"bluesky,{mark}-2,{totals[2]},", f"bluesky,{mark}-3,{totals[3]},"]
        file.write_text("platform,post,total,urls\n" + "\n".join(rows) + "\n")
        done = await parts.console("import", str(file))
        assert done.returncode == 0, done.stderr

    parts.streams.start()
    first = parts.start_tables()
    await imported(10, 20, 30, 40)
    wait_for(lambda: parts.known(mark, 4), "all snapshots are stored", parts.streams.workers)
    assert parts.counted(domain) == {}
    listed = await parts.console("unmatched", "--csv", "-")
    assert {row["post"] for row in csv.DictReader(io.StringIO(listed.stdout)) if row["post"].startswith(mark)} == {
        f"{mark}-{number}" for number in range(4)
    }

    await put("c")
    await put("d", post_id=f"{mark}-1")
    wait_for(lambda: parts.counted(domain) == {"c": 10, "d": 20}, "the matcher found them", parts.streams.workers)
    first.kill()
    parts.start_tables()
    parts.start_tables()
    await put("e", post_id=f"{mark}-2")
    wait_for(lambda: parts.counted(domain).get("e") == 30, "another matcher goes on", parts.streams.workers)

    mapping = tmp_path / "map.csv"
    mapping.write_text(f"post,link\n{mark}-3,{domain}/f\n")
    await put("f")
    matched = await parts.console("match", "--map", str(mapping))
    assert (matched.returncode, matched.stdout) == (0, "1 totals matched\n"), matched.stderr
    wait_for(lambda: parts.counted(domain).get("f") == 40, "the mapping is heard", parts.streams.workers)

    await imported(11, 18, 30, 41)
    wait_for(
        lambda: parts.counted(domain) == {"c": 11, "d": 18, "e": 30, "f": 41},
        "a newer file corrects, the last post by the link that it had",
        parts.streams.workers,
    )
    again = await parts.console("unmatched", "--csv", "-")
    assert mark not in again.stdout
