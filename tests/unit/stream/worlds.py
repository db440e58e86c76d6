"""Partitions and workers among fakes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP
from prometheus_client import CollectorRegistry

from schemas.topics import CLICKS, EVENT_TOPICS
from stream.burials import BurialLimit
from stream.deltas import Record
from stream.metrics import StreamMetrics
from stream.partition import Added, Partition
from stream.settings import StreamSettings
from stream.shared import Shared
from stream.state import StateFold
from stream.worker import Worker
from tests.builders import BOUNDS, CLASSIFIER, ENRICHER, NOW_MS, click, record
from tests.fakes import FakeClock, FakeConsumer, FakeDeadLetters, FakeMessage, FakeSink

TP0 = TP(CLICKS, 0)
TP1 = TP(CLICKS, 1)


@dataclass
class World:
    """One fake of everything that a worker needs."""

    epoch: int = 1
    folds: Sequence[type[StateFold]] = ()
    burial_limit: BurialLimit = BurialLimit(ratio=0.5, window_events=100, least=10)  # noqa: RUF009 - frozen
    sink: FakeSink = field(default_factory=FakeSink)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    clock: FakeClock = field(default_factory=lambda: FakeClock(0))
    wall_clock: FakeClock = field(default_factory=lambda: FakeClock(NOW_MS / 1000))
    consumer: FakeConsumer = field(default_factory=FakeConsumer)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.metrics = StreamMetrics(self.registry)

    @property
    def shared(self) -> Shared:
        return Shared(
            sink=self.sink,
            dead_letters=self.dead_letters,
            classifier=CLASSIFIER,
            enricher=ENRICHER,
            bounds=BOUNDS,
            burial_limit=self.burial_limit,
            folds=self.folds,
            metrics=self.metrics,
            epochs=dict.fromkeys(EVENT_TOPICS, self.epoch),
            sleep=self.clock.sleep,
            clock=self.clock,
            wall_clock=self.wall_clock,
        )

    def partition(self, number: int = 0) -> Partition:
        return Partition(CLICKS, number, self.shared)

    async def loaded(self, *, log_end: int = 1000, log_start: int = 0) -> Partition:
        partition = self.partition()
        await partition.load(log_start, log_end, cause="assigned")
        return partition

    def worker(self, **settings: Any) -> Worker:
        given = {f"CLICKTALLY_STREAM_{name.upper()}": str(value) for name, value in settings.items()}
        return Worker(StreamSettings.load(given), self.shared)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"clicktally_stream_{name}", labels) or 0.0

    def total(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == f"clicktally_stream_{name}" and labels.items() <= sample.labels.items()
        )

    def assert_books_balance(self, *partitions: Partition) -> None:
        """Received = settled + discarded + buffered."""
        settled, discarded = self.total("events_settled_total"), self.total("events_discarded_total")
        buffered = sum(partition.unsettled_events for partition in partitions)
        assert self.total("events_received_total") == settled + discarded + buffered


def add_all(partition: Partition, records: Iterable[Record]) -> None:
    """Records that follow each other."""
    for one in records:
        assert partition.add(one) is Added.FOLDED


async def take_all(worker: Worker, records: Iterable[Record]) -> None:
    """As Faust hands them over."""
    for one in records:
        await worker.take(FakeMessage.of(one))


def log(first: int, last: int, *, tp: TP = TP0, clicks: int = 1) -> list[Record]:
    """Records of one partition, with these offsets."""
    return [
        record([click()] * clicks, offset=offset)._replace(partition=tp.partition)
        for offset in range(first, last + 1)
    ]


async def owning(world: World, *tps: TP, **settings: object) -> Worker:
    """A worker that these partitions were given to."""
    worker = world.worker(**settings)
    await assigned(world, worker, *tps)
    return worker


async def assigned(world: World, worker: Worker, *tps: TP) -> dict[TP, int]:
    """Kafka gives the worker these partitions and no others; what it says where to read from."""
    world.consumer.assign(*tps)
    return await worker.positions(world.consumer)  # type: ignore[arg-type] # a fake's consumer
