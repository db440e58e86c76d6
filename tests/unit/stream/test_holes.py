"""Records that do not follow the one before: read again, believed in the end, told of when retention took them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from faust.types import TP
from prometheus_client import CollectorRegistry

from stream.chain import Flushed
from stream.fold import Record
from stream.kafka import HeadConsumer
from stream.links import LinksTable
from stream.metrics import StreamMetrics
from stream.partition import Added, Partition, Tools
from stream.rows import Block
from stream.settings import StreamSettings
from stream.sink import PartitionState
from stream.worker import Worker
from tests.builders import BOUNDS, CLASSIFIER, NOW_MS, click, ndjson

PLACE = TP("clicks", 0)


@dataclass
class FakeSink:
    """Keeps the heads of what is flushed."""

    head: int = -1
    flushed: list[Flushed] = field(default_factory=list)

    async def insert_counters(self, flushed: Flushed, *_: object, **__: object) -> None:
        self.flushed.append(flushed)
        self.head = flushed.last

    async def insert_events(self, block: Block) -> None:
        pass

    async def read_head(self, *_: object, **__: object) -> int:
        return self.head

    async def read_state(self, *_: object, **__: object) -> PartitionState:
        return PartitionState(self.head)


class NoDeadLetters:
    async def write(self, letters: Sequence[Any]) -> None:
        raise AssertionError(letters)


@dataclass
class FakeConsumer:
    """A log that begins at `start`; notes where it was asked to read again."""

    start: int = 0
    end: int = 100
    seeks: list[int] = field(default_factory=list)

    def assignment(self) -> set[TP]:
        return {PLACE}

    async def bounds(self, tps: set[TP]) -> dict[TP, tuple[int, int]]:
        return dict.fromkeys(tps, (self.start, self.end))

    async def seek_wait(self, positions: dict[TP, int]) -> None:
        self.seeks += positions.values()


def tools(sink: FakeSink) -> Tools:
    return Tools(
        sink=sink,
        dead_letters=NoDeadLetters(),
        classifier=CLASSIFIER,
        bounds=BOUNDS,
        metrics=StreamMetrics(CollectorRegistry()),
        epoch=1,
        clock=lambda: NOW_MS / 1000,
    )


def record(offset: int) -> Record:
    return Record("clicks", 0, offset, NOW_MS, (), ndjson([click()]))


async def loaded() -> Partition:
    partition = Partition("clicks", 0, tools(FakeSink()))
    await partition.load(0, 100, cause="assigned")
    return partition


async def test_a_hole_is_believed_when_reading_again_brings_the_same_record_next() -> None:
    partition = await loaded()
    assert [partition.add(record(offset)) for offset in (0, 5)] == [Added.FOLDED, Added.HOLE]
    assert partition.add(record(5)) is Added.FOLDED


async def test_records_fetched_along_behind_a_hole_do_not_hide_that_it_was_read_again() -> None:
    partition = await loaded()
    fetched = [record(offset) for offset in (5, 6, 7)]
    assert [partition.add(one) for one in fetched] == [Added.HOLE, Added.STALE, Added.STALE]
    assert [partition.add(one) for one in fetched] == [Added.FOLDED] * 3


async def test_a_hole_that_was_none_is_filled() -> None:
    partition = await loaded()
    assert [partition.add(record(offset)) for offset in (2, 3)] == [Added.HOLE, Added.STALE]
    assert [partition.add(record(offset)) for offset in (0, 1, 2, 3)] == [Added.FOLDED] * 4


async def worker_on(sink: FakeSink, consumer: FakeConsumer) -> Worker:
    worker = Worker(StreamSettings.load({}), tools(sink), cast("LinksTable", None))
    await worker.positions({PLACE}, cast("HeadConsumer", consumer))
    return worker


def message(offset: int) -> Any:
    one = record(offset)
    return SimpleNamespace(
        tp=PLACE,
        topic=one.topic,
        partition=one.partition,
        offset=offset,
        timestamp=NOW_MS / 1000,
        headers=(),
        value=one.value,
    )


async def test_what_retention_took_before_it_was_read_becomes_a_gap_of_the_chain() -> None:
    sink, consumer = FakeSink(), FakeConsumer()
    worker = await worker_on(sink, consumer)
    await worker.take(message(0))
    consumer.start = 4
    await worker.take(message(4))
    assert (sink.head, consumer.seeks) == (0, [4])
    await worker.take(message(4))
    await worker.flush_all()
    assert sink.flushed[-1] == Flushed("clicks@1", 0, head=0, first=4, last=4)
    assert sink.flushed[-1].leaves_gap


async def test_a_hole_that_retention_has_no_part_in_is_read_again_from_its_beginning() -> None:
    sink, consumer = FakeSink(), FakeConsumer()
    worker = await worker_on(sink, consumer)
    await worker.take(message(3))
    assert (sink.flushed, consumer.seeks) == ([], [0])
