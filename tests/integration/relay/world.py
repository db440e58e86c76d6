"""A spool, its writer, relays on it, and what of it came to Kafka."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from deploy.local.processes import Kafka, spawn
from redirector.spool.writer import SpoolWriter
from schemas.events import Click, Event, Impression
from schemas.topics import DEAD_LETTERS, EVENT_TOPICS
from tests.integration.topics_anew import delete_topics
from tests.looking import pause_s
from tests.unit.redirector.relay.outlets import Record

WITHIN_S = 120.0
"""Of a machine that others use too; seconds when it is idle."""
PATIENT_MS = 60_000
"""A Kafka that is only busy is not left: what it is sent again would be in its log twice."""
HASTY_MS = 2000
"""For a Kafka that does not answer."""
PARTITIONS = 3
RELAY = [sys.executable, "-m", "redirector", "relay"]


@dataclass
class World:
    """A spool directory, its writer, and relays on it."""

    place: Path
    broker: Kafka
    port: int = field(default_factory=free_port)
    sent: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writer = self.new_writer()
        self.links_dir = self.place / "links"

    def new_writer(self) -> SpoolWriter:
        return SpoolWriter.open(self.place / "spool", segment_bytes=20_000, cap_bytes=1 << 30, fsync="never")

    def write(self, count: int) -> None:
        for number in range(count):
            seq = self.writer.take_seq()
            link = f"go.example/{number % 17}"
            event: Event = (
                Click(time_ms=int(time.time() * 1000), link=link, seq=seq)
                if number % 3
                else Impression(time_ms=1, link=link, source="pixel", kind="served", seq=seq)
            )
            self.writer.append(msgspec.json.encode(event) + b"\n")
            self.sent.append(event)

    @contextmanager
    def relay(
        self, command: list[str] | None = None, *, request_timeout_ms: int = PATIENT_MS
    ) -> Iterator[Popen[bytes]]:
        env = {
            "CLICKTALLY_RELAY_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "CLICKTALLY_RELAY_SPOOL_DIR": str(self.place / "spool"),
            "CLICKTALLY_RELAY_LINK_CACHE_DIR": str(self.links_dir),
            "CLICKTALLY_RELAY_METRICS_PORT": str(self.port),
            "CLICKTALLY_RELAY_REQUEST_TIMEOUT_MS": str(request_timeout_ms),
            "CLICKTALLY_RELAY_RETRY_MAX_MS": "300",
        }
        process = spawn(command or RELAY, env=env, log=self.place / "relay.log")
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(WITHIN_S)

    def words(self) -> str:
        return (self.place / "relay.log").read_text()

    def metric(self, name: str, **labels: str) -> float | None:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except (URLError, OSError):
            return None
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == f"clicktally_relay_{name}" and sample.labels == labels:
                    return float(sample.value)
        return None

    def arrived(self, spool_id: str) -> list[Record]:
        return asyncio.run(read_log(self.broker.bootstrap, spool_id))


def wait_for(reached: Callable[[], bool], what: str) -> None:
    """Ask again until it is so."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < WITHIN_S, f"not within {WITHIN_S} s: {what}"
        time.sleep(pause_s(began))


async def read_log(bootstrap: str, spool_id: str) -> list[Record]:
    """Every record of the event topics that names the spool, and the dead letters that do."""
    return [
        record for record in await read_all(bootstrap) if dict(record.headers).get("spool") == spool_id.encode()
    ]


async def read_all(bootstrap: str) -> list[Record]:
    """Every record of the event topics, and the dead letters."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    all_records: list[Record] = []
    try:
        places = [TopicPartition(topic, number) for topic in EVENT_TOPICS for number in range(PARTITIONS)]
        places.append(TopicPartition(DEAD_LETTERS, 0))
        ends = await consumer.end_offsets(places)
        for place in places:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            while await consumer.position(place) < ends[place]:
                for records in (await consumer.getmany(place, timeout_ms=200)).values():
                    all_records += [
                        Record(one.topic, one.partition, one.value, list(one.headers)) for one in records
                    ]
    finally:
        await consumer.stop()
    return all_records


def assert_each_once(events: list[Event], sent: list[Event]) -> None:
    """Whatever was sent twice counts once."""
    assert sorted(events, key=lambda event: event.seq) == sent


def line_count(log: list[Record]) -> int:
    """Events in records, copies and all."""
    return sum(record.value.count(b"\n") for record in log)


def delete_topic(broker: Kafka, topic: str) -> None:
    """Until it is gone everywhere."""
    asyncio.run(delete_topics(broker.bootstrap, [topic]))
