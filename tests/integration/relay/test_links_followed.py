"""Links from Kafka in the cache of the host."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.processes import Kafka
from redirector.cache.reader import HostCache
from schemas.links import Link
from schemas.topics import LINKS
from tests.integration.relay.world import (
    PARTITIONS,
    WITHIN_S,
    World,
    wait_for,
)
from tests.integration.topics_anew import make_anew


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


def make_links_anew(broker: Kafka) -> None:
    asyncio.run(make_anew(broker.bootstrap, LINKS, partitions=PARTITIONS))


def as_record(link: Link) -> tuple[bytes, bytes]:
    return link.key.encode(), msgspec.json.encode(link)


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


def test_a_relay_told_to_stop_during_an_import_of_links_ends(world: World, request: pytest.FixtureRequest) -> None:
    world.writer.close()
    links = [
        Link(domain="go.example", slug=f"import/{number}", destination="https://b.example/")
        for number in range(60_000)
    ]
    publish(world.broker, *map(as_record, links))
    request.addfinalizer(lambda: make_links_anew(world.broker))  # or every later relay would read all of them
    for number in range(5):
        world.links_dir = world.place / f"links-{number}"
        with world.relay() as relay:
            wait_for(
                lambda: (world.metric("followed_applied_total", topic="links", change="put") or 0) > 0,
                "the import begins",
            )
            relay.terminate()
            assert relay.wait(WITHIN_S) == 0
