"""Misses on their way to Kafka: never lost by a failure, sent again with the same id."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from redirector.misses.outbox import Outbox
from redirector.relay.metrics import RelayMetrics
from redirector.relay.misses import MissesMover
from schemas.batches import Headers
from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError
from schemas.misses import Miss, MissedMinute
from schemas.retry import RetryPolicy


class Kafka:
    """A producer that fails where it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes | None, bytes]] = []
        self.failures: list[Exception] = []
        self.open = 0

    async def start(self) -> None:
        self.open += 1

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None, headers: Headers
    ) -> None:
        assert (topic, partition, headers) == ("misses", 0, [])
        self.taken.append((key, value))
        if self.failures:
            raise self.failures.pop()

    async def partitions(self, topic: str) -> int:
        raise NotImplementedError(topic)

    async def abandon(self) -> None:
        self.open -= 1


async def moved(outbox: Outbox, kafka: Kafka) -> RelayMetrics:
    """Run until nothing waits."""
    metrics = RelayMetrics(CollectorRegistry())
    retry = RetryPolicy(first_s=0.0, longest_s=0.0)
    task = asyncio.create_task(MissesMover(outbox, lambda: kafka, metrics, retry=retry, look_every_s=0.0).run())
    async with asyncio.timeout(10):
        while outbox.waiting() or kafka.open:  # noqa: ASYNC110 - a directory tells nobody
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return metrics


def outbox_of(tmp_path: Path, minutes: int) -> Outbox:
    outbox = Outbox(tmp_path)
    for minute in range(minutes):
        assert outbox.put(MissedMinute(id="a", minute=minute, rows=[Miss(reason="unknown", requests=1)]))
    return outbox


async def test_what_kafka_has_is_removed_and_the_oldest_go_first(tmp_path: Path) -> None:
    kafka = Kafka()
    metrics = await moved(outbox_of(tmp_path, 3), kafka)
    assert [key for key, _ in kafka.taken] == [b"000000000%d-a" % minute for minute in range(3)]
    assert metrics.misses_sent._value.get() == 3


@pytest.mark.parametrize("error", [TransientError("away"), OSError("cut")])
async def test_a_send_that_failed_is_repeated_with_the_same_bytes(tmp_path: Path, error: Exception) -> None:
    kafka = Kafka()
    kafka.failures.append(error)
    metrics = await moved(outbox_of(tmp_path, 2), kafka)
    assert len(kafka.taken) == 3
    assert kafka.taken[0] == kafka.taken[1]
    assert metrics.misses_errors._value.get() == 1


async def test_what_kafka_will_never_take_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    kafka = Kafka()
    kafka.failures.append(TooLargeError("too large"))
    await moved(outbox_of(tmp_path, 2), kafka)
    assert len(kafka.taken) == 2
