"""Whatever is killed, away or slow: events arrive, and once."""

import signal
import sys

from deploy.local.ports import free_port
from deploy.local.processes import spawn
from schemas.spool import spools
from schemas.topics import DEAD_LETTERS, EVENT_TOPICS
from tests.integration.relay.world import (
    HASTY_MS,
    RELAY,
    WITHIN_S,
    World,
    assert_each_once,
    line_count,
    wait_for,
)
from tests.unit.redirector.relay.outlets import trim

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
    with world.relay(request_timeout_ms=HASTY_MS):
        world.write(100)
        wait_for(lambda: world.metric("events_acknowledged_total", topic="clicks") == 66, "a first round")
        said = world.words().count("does not answer")  # a Kafka that is only busy may have been left before
        world.broker.kill()
        try:
            world.write(300)
            wait_for(lambda: world.metric("kafka_up") == 0, "the relay notices")
            wait_for(lambda: (world.metric("spool_waiting_bytes") or 0) > 0, "bytes wait")
            assert world.words().count("does not answer") == said + 1
        finally:
            world.broker.start()
        world.write(50)
        world.writer.close()
        wait_for(lambda: not spools(world.place / "spool"), "the spool is drained")
        assert (world.metric("events_in_flight"), world.metric("kafka_up")) == (0, 1)
    assert_each_once(trim(world.arrived(world.writer.spool_id)), world.sent)


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
    with world.relay(request_timeout_ms=HASTY_MS):
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
    with world.relay(request_timeout_ms=HASTY_MS) as relay:
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
