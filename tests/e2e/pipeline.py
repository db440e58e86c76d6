"""The data plane, running: two serve processes, a relay, stream workers that come and go, Kafka and ClickHouse."""

import asyncio
import contextlib
import itertools
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka, spawn
from schemas.links import Link
from schemas.topics import LINKS, TOKENS
from tests.builders import BOT, BROWSER
from tests.integration.clickhouse_http import Http
from tests.integration.migrated import make_migrated
from tests.integration.serve_process import Client, Serve, get, post
from tests.integration.streams import Streams, wait_for
from tests.integration.topics_anew import make_anew
from tests.tokens import AS_WRITER, WRITER
from tests.unit.redirector.serve.webhooks.providers import SENDGRID_PUBLIC

SLUGS = ("launch", "spring", "ü")
HOST = "go.example"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One a module; each test finds its topics empty: a new database reads them from their beginning."""
    part = Kafka(tmp_path_factory.mktemp("e2e-kafka"))
    part.start()
    yield part
    part.stop()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    part = ClickHouse(tmp_path_factory.mktemp("e2e-clickhouse"))
    part.start()
    yield part
    part.stop()


@pytest.fixture
def pipeline(tmp_path: Path, broker: Kafka, engine: ClickHouse) -> Iterator["Pipeline"]:
    database = f"e2e_{uuid.uuid4().hex}"
    make_migrated(engine.url, database)
    asyncio.run(prepare(broker.bootstrap))
    with contextlib.ExitStack() as stack:
        streams = Streams(tmp_path, broker.bootstrap, Http(engine.url, database))
        stack.callback(streams.stop)
        relay = spawn(
            [sys.executable, "-m", "redirector", "relay"],
            env={
                "CLICKTALLY_RELAY_BOOTSTRAP_SERVERS": broker.bootstrap,
                "CLICKTALLY_RELAY_SPOOL_DIR": str(tmp_path / "spool"),
                "CLICKTALLY_RELAY_LINK_CACHE_DIR": str(tmp_path / "links"),
                "CLICKTALLY_RELAY_METRICS_PORT": "0",
            },
            log=tmp_path / "relay.log",
        )
        stack.callback(relay.wait, 60)
        stack.callback(relay.kill)
        tables = spawn(
            [sys.executable, "-m", "stream", "tables"],
            env={
                "CLICKTALLY_TABLES_BOOTSTRAP_SERVERS": broker.bootstrap,
                "CLICKTALLY_TABLES_CLICKHOUSE_URL": f"{engine.url}/{database}",
                "CLICKTALLY_TABLES_METRICS_PORT": "0",
            },
            log=tmp_path / "tables.log",
        )
        stack.callback(tables.wait, 60)
        stack.callback(tables.kill)
        port = free_port()
        serving = [
            stack.enter_context(
                Serve(tmp_path, port=port, sendgrid_public_key=SENDGRID_PUBLIC, trusted_proxies="127.0.0.0/8")
            )
            for _ in range(2)
        ]
        pipeline = Pipeline(port, serving, streams)
        # The kernel chooses the process: so many in a row have met both.
        wait_for(
            lambda: all(pipeline.say(get("/launch", method="HEAD")) == 302 for _ in range(30)),
            "the links are there",
        )
        yield pipeline


async def prepare(bootstrap: str) -> None:
    """Empty topics, then links and a token."""
    await make_anew(bootstrap, partitions=3)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for slug in SLUGS:
        link = Link(domain=HOST, slug=slug, destination="https://example.com/", campaign="spring")
        await producer.send_and_wait(LINKS, msgspec.json.encode(link), key=link.key.encode())
    await producer.send_and_wait(TOKENS, msgspec.json.encode(WRITER), key=WRITER.key.encode())
    await producer.stop()


@dataclass
class Pipeline:
    """Sends requests and keeps the books of what must be counted."""

    port: int
    serving: list[Serve]
    streams: Streams
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    people: Iterator[int] = field(default_factory=itertools.count)

    def somebody_else(self) -> str:
        """The header of a client that was not here before."""
        return f"X-Forwarded-For: {ip_address((10 << 24) + next(self.people))}"

    def say(self, *requests: bytes) -> int:
        """Send requests over one new connection, so that either process may get it; the last one's status."""
        status = 0
        with Client(self.port) as client:
            for request in requests:
                client.send(request)
                status = client.answer(request.split(b" ", 1)[0].decode()).status
        return status

    def visit(self, slug: str, column: str, *headers: str, times: int = 1) -> None:
        """GETs that must be counted in this column, each of somebody else."""
        path = f"/{slug}" if slug.isascii() else "/%C3%BC"
        for _ in range(times):
            assert self.say(get(path, self.somebody_else(), *headers)) == 302
        self.expected[f"{HOST}/{slug}", column] += times

    def traffic(self, times: int) -> None:
        """Some of everything."""
        human, bot = f"User-Agent: {BROWSER}", f"User-Agent: {BOT}"
        for slug in SLUGS:
            self.visit(slug, "clicks", human, times=times)
        self.visit("launch", "bot_clicks", bot, times=times)
        self.visit("launch", "prefetch_clicks", human, "Sec-Purpose: prefetch;prerender", times=times)
        self.visit("spring", "unknown_clicks", times=times)
        for _ in range(times):
            tap = get("/spring", self.somebody_else(), human)
            assert self.say(tap, tap) == 302
        self.expected[f"{HOST}/spring", "clicks"] += times
        self.expected[f"{HOST}/spring", "duplicate_clicks"] += times
        for _ in range(times):
            assert self.say(get("/launch", human, method="HEAD")) == 302
            assert self.say(get("/nothing", human)) == 404
            assert self.say(get("/i/spring.gif", human)) == 200
        self.expected[f"{HOST}/spring", "impressions_served"] += times
        shown = {"kind": "viewable", "link": f"{HOST}/launch"}
        body = msgspec.json.encode([shown | {"count": 4}, shown])
        # The same body with the same key, as a client does that got no answer.
        key = f"Idempotency-Key: {uuid.uuid4()}"
        for _ in range(2):
            status = self.say(post(body, "Content-Type: application/json", key, AS_WRITER))
            assert status in {200, 202}, status
        self.expected[f"{HOST}/launch", "impressions_viewable"] += 5

    def counted(self) -> Counter[tuple[str, str]]:
        """The same books, from the view."""
        columns = sorted(
            {column for _, column in self.expected}
            | {"duplicate_clicks", "impressions_rendered", "impressions_platform"}
        )
        rows = self.streams.http.rows(
            f"SELECT link, {', '.join(f'sum({column})' for column in columns)} FROM ctr_1m GROUP BY link"
        )
        counted = {
            (link, column): int(value)
            for link, *values in rows
            for column, value in zip(columns, values, strict=True)
        }
        return Counter({key: value for key, value in counted.items() if value})
