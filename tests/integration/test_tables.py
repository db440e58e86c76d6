"""The copier of tables as a process against the real Kafka and ClickHouse."""

import asyncio
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from urllib.request import urlopen

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka, spawn
from schemas.links import Link
from schemas.misses import Miss, MissedMinute
from schemas.topics import CLICKS, LINKS, MISSES
from tests.builders import click, ndjson
from tests.integration.clickhouse_http import Http
from tests.integration.migrated import make_migrated
from tests.integration.streams import Streams, wait_for
from tests.integration.topics_anew import make_anew

PARTITIONS = 4
LATEST = "SELECT link, campaign, deleted FROM links FINAL ORDER BY link"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A Kafka of our own: these tests make topics anew."""
    part = Kafka(tmp_path_factory.mktemp("tables-kafka"))
    part.start()
    yield part
    part.stop()


@dataclass
class World:
    place: Path
    bootstrap: str
    http: Http
    running: list[Popen[bytes]] = field(default_factory=list)

    def start(self, **settings: object) -> Popen[bytes]:
        given = {
            "bootstrap_servers": self.bootstrap,
            "clickhouse_url": f"{self.http.url}/{self.http.database}",
            "metrics_port": free_port(),
        } | settings
        env = {f"CLICKTALLY_TABLES_{name.upper()}": str(value) for name, value in given.items()}
        process = spawn([sys.executable, "-m", "stream", "tables"], env=env, log=self.place / "tables.log")
        self.running.append(process)
        return process

    def stop(self) -> None:
        while self.running:
            process = self.running.pop()
            process.terminate()
            assert process.wait(60) == 0, self.words()

    def words(self) -> str:
        return (self.place / "tables.log").read_text()

    async def put(self, *slugs: str, campaign: str = "spring") -> None:
        links = [
            Link(domain="a.example", slug=slug, destination="https://b.example/", campaign=campaign)
            for slug in slugs
        ]
        await self.publish(*((link.key.encode(), msgspec.json.encode(link)) for link in links))

    async def publish(self, *records: tuple[bytes, bytes | None]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for key, value in records:
                await producer.send_and_wait(LINKS, value, key=key)
        finally:
            await producer.stop()

    async def reaches(self, *rows: list[str]) -> None:
        await until(lambda: self.http.rows(LATEST) == list(rows), f"the table holds {rows}", self)

    async def miss(self, *minutes: bytes) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for value in minutes:
                await producer.send_and_wait(MISSES, value)
        finally:
            await producer.stop()


async def until(reached: Callable[[], bool], what: str, world: World) -> None:
    try:
        await asyncio.to_thread(wait_for, reached, what)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{world.http.rows(LATEST)}\n{world.words()[-3000:]}") from error


def is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
async def world(tmp_path: Path, broker: Kafka, clickhouse: ClickHouse) -> AsyncIterator[World]:
    database = f"tables_{uuid.uuid4().hex}"
    await make_anew(broker.bootstrap, LINKS, partitions=PARTITIONS)
    await asyncio.to_thread(make_migrated, clickhouse.url, database)
    made = World(tmp_path, broker.bootstrap, Http(clickhouse.url, database))
    yield made
    await asyncio.to_thread(made.stop)
    made.http(f"DROP DATABASE {database}")


async def test_changes_become_rows_over_kills_and_two_copiers_at_once(world: World) -> None:
    await world.put("a", "b")
    first = world.start()
    await world.reaches(["a.example/a", "spring", "false"], ["a.example/b", "spring", "false"])
    first.kill()
    first.wait(60)
    world.running.clear()
    await world.publish((b"a.example/b", None), (b"a.example/c", b"garbage"))
    await world.put("a", campaign="autumn")
    ports = [free_port(), free_port()]
    for port in ports:
        world.start(metrics_port=port)
    await world.reaches(["a.example/a", "autumn", "false"], ["a.example/b", "spring", "true"])
    await until(lambda: all(map(is_ready, ports)), "both follow", world)
    # Who came when the other had copied it already did not see it.
    said = world.words().count("is skipped")
    assert said in {1, 2}
    await world.publish((b"a.example/c", b"garbage"))
    await until(lambda: world.words().count("is skipped") == said + 2, "each of the two copiers says so", world)
    world.stop()
    assert "Traceback" not in world.words()


async def test_a_deleted_link_keeps_its_names_for_the_history(world: World) -> None:
    await world.put("a", "b", "c")
    copier = world.start()
    await world.reaches(*(["a.example/" + slug, "spring", "false"] for slug in "abc"))
    columns = "destination, status, tags, expires_at"
    before = world.http.rows(f"SELECT {columns} FROM links FINAL ORDER BY link")
    await world.publish((b"a.example/a", None), (b"a.example/b", None), (b"a.example/none", None))
    await world.put("c", campaign="autumn")
    await world.publish((b"a.example/c", None), (b"a.example/a", None))
    await world.reaches(
        ["a.example/a", "spring", "true"],
        ["a.example/b", "spring", "true"],
        ["a.example/c", "autumn", "true"],
        ["a.example/none", "", "true"],
    )
    assert world.http.rows(f"SELECT {columns} FROM links FINAL WHERE slug != 'none' ORDER BY link") == before
    assert copier.poll() is None


async def test_what_was_asked_for_in_vain_is_there_once_over_kills_and_a_deleted_link_is_told(world: World) -> None:
    await world.put("gone", "later")
    await world.publish((b"a.example/gone", None))
    copier = world.start()
    await world.reaches(["a.example/gone", "spring", "true"], ["a.example/later", "spring", "false"])
    minute = int(time.time()) // 60
    rows = [
        Miss(reason="unknown", requests=5, domain="a.example", slug="gone", referrer="page.example"),
        Miss(reason="unknown", requests=3, domain="a.example", slug="later"),
        Miss(reason="expired", requests=2, domain="a.example", slug="over"),
        Miss(reason="unknown", requests=90),
    ]
    one = msgspec.json.encode(MissedMinute(id="one", minute=minute, rows=rows))
    before = msgspec.json.encode(MissedMinute(id="two", minute=minute - 10, rows=rows[:1]))
    await world.miss(one, b"garbage", before)

    def counted() -> list[list[str]]:
        columns = "domain, slug, reason, referrer_host, sum(requests)"
        return world.http.rows(
            f"SELECT {columns} FROM unknown_slugs WHERE day >= today() - 1 GROUP BY ALL ORDER BY ALL"
        )

    expected = [
        ["", "", "unknown", "", "90"],
        ["a.example", "gone", "deleted", "page.example", "5"],
        ["a.example", "gone", "unknown", "page.example", "5"],  # asked for ten minutes before it was deleted
        ["a.example", "later", "unknown", "", "3"],
        ["a.example", "over", "expired", "", "2"],
    ]
    await until(lambda: counted() == expected, "all is counted", world)
    copier.kill()
    copier.wait(60)
    world.running.clear()
    world.start()
    again = msgspec.json.encode(MissedMinute(id="three", minute=minute, rows=rows[1:2]))
    await world.miss(one, before, again)
    expected[3][-1] = "6"
    await until(lambda: counted() == expected, "what came twice counts once", world)
    assert "topic misses is skipped" in world.words()


async def test_a_topic_made_anew_leaves_no_stale_link_and_keeps_their_names(world: World, broker: Kafka) -> None:
    await world.put("a", "b", "c")
    world.start()
    await world.reaches(*(["a.example/" + slug, "spring", "false"] for slug in "abc"))
    world.stop()
    await make_anew(broker.bootstrap, LINKS, partitions=PARTITIONS)
    await world.put("b", campaign="autumn")
    world.start()
    await world.reaches(
        ["a.example/a", "spring", "true"], ["a.example/b", "autumn", "false"], ["a.example/c", "spring", "true"]
    )
    await world.put("a", campaign="winter")
    await until(lambda: ["a.example/a", "winter", "false"] in world.http.rows(LATEST), "it comes back", world)
    world.stop()
    port = free_port()
    world.start(links_epoch=2, metrics_port=port)
    await until(lambda: is_ready(port), "the table is in step", world)
    world.stop()
    assert world.words().count("is read anew") == 1, "the order was carried out already"


async def test_a_table_that_went_back_is_filled_from_where_it_is(world: World) -> None:
    await world.put("a")
    world.start()
    await world.reaches(["a.example/a", "spring", "false"])
    world.http("CREATE TABLE before AS links")
    world.http("INSERT INTO before SELECT * FROM links")
    await world.put("b")
    await world.reaches(["a.example/a", "spring", "false"], ["a.example/b", "spring", "false"])
    assert world.http("EXCHANGE TABLES links AND before").status == 200
    await world.reaches(["a.example/a", "spring", "false"], ["a.example/b", "spring", "false"])


async def test_clicks_go_on_without_a_table_of_links(world: World) -> None:
    assert world.http("DROP TABLE links").status == 200
    copier = world.start()
    assert await asyncio.to_thread(copier.wait, 60) == 1
    world.running.clear()
    assert "UNKNOWN_TABLE" in world.words()
    assert "Traceback" not in world.words()
    streams = Streams(world.place, world.bootstrap, world.http)
    try:
        streams.start()
        producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap)
        await producer.start()
        try:
            now = click("a.example/a", time_ms=time.time_ns() // 1_000_000)
            await producer.send_and_wait(CLICKS, ndjson([now] * 3), partition=0)
            await producer.send_and_wait(LINKS, b"garbage", key=b"a.example/a")
            await producer.send_and_wait(CLICKS, ndjson([now] * 4), partition=0)
        finally:
            await producer.stop()
        await until(lambda: streams.accounted(CLICKS) == 7, "clicks are counted", world)
    finally:
        await asyncio.to_thread(streams.stop)
