"""What a spool becomes in Kafka: headers, dead letters, and topics that are not there."""

import asyncio
import time

import msgspec

from schemas.batches import read_headers
from schemas.events import Click, Event, Impression
from schemas.spool import segment_path, spools
from schemas.topics import DEAD_LETTERS, IMPRESSIONS, ensure_topics, topics
from tests.integration.relay.world import (
    HASTY_MS,
    PARTITIONS,
    World,
    assert_each_once,
    delete_topic,
    wait_for,
)
from tests.unit.redirector.relay.outlets import trim


def test_a_topic_that_is_not_there_keeps_only_those_waiting_who_need_it(world: World) -> None:
    now_ms = int(time.time() * 1000)
    only_clicks: list[Event] = [Click(time_ms=now_ms, link=f"go.example/{seq}", seq=seq) for seq in range(1, 101)]
    for event in only_clicks:
        world.writer.append(msgspec.json.encode(event) + b"\n")
    clicks_spool = world.writer.spool_id
    with world.relay(request_timeout_ms=HASTY_MS):
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
