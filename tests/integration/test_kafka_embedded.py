"""The embedded broker as a process: it is Kafka, it keeps what it acknowledged, it ends when told."""

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.processes import Kafka


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker of this module's own: it is killed."""
    made = Kafka(tmp_path_factory.mktemp("kafka"))
    made.start()
    yield made
    made.stop()


async def create_topic(part: Kafka, partitions: int = 1) -> str:
    topic = f"topic-{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=part.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])
    finally:
        await admin.close()
    return topic


async def produce(part: Kafka, topic: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=part.bootstrap, enable_idempotence=True, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def consume(part: Kafka, topic: str, count: int, group: str | None = None) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=part.bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer:
        return [(await consumer.getone()).value for _ in range(count)]


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
async def test_what_was_acknowledged_is_there_after_a_restart(part: Kafka, sig: signal.Signals) -> None:
    topic = await create_topic(part)
    sent = [str(number).encode() for number in range(50)]
    await produce(part, topic, sent)
    part.restart(sig)
    assert await consume(part, topic, 50) == sent


async def test_a_consumer_group_gets_its_records(part: Kafka) -> None:
    topic = await create_topic(part, partitions=4)
    await produce(part, topic, [b"a", b"b", b"c"])
    assert sorted(await consume(part, topic, 3, group=f"group-{topic}")) == [b"a", b"b", b"c"]


async def test_a_topic_does_not_come_into_being_by_a_misspelling(part: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=part.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(["misspelt"])
        assert [topic["error_code"] for topic in described] == [3]
        assert "misspelt" not in await admin.list_topics()
    finally:
        await admin.close()


def test_the_supervisors_signal_reaches_the_broker_itself(part: Kafka) -> None:
    command = Path(f"/proc/{part.pid}/cmdline").read_bytes()
    assert b"kafka.Kafka" in command
