"""From a GET to a CTR row: two serve processes, a relay, stream workers that come and go, Kafka and ClickHouse."""

import asyncio
import contextlib
import itertools
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.processes import ClickHouse, Kafka, spawn
from schemas.clickhouse.migrate import migrate
from schemas.events import IMPRESSION_KINDS, IMPRESSION_SOURCES
from schemas.links import Link
from schemas.topics import LINKS, TOKENS, ensure_topics, topics
from tests.builders import BOT, BROWSER
from tests.integration.clickhouse_http import Http
from tests.integration.serve_process import Client, Serve, free_port, get, post
from tests.integration.streams import Streams, wait_for
from tests.tokens import AS_WRITER, WRITER
from tests.unit.redirector.serve.webhooks.providers import SENDGRID_PUBLIC, as_sendgrid

SLUGS = ("launch", "spring", "ü")
HOST = "go.example"


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One a test: the topics have fixed names, and a new database reads them from their beginning."""
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
    asyncio.run(prepare(broker.bootstrap, f"{engine.url}/{database}"))
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


async def prepare(bootstrap: str, url: str) -> None:
    """Topics, tables, links, a token."""
    await ensure_topics(bootstrap, topics(partitions=3))
    await migrate(url)
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


def test_every_click_and_impression_is_counted_once_in_its_own_column(pipeline: Pipeline) -> None:
    streams = pipeline.streams
    first, second = streams.start(), streams.start()
    pipeline.traffic(8)
    wait_for(lambda: first.ready and second.ready, "the workers are ready", streams.workers)
    pipeline.traffic(8)
    assert first.terminate() == 0
    third = streams.start()
    pipeline.traffic(8)
    wait_for(lambda: third.ready, "the third worker is ready", streams.workers)
    second.send(signal.SIGKILL)
    pipeline.traffic(8)
    wait_for(lambda: pipeline.counted() == pipeline.expected, "the books agree", streams.workers)
    streams.assert_chain_unbroken()
    served = [serve.scrape() for serve in pipeline.serving]
    assert all(one["events_appended_total"] for one in served), "both processes had requests"
    rows = streams.http.rows(
        "SELECT link, impression_kind, sum(clicks) / sum(impressions) FROM ctr_1d WHERE impressions > 0"
        " GROUP BY link, impression_kind ORDER BY link"
    )
    assert rows == [[f"{HOST}/launch", "viewable", "1.6"], [f"{HOST}/spring", "served", "2"]]
    gross = streams.number("SELECT sum(gross_clicks) FROM ctr_1d")
    assert gross == sum(count for (_, column), count in pipeline.expected.items() if column.endswith("clicks"))
    assert streams.http.rows("SELECT link, campaign FROM links FINAL ORDER BY link") == [
        [f"{HOST}/{slug}", "spring"] for slug in sorted(SLUGS)
    ]


def test_a_head_a_preview_a_prefetch_and_a_double_tap_are_one_human_click(pipeline: Pipeline) -> None:
    streams = pipeline.streams
    first = streams.start()
    wait_for(lambda: first.ready, "the worker is ready", streams.workers)
    me, human = pipeline.somebody_else(), f"User-Agent: {BROWSER}"
    preview = "User-Agent: facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
    tap = get("/launch", me, human)
    for request in (
        get("/launch", me, human, method="HEAD"),
        get("/launch", me, preview),
        get("/launch", me, human, "Sec-Purpose: prefetch"),
        tap,
    ):
        assert pipeline.say(request) == 302
    launch = f"{HOST}/launch"
    pipeline.expected.update({(launch, name): 1 for name in ("clicks", "bot_clicks", "prefetch_clicks")})
    wait_for(lambda: pipeline.counted() == pipeline.expected, "one click", streams.workers)
    # Who takes over remembers the click.
    first.send(signal.SIGKILL)
    second = streams.start()
    assert pipeline.say(tap) == 302
    pipeline.expected[launch, "duplicate_clicks"] = 1
    wait_for(lambda: pipeline.counted() == pipeline.expected, "the double tap", [second])
    assert streams.http.rows("SELECT class, reason FROM events WHERE link = 'go.example/launch' ORDER BY ALL") == [
        ["bot", "user_agent"],
        ["duplicate", "double_click"],
        ["human", ""],
        ["prefetch", "purpose"],
    ]
    streams.assert_chain_unbroken()


def test_what_platforms_and_mail_providers_tell_is_counted_once_however_often_they_do(pipeline: Pipeline) -> None:
    streams = pipeline.streams
    worker = streams.start()
    wait_for(lambda: worker.ready, "the worker is ready", streams.workers)
    now_ms = int(time.time() * 1000)

    def read(total: int, ago_ms: int) -> None:
        url = {"expanded_url": f"https://{HOST}/launch?utm_source=x"}
        post_on_x = {"id": "19", "public_metrics": {"impression_count": total}, "entities": {"urls": [url]}}
        path = f"/v1/snapshots/x?observed_at={now_ms - ago_ms}"
        assert pipeline.say(post(msgspec.json.encode({"data": [post_on_x]}), AS_WRITER, path=path)) == 202

    for total, ago_ms in ((100, 50_000), (130, 30_000), (100, 50_000), (120, 10_000), (130, 30_000), (90, 60_000)):
        read(total, ago_ms)
    sent = {"timestamp": now_ms // 1000, "clicktally_link": f"{HOST}/spring", "email": "a@example.org"}
    events = [
        *({**sent, "event": "delivered", "sg_event_id": f"delivered-{number}"} for number in range(5)),
        {**sent, "event": "open", "sg_event_id": "open", "useragent": BROWSER},
        {**sent, "event": "open", "sg_event_id": "machine", "sg_machine_open": True},
    ]
    body, signed = as_sendgrid(events, signed_ms=now_ms)
    for _ in range(3):
        headers = [f"{name}: {value}" for name, value in signed.items()]
        assert pipeline.say(post(body, *headers, path="/v1/webhooks/sendgrid")) == 200
    pipeline.expected[f"{HOST}/launch", "impressions_platform"] = 120
    pipeline.expected[f"{HOST}/spring", "impressions_platform"] = 5
    pipeline.expected[f"{HOST}/spring", "impressions_rendered"] = 1
    pipeline.expected[f"{HOST}/spring", "impressions_unverified"] = 1
    wait_for(lambda: pipeline.counted() == pipeline.expected, "the books agree", streams.workers)
    streams.assert_chain_unbroken()
    assert streams.number("SELECT count() FROM events WHERE ua LIKE '%example.org%'") == 0


def test_no_request_without_a_token_changes_a_past_window(pipeline: Pipeline) -> None:
    """With the best kind ever seen, one beacon of today turned the CTR of every past day to NULL."""
    streams = pipeline.streams
    worker = streams.start()
    wait_for(lambda: worker.ready, "the worker is ready", streams.workers)
    shown = {"kind": "served", "link": f"{HOST}/launch", "count": 1000}
    began_s = int(time.time())
    past = [shown | {"time_ms": began_s * 1000 - hours * 3_600_000} for hours in (1, 25, 24 * 60)]
    assert pipeline.say(post(msgspec.json.encode(past), AS_WRITER)) == 202
    everything = " UNION ALL ".join(
        f"SELECT '{view}', * FROM {view} WHERE window_start <= toDateTime({began_s}) - INTERVAL 1 {length}"
        for view, length in (("ctr_1m", "MINUTE"), ("ctr_1h", "HOUR"), ("ctr_1d", "DAY"))
    )
    query = f"SELECT * FROM ({everything}) WHERE link = '{HOST}/launch' ORDER BY ALL"
    wait_for(lambda: streams.number("SELECT sum(impressions) FROM ctr_1m") == 3000, "the past", streams.workers)
    before = streams.http.rows(query)
    assert len(before) >= 7
    human = f"User-Agent: {BROWSER}"
    lies: list[dict[str, object]] = []
    for kind in IMPRESSION_KINDS:
        lies += [{**shown, "kind": kind, "count": 1, "time_ms": item["time_ms"]} for item in past]
        lies += [{**shown, "kind": kind, "count": 1_000_000}]
        lies += [{**shown, "kind": kind, "source": source, "count": 1} for source in IMPRESSION_SOURCES]
    beacon_lies = [lie for lie in lies if lie["kind"] in {"rendered", "viewable"} and lie.get("source") == "beacon"]
    for lie in lies:
        body = msgspec.json.encode(lie)
        queried = f"/v1/impressions?source={lie.get('source', 'beacon')}"
        assert pipeline.say(post(body, human), post(body, human, path=queried)) == (
            202 if lie in beacon_lies else 422
        )
        assert pipeline.say(post(body, human, "Idempotency-Key: 1")) == 401
    assert pipeline.say(get("/i/launch.gif", human)) == 200
    counted = "SELECT sum(impressions_rendered + impressions_viewable) FROM ctr_1m"
    wait_for(lambda: streams.number(counted) == 2 * len(beacon_lies), "the displays are counted", streams.workers)
    assert streams.http.rows(query) == before
