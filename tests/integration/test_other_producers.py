"""librdkafka's Python client and kcat as producers beside ours: same partitions, same counts, wrong ones are told.

What they do, the clients of a dozen languages do: they are made of the same library.
"""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.processes import Kafka
from schemas.topics import CLICKS, IMPRESSIONS
from tests.builders import click, impression, ndjson
from tests.integration.clickhouse_http import Http
from tests.integration.streams import Streams, wait_for

LINKS = 40
NOW_MS = time.time_ns() // 1_000_000
"""The stream takes events of the last ninety days."""


class Rdkafka:
    """A producer made of librdkafka, and where its records went."""

    def __init__(self, bootstrap: str, **settings: str) -> None:
        self._producer = confluent_kafka.Producer(
            {"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all"} | settings
        )
        self.partitions: dict[str, set[int]] = defaultdict(set)

    def send(self, topic: str, key: str, value: bytes) -> None:
        def delivered(error: confluent_kafka.KafkaError | None, message: confluent_kafka.Message) -> None:
            assert error is None, error
            self.partitions[key].add(message.partition() or 0)

        self._producer.produce(topic, value, key.encode(), on_delivery=delivered)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0


@pytest.fixture
def streams(tmp_path: Path, broker: Kafka, migrated: Http) -> Iterator[Streams]:
    made = Streams(tmp_path, broker.bootstrap, migrated)
    yield made
    made.stop()


async def checked(kafka: Kafka, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": kafka.bootstrap}
    command = [sys.executable, "-m", "console", "check-events", *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )


async def test_what_librdkafka_sends_lies_where_ours_does_and_is_counted_as_ours(
    broker: Kafka, streams: Streams
) -> None:
    domain = f"{uuid.uuid4().hex}.example"
    links = [f"{domain}/ü{number}" for number in range(LINKS)]
    theirs = Rdkafka(broker.bootstrap, partitioner="murmur2_random")
    for link in links:
        theirs.send(CLICKS, link, ndjson([click(link, time_ms=NOW_MS), click(link, time_ms=NOW_MS, visitor=7)]))
        shown = impression(link, time_ms=NOW_MS, source="api", kind="viewable", count=5)
        theirs.send(IMPRESSIONS, link, ndjson([shown]))
    theirs.flush()
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as ours:
        for link in links:
            value = ndjson([click(link, time_ms=NOW_MS, visitor=9)])
            sent = await ours.send_and_wait(CLICKS, value, key=link.encode())
            assert theirs.partitions[link] == {sent.partition}

    streams.start()
    wait_for(
        lambda: (
            streams.clicks(domain).total() == 3 * LINKS
            and streams.number(f"SELECT sum(impressions) FROM ctr_1m WHERE startsWith(link, '{domain}')")
            == 5 * LINKS
        ),
        "all is counted",
        streams.workers,
    )
    assert streams.clicks(domain) == dict.fromkeys(links, 3)
    done = await checked(broker, CLICKS)
    assert domain not in done.stderr


async def test_what_kcat_sends_as_the_contract_says_is_counted_once(broker: Kafka, streams: Streams) -> None:
    """A line of its input is a record: key, tab, event. `make setup` installs kcat; without it this fails."""
    domain = f"{uuid.uuid4().hex}.example"
    links = [f"{domain}/ü{number}" for number in range(LINKS)]
    lines = b"".join(link.encode() + b"\t" + ndjson([click(link, time_ms=NOW_MS)]) for link in links)
    command = ["kcat", "-b", broker.bootstrap, "-P", "-t", CLICKS, "-K", "\t", "-X", "partitioner=murmur2_random"]
    await asyncio.to_thread(subprocess.run, command, input=lines, check=True, timeout=60)

    streams.start()
    wait_for(lambda: streams.clicks(domain).total() == LINKS, "all is counted", streams.workers)
    assert streams.clicks(domain) == dict.fromkeys(links, 1)
    assert domain not in (await checked(broker, CLICKS)).stderr


async def test_its_own_partitioner_is_told_by_where_its_records_lie_and_bad_lines_by_their_place(
    broker: Kafka,
) -> None:
    domain = f"{uuid.uuid4().hex}.example"
    links = [f"{domain}/{number}" for number in range(LINKS)]
    theirs = Rdkafka(broker.bootstrap)
    for link in links:
        theirs.send(CLICKS, link, ndjson([click(link, time_ms=NOW_MS)]))
    bad = click(links[0], time_ms=NOW_MS)
    theirs.send(CLICKS, links[0], ndjson([bad]).replace(b'"time_ms":', b'"time":'))
    theirs.flush()

    done = await checked(broker, CLICKS, "--show", "100000")
    assert done.returncode == 1
    of_ours = [line for line in done.stderr.splitlines() if domain in line]
    assert len(of_ours) > LINKS // 4, "a different hash: most of four partitions are others"
    assert all("advice: it is in partition" in line and "partitioner=murmur2_random" in line for line in of_ours)
    (place,) = theirs.partitions[links[0]]
    missing = [line for line in done.stderr.splitlines() if f"{CLICKS}-{place}-" in line and "time_ms" in line]
    assert missing
    assert missing[-1].partition(": ")[2] == (
        "not_an_event: field time_ms: Object missing required field `time_ms`: correct the field as docs/contracts"
        " describes it"
    )


async def test_a_file_is_checked_before_it_is_sent(broker: Kafka, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(ndjson([click(time_ms=NOW_MS), impression(time_ms=NOW_MS)]) + b"{}\n")
    done = await checked(broker, str(file))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{file}:3: not_an_event: field type: ")
    assert "impressions" in done.stdout
    assert (await checked(broker, str(tmp_path / "gone"))).returncode == 2
