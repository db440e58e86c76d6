"""The relay as a process of its own against the real Kafka: killed, cut off, restarted; each event arrives once."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.processes import Kafka, free_port, spawn
from redirector.cache.reader import HostCache
from redirector.spool.writer import SpoolWriter
from schemas.batches import read_headers
from schemas.events import Click, Event, Impression
from schemas.links import Link
from schemas.spool import segment_path, spools
from schemas.topics import DEAD_LETTERS, EVENT_TOPICS, IMPRESSIONS, LINKS, ensure_topics, topics
from tests.unit.redirector.relay.outlets import Record, trim

WITHIN_S = 60.0
PARTITIONS = 3
RELAY = [sys.executable, "-m", "redirector", "relay"]
KILLED_BEFORE_ITS_CHECKPOINT = """
import os, signal
from redirector.relay import shipper

keep = shipper.write_checkpoint

def die(spool, checkpoint):
    if checkpoint.offset:
        os.kill(os.getpid(), signal.SIGKILL)
    keep(spool, checkpoint)

shipper.write_checkpoint = die

from redirector.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A Kafka of our own: these tests stop it and make topics anew."""
    part = Kafka(tmp_path_factory.mktemp("relay-kafka"))
    part.start()
    asyncio.run(ensure_topics(part.bootstrap, topics(partitions=PARTITIONS)))
    yield part
    part.stop()


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
    def relay(self, command: list[str] | None = None) -> Iterator[Popen[bytes]]:
        env = {
            "CLICKTALLY_RELAY_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "CLICKTALLY_RELAY_SPOOL_DIR": str(self.place / "spool"),
            "CLICKTALLY_RELAY_LINK_CACHE_DIR": str(self.links_dir),
            "CLICKTALLY_RELAY_METRICS_PORT": str(self.port),
            "CLICKTALLY_RELAY_REQUEST_TIMEOUT_MS": "2000",
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


@pytest.fixture
def world(tmp_path: Path, broker: Kafka) -> World:
    return World(tmp_path, broker)


def wait_for(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not reached():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        time.sleep(0.02)


async def read_log(bootstrap: str, spool_id: str) -> list[Record]:
    """Every record of the event topics that names the spool, and the dead letters that do."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    found = []
    try:
        places = [TopicPartition(topic, number) for topic in EVENT_TOPICS for number in range(PARTITIONS)]
        places.append(TopicPartition(DEAD_LETTERS, 0))
        ends = await consumer.end_offsets(places)
        for place in places:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            while await consumer.position(place) < ends[place]:
                for records in (await consumer.getmany(place, timeout_ms=200)).values():
                    found += [Record(one.topic, one.partition, one.value, list(one.headers)) for one in records]
    finally:
        await consumer.stop()
    return [record for record in found if dict(record.headers).get("spool") == spool_id.encode()]


def assert_each_once(events: list[Event], sent: list[Event]) -> None:
    assert sorted(events, key=lambda event: event.seq) == sent


def line_count(log: list[Record]) -> int:
    return sum(record.value.count(b"\n") for record in log)


def test_events_arrive_while_their_spool_grows_and_a_drained_spool_is_removed(world: World) -> None:
    with world.relay():
        world.write(500)
        wait_for(lambda: world.metric("lines_read_total") == 500, "all lines are read")
        wait_for(lambda: world.metric("events_in_flight") == 0, "all lines are acknowledged")
        world.write(3)
        world.writer.append(b"garbage\n")
        world.writer.close()
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
        acknowledged = [world.metric("events_acknowledged_total", topic=topic) for topic in EVENT_TOPICS]
        assert sum(value or 0 for value in acknowledged) == 503
        assert world.metric("dead_letters_total", reason="not_json") == 1
    log = world.arrived(world.writer.spool_id)
    assert_each_once(trim(log), world.sent)
    assert [record.value for record in log if record.topic == DEAD_LETTERS] == [b"garbage"]
    assert line_count(log) == 503


def test_a_relay_killed_after_sending_and_before_its_checkpoint_loses_and_doubles_nothing(world: World) -> None:
    world.write(800)
    for _ in range(2):
        with world.relay([sys.executable, "-c", KILLED_BEFORE_ITS_CHECKPOINT, "relay"]) as relay:
            assert relay.wait(WITHIN_S) == -9
        world.write(100)
    world.writer.close()
    with world.relay():
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
    log = world.arrived(world.writer.spool_id)
    assert line_count(log) > len(world.sent)
    assert_each_once(trim(log), world.sent)


def test_a_relay_killed_again_and_again_under_load_loses_and_doubles_nothing(world: World) -> None:
    for number in range(5):
        with world.relay() as relay:
            target = number * 10
            wait_for(lambda: world.metric("lines_read_total") is not None, "the relay answers")
            for _ in range(30):
                world.write(40)
                if (world.metric("batches_total", topic="clicks") or 0) > target:
                    break
            relay.kill()
            relay.wait(WITHIN_S)
    world.writer.close()
    with world.relay():
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
    assert_each_once(trim(world.arrived(world.writer.spool_id)), world.sent)


def test_while_kafka_is_down_the_spool_grows_and_afterwards_everything_arrives(world: World) -> None:
    with world.relay():
        world.write(100)
        wait_for(lambda: world.metric("events_acknowledged_total", topic="clicks") == 66, "a first round")
        world.broker.kill()
        try:
            world.write(300)
            wait_for(lambda: world.metric("kafka_up") == 0, "the relay notices")
            wait_for(lambda: (world.metric("spool_waiting_bytes") or 0) > 0, "bytes wait")
        finally:
            world.broker.start()
        world.write(50)
        world.writer.close()
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
        assert (world.metric("events_in_flight"), world.metric("kafka_up")) == (0, 1)
    assert_each_once(trim(world.arrived(world.writer.spool_id)), world.sent)
    assert world.words().count("does not answer") == 1


def test_a_relay_started_before_kafka_ships_once_it_is_there(world: World) -> None:
    world.write(20)
    world.writer.close()
    world.broker.kill()
    with world.relay():
        try:
            wait_for(lambda: (world.metric("send_errors_total") or 0) > 1, "the relay tries")
        finally:
            world.broker.start()
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
    assert_each_once(trim(world.arrived(world.writer.spool_id)), world.sent)


def test_a_kafka_that_stalls_gets_the_same_batches_again_and_each_event_counts_once(world: World) -> None:
    with world.relay():
        world.write(100)
        wait_for(lambda: world.metric("events_acknowledged_total", topic="clicks") == 66, "a first round")
        world.broker.send_signal(signal.SIGSTOP)
        try:
            world.write(200)
            wait_for(lambda: (world.metric("send_errors_total") or 0) > 0, "a send takes too long")
        finally:
            world.broker.send_signal(signal.SIGCONT)
        world.writer.close()
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
    assert_each_once(trim(world.arrived(world.writer.spool_id)), world.sent)


def test_a_relay_that_was_stopped_for_a_while_goes_on(world: World) -> None:
    with world.relay() as relay:
        world.write(100)
        wait_for(lambda: world.metric("events_acknowledged_total", topic="clicks") == 66, "a first round")
        relay.send_signal(signal.SIGSTOP)
        try:
            world.write(200)
            world.broker.restart()
        finally:
            relay.send_signal(signal.SIGCONT)
        world.writer.close()
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
    assert_each_once(trim(world.arrived(world.writer.spool_id)), world.sent)


def test_links_are_followed_again_after_kafka_was_away(world: World) -> None:
    link = Link(domain="go.example", slug="away", destination="https://b.example/")
    cache = HostCache.open(world.links_dir)
    with world.relay():
        wait_for(cache.links.ready, "the cache is ready")
        world.broker.restart()
        publish(world.broker, as_record(link))
        wait_for(lambda: cache.links.get(link.key) == link, "a link published after the restart")
    cache.close()
    world.writer.close()


def test_spools_of_several_writers_are_shipped_side_by_side(world: World) -> None:
    first = world.writer.spool_id
    world.write(30)
    world.writer.close()
    expected = {first: list(world.sent)}
    with world.relay():
        for _ in range(2):
            world.sent.clear()
            world.writer = world.new_writer()
            world.write(30)
            expected[world.writer.spool_id] = list(world.sent)
            world.writer.close()
        wait_for(lambda: not spools(world.place / "spool"), "all spools are drained")
    for spool_id, sent in expected.items():
        assert_each_once(trim(world.arrived(spool_id)), sent)


def test_a_second_relay_on_the_same_spools_says_so_and_ends(world: World) -> None:
    with world.relay():
        wait_for(lambda: world.metric("spools") is not None, "the first relay runs")
        second = spawn(
            RELAY,
            env={
                "CLICKTALLY_RELAY_SPOOL_DIR": str(world.place / "spool"),
                "CLICKTALLY_RELAY_METRICS_PORT": str(free_port()),
            },
            log=world.place / "second.log",
        )
        assert second.wait(WITHIN_S) == 1
    assert "another relay works on" in (world.place / "second.log").read_text()
    world.writer.close()


@asynccontextmanager
async def new_producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def publish(broker: Kafka, *records: tuple[bytes, bytes | None], topic: str = LINKS) -> None:
    async def send() -> None:
        async with new_producer(broker.bootstrap) as producer:
            for key, value in records:
                await producer.send(topic, value, key=key)
            await producer.flush()

    asyncio.run(send())


def delete_topic(broker: Kafka, topic: str) -> None:
    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():  # noqa: ASYNC110 - asks a server
            await asyncio.sleep(0.05)
        await admin.close()

    asyncio.run(delete())


def make_links_anew(broker: Kafka) -> None:
    delete_topic(broker, LINKS)
    asyncio.run(ensure_topics(broker.bootstrap, topics(partitions=PARTITIONS)))


def as_record(link: Link) -> tuple[bytes, bytes]:
    return link.key.encode(), msgspec.json.encode(link)


def test_links_come_change_and_go_over_restarts_and_a_topic_made_anew(world: World) -> None:
    x, y, z = (Link(domain="go.example", slug=slug, destination=f"https://b.example/{slug}") for slug in "xyz")
    x2 = msgspec.structs.replace(x, destination="https://b.example/x2")
    make_links_anew(world.broker)
    cache = HostCache.open(world.links_dir)
    assert not cache.links.ready()
    publish(world.broker, as_record(x), as_record(y), (b"go.example/bad", b"no link"))
    with world.relay():
        wait_for(cache.links.ready, "the cache is ready")
        assert (cache.links.get(x.key), cache.links.get(y.key)) == (x, y)
        version = cache.version()
        publish(world.broker, as_record(x2), (y.key.encode(), None))
        wait_for(lambda: cache.links.get(y.key) is None, "a deleted link goes")
        assert cache.links.get(x.key) == x2
        assert cache.version() != version
        wait_for(lambda: world.metric("followed_lag_records", topic="links") == 0, "no lag")
        assert world.metric("followed_skipped_total", topic="links") == 1
        assert world.metric("followed_applied_total", topic="links", change="put") == 3
        assert world.metric("followed_applied_total", topic="links", change="delete") == 1
    publish(world.broker, as_record(y))
    with world.relay():
        wait_for(lambda: cache.links.get(y.key) == y, "a change made while no relay ran")
        assert world.metric("followed_applied_total", topic="links", change="put") == 1
    make_links_anew(world.broker)
    publish(world.broker, as_record(z))
    with world.relay():
        wait_for(lambda: cache.links.get(z.key) == z, "the new topic's link")
        wait_for(lambda: cache.links.get(x.key) is None, "links of the old topic go")
        assert cache.links.get(y.key) is None
        assert cache.links.ready()
    cache.close()
    world.writer.close()


def test_a_relay_told_to_stop_during_an_import_of_links_ends(world: World) -> None:
    world.writer.close()
    links = [
        Link(domain="go.example", slug=f"import/{number}", destination="https://b.example/")
        for number in range(60_000)
    ]
    publish(world.broker, *map(as_record, links))
    for number in range(5):
        world.links_dir = world.place / f"links-{number}"
        with world.relay() as relay:
            wait_for(
                lambda: (world.metric("followed_applied_total", topic="links", change="put") or 0) > 0,
                "the import begins",
            )
            relay.terminate()
            assert relay.wait(WITHIN_S) == 0


def test_headers_of_a_real_log_chain_without_a_gap(world: World) -> None:
    world.write(2000)
    world.writer.close()
    with world.relay():
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
    ends: dict[tuple[str, int | None], int] = {}
    for record in world.arrived(world.writer.spool_id):
        headers = read_headers(record.headers)
        assert headers is not None
        assert headers.prev == ends.get((record.topic, record.partition), 0)
        ends[record.topic, record.partition] = headers.last
    assert len(ends) > PARTITIONS


def test_a_spool_full_of_zeros_is_cut_set_aside_and_delays_no_other(world: World) -> None:
    """A power cut leaves zeros; 3 MiB of them on one line are more than Kafka takes."""
    poisoned = world.writer
    segment = segment_path(world.place / "spool" / poisoned.spool_id, 1)
    world.write(1)
    poisoned.close()
    zeros = 3 * 1024 * 1024
    with segment.open("ab") as file:
        file.write(b"\0" * zeros + b"\n")
    expected = {poisoned.spool_id: list(world.sent)}
    world.sent.clear()
    world.writer = world.new_writer()
    world.write(300)
    world.writer.close()
    expected[world.writer.spool_id] = list(world.sent)
    with world.relay():
        wait_for(lambda: not spools(world.place / "spool"), "both spools are drained")
        assert (world.metric("send_errors_total"), world.metric("dead_letters_total", reason="too_large")) == (0, 1)
    for spool_id, sent in expected.items():
        assert_each_once(trim(world.arrived(spool_id)), sent)
    (letter,) = (record for record in world.arrived(poisoned.spool_id) if record.topic == DEAD_LETTERS)
    assert set(letter.value) == {0}
    assert len(letter.value) + int(dict(letter.headers)["cut"]) == zeros


def test_a_topic_that_is_not_there_keeps_only_those_waiting_who_need_it(world: World) -> None:
    now_ms = int(time.time() * 1000)
    only_clicks: list[Event] = [Click(time_ms=now_ms, link=f"go.example/{seq}", seq=seq) for seq in range(1, 101)]
    for event in only_clicks:
        world.writer.append(msgspec.json.encode(event) + b"\n")
    clicks_spool = world.writer.spool_id
    with world.relay():
        wait_for(lambda: world.metric("events_acknowledged_total", topic="clicks") == 100, "a first round")
        delete_topic(world.broker, IMPRESSIONS)
        other = world.new_writer()
        other.append(
            msgspec.json.encode(Impression(time_ms=1, link="go.example/x", source="pixel", kind="served", seq=1))
            + b"\n"
        )
        wait_for(lambda: (world.metric("refusals_total", topic="impressions") or 0) > 0, "impressions are refused")
        for seq in range(101, 201):
            only_clicks.append(Click(time_ms=now_ms, link=f"go.example/{seq}", seq=seq))
            world.writer.append(msgspec.json.encode(only_clicks[-1]) + b"\n")
        world.writer.close()
        wait_for(lambda: world.metric("events_acknowledged_total", topic="clicks") == 200, "clicks go on")
        assert world.metric("events_acknowledged_total", topic="impressions") == 0
        asyncio.run(ensure_topics(world.broker.bootstrap, topics(partitions=PARTITIONS)))
        other.close()
        wait_for(lambda: not spools(world.place / "spool"), "both spools are drained")
        assert world.metric("events_acknowledged_total", topic="impressions") == 1
    assert_each_once(trim(world.arrived(clicks_spool)), only_clicks)
    assert world.words().count("waits, and loses nothing") == 1
