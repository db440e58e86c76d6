"""A round's order: pin, send, wait, checkpoint, delete; and its books balance at every step."""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from redirector.relay.metrics import RelayMetrics
from redirector.relay.round import Limits
from redirector.relay.shipper import Shipper
from redirector.spool.writer import SpoolWriter
from schemas.events import Click
from schemas.spool import CHECKPOINT_NAME, Checkpoint, read_checkpoint, segment_path, segments, spools
from schemas.topics import DEAD_LETTERS
from tests.fakes import NO_PAUSES
from tests.unit.redirector.relay.outlets import CrashError, FakeKafka, trim

LINKS: Final = ("a.example/x", "a.example/y", "b.example/z")


class World:
    """A spool with a living writer, a Kafka, and shippers one after another."""

    def __init__(self, spool_dir: Path) -> None:
        self.writer = SpoolWriter.open(spool_dir, segment_bytes=300, cap_bytes=1 << 20, fsync="never")
        (self.spool,) = spools(spool_dir)
        self.kafka = FakeKafka()
        self.registry = CollectorRegistry()
        self.shipper = self.new_shipper()

    def new_shipper(self, *, round_bytes: int = 1 << 18, round_interval_s: float = 0) -> Shipper:
        self.registry = CollectorRegistry()
        self.shipper = Shipper(
            self.spool,
            self.kafka,
            RelayMetrics(self.registry),
            limits=Limits(2, 262144),
            round_bytes=round_bytes,
            round_interval_s=round_interval_s,
            slots=asyncio.Semaphore(1),
            retry=NO_PAUSES,
        )
        return self.shipper

    def click(self, count: int = 1) -> None:
        for _ in range(count):
            seq = self.writer.take_seq()
            self.writer.append(
                msgspec.json.encode(Click(time_ms=seq, link=LINKS[seq % len(LINKS)], seq=seq)) + b"\n"
            )

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"clicktally_relay_{name}", labels) or 0.0

    def assert_balanced(self) -> None:
        acknowledged = sum(self.metric("events_acknowledged_total", topic=t) for t in ("clicks", "impressions"))
        dead = sum(self.metric("dead_letters_total", reason=r) for r in ("not_json", "not_an_event", "too_large"))
        assert self.metric("lines_read_total") == acknowledged + dead + self.metric("events_in_flight")


@contextlib.asynccontextmanager
async def running(shipper: Shipper) -> AsyncIterator[None]:
    task = asyncio.create_task(shipper.run(asyncio.Event()))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until_waiting(world: World, wanted_bytes: int) -> None:
    async with asyncio.timeout(10):
        while world.shipper.waiting_bytes() != wanted_bytes:  # noqa: ASYNC110 - a thread is at work
            await asyncio.sleep(0.001)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_what_is_shipped_is_checkpointed_and_its_segments_deleted_but_the_newest(world: World) -> None:
    world.click(20)
    assert len(segments(world.spool)) > 2
    while await world.shipper.step():
        world.assert_balanced()
    assert [event.seq for event in sorted(trim(world.kafka.log), key=lambda event: event.seq)] == list(range(1, 21))
    (newest,) = segments(world.spool)
    checkpoint = read_checkpoint(world.spool)
    assert checkpoint is not None
    assert (checkpoint.segment, checkpoint.offset) == (newest, segment_path(world.spool, newest).stat().st_size)
    assert world.shipper.waiting_bytes() == 0
    assert world.metric("events_in_flight") == 0
    assert world.metric("lines_read_total") == 20


async def test_the_partition_counts_are_on_disk_before_the_first_send(world: World) -> None:
    world.click()
    world.kafka.crash_after = 0
    with pytest.raises(CrashError):
        await world.shipper.step()
    assert read_checkpoint(world.spool) == Checkpoint(0, 0, {"clicks": 3, "impressions": 3}, {})
    assert world.metric("events_in_flight") == 1
    world.assert_balanced()


async def test_a_crash_before_the_checkpoint_sends_the_round_again_to_the_same_partitions(world: World) -> None:
    world.click(6)
    world.kafka.crash_after = 2
    with contextlib.suppress(CrashError, BaseExceptionGroup):
        await world.shipper.step()
    world.assert_balanced()
    world.kafka.crash_after = None
    world.kafka.partition_count = 7
    world.new_shipper()
    while await world.shipper.step():
        pass
    assert len(world.kafka.events()) > 6
    assert sorted(event.seq for event in trim(world.kafka.log)) == [1, 2, 3, 4, 5, 6]


async def test_a_closed_spool_is_drained_and_removed(world: World) -> None:
    world.click(3)
    world.writer.close()
    await world.shipper.run(asyncio.Event())
    assert not world.spool.exists()
    assert len(world.kafka.events()) == 3


async def test_a_torn_tail_of_a_dead_writer_is_skipped_and_counted(world: World) -> None:
    world.click(1)
    os.write(world.writer._fd, b'{"type":"cli')
    world.writer.close()
    await world.shipper.run(asyncio.Event())
    assert len(world.kafka.events()) == 1
    assert world.metric("torn_tails_total") == 1
    assert world.metric("torn_bytes_total") == 12


async def test_garbage_becomes_a_dead_letter_with_its_origin_and_what_follows_is_shipped(world: World) -> None:
    world.click(1)
    before = segment_path(world.spool, 1).stat().st_size
    world.writer.append(b"\0" * 20 + b"\n")
    world.click(1)
    assert await world.shipper.step()
    (letter,) = [record for record in world.kafka.log if record.topic == DEAD_LETTERS]
    headers = dict(letter.headers)
    assert letter.value == b"\0" * 20
    assert letter.key == f"{world.spool.name}-1-{before}".encode()
    assert headers.pop("detail")
    assert headers == {
        "reason": b"not_json",
        "service": b"relay",
        "spool": world.spool.name.encode(),
        "segment": b"1",
        "offset": b"%d" % before,
    }
    assert len(world.kafka.events()) == 2
    assert world.metric("dead_letters_total", reason="not_json") == 1
    world.assert_balanced()


async def test_a_full_disk_that_takes_no_checkpoint_still_gets_its_segments_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.click(1)
    assert await world.shipper.step()

    def full(_fd: int, _encoded: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    world.click(9)
    with monkeypatch.context() as patch:
        patch.setattr("redirector.spool.upkeep.os.write", full)
        # The writer shares `os`: its events are in already.
        while await world.shipper.step():
            pass
    assert len(segments(world.spool)) == 1
    assert world.metric("spool_errors_total") > 0
    world.new_shipper()
    world.click(1)
    while await world.shipper.step():
        pass
    assert sorted(event.seq for event in trim(world.kafka.log)) == list(range(1, 12))


async def test_a_damaged_checkpoint_sends_what_is_left_again(world: World) -> None:
    world.click(2)
    assert await world.shipper.step()
    (world.spool / CHECKPOINT_NAME).write_bytes(b"{")
    world.new_shipper()
    while await world.shipper.step():
        pass
    assert sorted(event.seq for event in trim(world.kafka.log)) == [1, 2]


async def test_waiting_lines_have_an_age_until_they_are_acknowledged(world: World) -> None:
    world.click(1)
    size = segment_path(world.spool, 1).stat().st_size
    world.kafka.crash_after = 0
    with pytest.raises(CrashError):
        await world.shipper.step()
    assert world.shipper.waiting_since is not None
    assert world.shipper.waiting_bytes() == size
    world.kafka.crash_after = None
    world.new_shipper()
    assert await world.shipper.step()
    assert not await world.shipper.step()
    assert world.shipper.waiting_since is None


async def test_a_spool_is_looked_at_once_in_an_interval(world: World) -> None:
    world.click()
    async with running(world.new_shipper(round_interval_s=3600)):
        await until_waiting(world, 0)
        world.click()
        await asyncio.sleep(0.02)
    assert world.metric("lines_read_total") == 1


async def test_rounds_follow_each_other_while_there_is_more_than_fits_into_one(world: World) -> None:
    world.click(3)
    one_line = segment_path(world.spool, 1).stat().st_size // 3
    async with running(world.new_shipper(round_bytes=one_line, round_interval_s=3600)):
        await until_waiting(world, 0)
    assert world.metric("lines_read_total") == 3


async def test_a_shipper_told_to_stop_ends_between_two_rounds(world: World) -> None:
    stopping = asyncio.Event()
    stopping.set()
    world.click(1)
    await world.shipper.run(stopping)
    assert world.kafka.log == []
