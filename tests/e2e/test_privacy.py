"""Known addresses go through every door; afterwards they stand nowhere."""

import asyncio
import contextlib
import sys
import time
import uuid
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka, spawn
from schemas.clickhouse.migrate import migrate
from schemas.links import Link
from schemas.topics import LINKS, TOKENS, ensure_topics, topics
from tests.builders import BOT, BROWSER
from tests.integration.clickhouse_http import Http
from tests.integration.serve_process import Client, Serve, get, post, spool_lines, wait_for
from tests.integration.streams import Streams
from tests.tokens import AS_WRITER, WRITER
from tests.unit.redirector.serve.webhooks.providers import SENDGRID_PUBLIC, as_sendgrid

ADDRESSES: Final = (ip_address("203.0.113.77"), ip_address("2001:db8:77:aa::5d"))
RECIPIENT: Final = "somebody.known@example.org"
TRACES: Final = {
    str(RECIPIENT): RECIPIENT.encode(),
    **{str(address): str(address).encode() for address in ADDRESSES},
    "2001:db8:77:aa::5d in full": ADDRESSES[1].exploded.encode(),
    "2001:db8:77:aa::5d as bytes": ADDRESSES[1].packed,
    "203.0.113.77 as a number": str(int(ADDRESSES[0])).encode(),
    "203.0.113.77 as IPv6": b"cb00:714d",
}
TOPICS: Final = topics(partitions=1)
MARK: Final = b"marker-of-this-test"
"""Stands in what is sent and kept: who does not find it looked in the wrong place."""


def requests_of(address: str) -> list[bytes]:
    """One request to each door that a client's address could go through."""
    said = (f"X-Forwarded-For: {address}", f"X-Real-IP: {address}", f"Forwarded: for={address}")
    human = (*said, f"User-Agent: {BROWSER} {MARK.decode()}")
    shown = msgspec.json.encode([{"kind": "viewable", "link": "go.example/launch"}])
    odd = msgspec.json.encode([{"kind": "nonsense", "link": "go.example/launch"}])
    return [
        get("/launch?utm_source=x&secret=1", *human),
        get("/launch", *human, "Referer: https://a.example/page?of=somebody"),
        get("/launch", *human, "DNT: 1"),
        get("/launch", *human, method="HEAD"),
        get("/launch", *said, f"User-Agent: {BOT}"),
        get("/nothing-of-that-name", *human),
        get("/i/launch.gif", *human),
        post(shown, *human),
        post(shown, *human, AS_WRITER),
        post(odd, *human, AS_WRITER),
        post(shown, *human, "Authorization: Bearer ct_wrong"),
        get("/launch", *human, "X-Long: " + "x" * 9000),
        get("/healthz", *human),
    ]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[Kafka, ClickHouse]]:
    """A broker and a database of this test alone: all of their files are looked at."""
    kafka, clickhouse = Kafka(tmp_path / "kafka"), ClickHouse(tmp_path / "clickhouse")
    kafka.start()
    clickhouse.start()
    yield kafka, clickhouse
    clickhouse.stop()
    kafka.stop()


async def prepare(bootstrap: str, url: str) -> None:
    """Topics, tables, a link, a token."""
    await ensure_topics(bootstrap, TOPICS)
    await migrate(url)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    link = Link(domain="go.example", slug="launch", destination="https://example.com/")
    await producer.send_and_wait(LINKS, msgspec.json.encode(link), key=link.key.encode())
    await producer.send_and_wait(TOKENS, msgspec.json.encode(WRITER), key=WRITER.key.encode())
    await producer.stop()


async def records(bootstrap: str) -> bytes:
    """Every record of every topic: key, value, headers, unpacked."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    said = []
    try:
        places = [TopicPartition(topic.name, at) for topic in TOPICS for at in range(topic.partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place, end in ends.items():
            while await consumer.position(place) < end:
                batches = await consumer.getmany(place, timeout_ms=1000)
                for record in batches.get(place, []):
                    headers = b"".join(name.encode() + value for name, value in record.headers)
                    said.append(b"\n".join([record.key or b"", record.value or b"", headers]))
    finally:
        await consumer.stop()
    return b"\n".join(said)


def tables(http: Http) -> bytes:
    """Every row of every table, unpacked."""
    names = http.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%Tree'")
    return b"".join(http(f"SELECT * FROM {name} FORMAT JSONEachRow").body for (name,) in names)


def traces_in(where: str, kept: bytes) -> list[str]:
    """What of the addresses stands there."""
    return [f"{name} in {where}" for name, trace in TRACES.items() if trace in kept]


def files_below(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all files that there are."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with contextlib.suppress(FileNotFoundError):
                yield str(path.relative_to(directory)), path.read_bytes()


def test_addresses_of_clients_stand_nowhere_afterwards(
    tmp_path: Path, parts: tuple[Kafka, ClickHouse], capfd: pytest.CaptureFixture[str]
) -> None:
    kafka, clickhouse = parts
    database = f"privacy_{uuid.uuid4().hex}"
    asyncio.run(prepare(kafka.bootstrap, f"{clickhouse.url}/{database}"))
    http = Http(clickhouse.url, database)
    with contextlib.ExitStack() as stack:
        relay_port = free_port()
        environment = {
            "CLICKTALLY_RELAY_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "CLICKTALLY_RELAY_SPOOL_DIR": str(tmp_path / "spool"),
            "CLICKTALLY_RELAY_LINK_CACHE_DIR": str(tmp_path / "links"),
            "CLICKTALLY_RELAY_METRICS_PORT": str(relay_port),
        }
        command = [sys.executable, "-m", "redirector", "relay"]
        relay = spawn(command, env=environment, log=tmp_path / "relay.log")
        stack.callback(relay.wait, 60)
        stack.callback(relay.kill)
        serve = stack.enter_context(
            Serve(
                tmp_path,
                sendgrid_public_key=SENDGRID_PUBLIC,
                trusted_proxies="127.0.0.0/8",
                log_level="DEBUG",
                opt_out_parameter="notrack",
            )
        )

        def answered(request: bytes) -> int:
            with Client(serve.port) as client:
                client.send(request)
                return client.answer(request.split(b" ", 1)[0].decode()).status

        wait_for(lambda: answered(get("/launch", method="HEAD")) == 302, 60)
        wait_for(lambda: answered(get("/until-all-links-are-read", method="HEAD")) == 404, 60)
        relay.kill()
        relay.wait(60)
        for address in ADDRESSES:
            statuses = [answered(request) for request in requests_of(str(address))]
            assert statuses == [302, 302, 302, 302, 302, 404, 200, 202, 202, 422, 401, 431, 200]
        events = [
            {
                "timestamp": int(time.time()),
                "event": "delivered",
                "sg_event_id": "1",
                "clicktally_link": "go.example/launch",
            }
            | {"email": RECIPIENT, "ip": str(ADDRESSES[0]), "useragent": BROWSER}
        ]
        body, signed = as_sendgrid(events, signed_ms=time.time_ns() // 1_000_000)
        headers = [f"{name}: {value}" for name, value in signed.items()]
        assert answered(post(body, *headers, path="/v1/webhooks/sendgrid")) == 200
        spool = b"".join(spool_lines(tmp_path / "spool"))
        assert MARK in spool
        traces = traces_in("the spool", spool)
        relay = spawn(command, env=environment, log=tmp_path / "relay.log")
        stack.callback(relay.wait, 60)
        stack.callback(relay.kill)
        streams = Streams(tmp_path, kafka.bootstrap, http)
        stack.callback(streams.stop)
        streams.start()
        gross = "SELECT sum(gross_clicks + gross_impressions) FROM totals_1d"
        wait_for(lambda: http.rows(gross) == [[str(2 * (4 + 1 + 2) + 1)]], 120)
        kept = asyncio.run(records(kafka.bootstrap))
        assert MARK in kept
        traces += traces_in("Kafka's records", kept)
        rows = tables(http)
        assert MARK in rows
        traces += traces_in("the tables", rows)
        for port in (serve.metrics_port, relay_port, *(worker.port for worker in streams.workers)):
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as metrics:
                traces += traces_in(f"the metrics at {port}", metrics.read())
    logged = capfd.readouterr().err
    assert "listening" in logged
    traces += traces_in("serve's log", logged.encode())
    for name, content in files_below(tmp_path):
        traces += traces_in(name, content)
    assert traces == []
