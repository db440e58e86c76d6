"""Relays of several hosts and the one key of the visitors' numbers, over the real Kafka."""

import asyncio
import time
from pathlib import Path

import pytest

from redirector.visitor_key.day_key import day_of
from redirector.visitor_key.host_key import KEY_NAME, HostKey
from schemas.topics import VISITOR_KEYS, ensure_topics, topics
from tests.integration.relay.world import PARTITIONS, World, delete_topic, wait_for
from tests.looking import wait_for_a_day_of


@pytest.fixture(autouse=True)
def day() -> None:
    """All of a test is on one: each has a key of its own."""
    wait_for_a_day_of()


def today() -> int:
    return day_of(time.time_ns() // 1_000_000)


def spool_of(host: World) -> Path:
    return host.place / "spool"


def has_met(host: World) -> bool:
    return any(host.metric(f"visitor_keys_{what}_total") for what in ("sent", "taken"))


def test_hosts_have_one_key_a_new_one_takes_it_and_so_does_one_whose_clock_ran_ahead(
    tmp_path: Path, world: World
) -> None:
    delete_topic(world.broker, VISITOR_KEYS)
    asyncio.run(ensure_topics(world.broker.bootstrap, topics(partitions=PARTITIONS)))
    hosts = [World(tmp_path / name, world.broker) for name in ("one", "other", "late")]
    one, other, late = (HostKey(spool_of(host)) for host in hosts)
    assert one.of(today()) != other.of(today())
    with hosts[0].relay(), hosts[1].relay():
        wait_for(lambda: one.of(today()) == other.of(today()), "both hosts have one key")
        agreed = one.of(today())
        late.of(today())
        with hosts[2].relay():
            wait_for(lambda: late.of(today()) == agreed, "the new host takes it")
        other.of(today() + 400)
        wait_for(lambda: other.of(today()) == agreed, "the host whose clock is right again takes it")
        assert one.of(today()) == agreed
    assert agreed.key not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.json"))
    assert {path.name for path in spool_of(hosts[0]).iterdir() if path.name.startswith(KEY_NAME)} == {
        KEY_NAME,
        f"{KEY_NAME}.lock",
    }


def test_without_kafka_the_key_stays_and_is_shared_when_kafka_is_back(tmp_path: Path, world: World) -> None:
    host = World(tmp_path / "host", world.broker)
    key = HostKey(spool_of(host))
    with host.relay():
        wait_for(lambda: has_met(host), "it sent its key or took another")
        agreed = key.of(today())
        world.broker.restart()
        assert key.of(today()) == agreed
        new = World(tmp_path / "new", world.broker)
        with new.relay():
            wait_for(lambda: HostKey(spool_of(new)).of(today()) == agreed, "a host that joined behind the outage")
