"""Stream workers as processes, on the real Kafka and the real engine: stopped, killed, frozen, added, refused."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from deploy.local.processes import Kafka
from schemas.events import Event
from schemas.topics import CLICKS, DEAD_LETTERS, IMPRESSIONS
from tests.builders import BOT, click, impression, ndjson, snapshot
from tests.integration.clickhouse_http import Http
from tests.integration.streams import Spool, StreamProcess, Streams, wait_for
from tests.integration.topics_anew import make_anew

PARTITIONS = 4
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A Kafka of our own: the topics have fixed names, and we make them anew."""
    part = Kafka(tmp_path_factory.mktemp("stream-kafka"))
    part.start()
    yield part
    part.stop()


@pytest.fixture
async def producer(broker: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    """On topics that are empty."""
    await make_anew(broker.bootstrap, partitions=PARTITIONS)
    made = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def streams(tmp_path: Path, broker: Kafka, migrated: Http) -> AsyncIterator[Streams]:
    made = Streams(tmp_path, broker.bootstrap, migrated)
    yield made
    made.stop()


async def until(reached: Any, what: str, streams: Streams) -> None:
    await asyncio.to_thread(wait_for, reached, what, streams.workers)


async def owners(streams: Streams, *workers: StreamProcess) -> None:
    """Until these workers share all partitions of the event topics."""

    def shared() -> bool:
        owned = [worker.metric("partitions_assigned") for worker in workers]
        return sum(owned) == 2 * PARTITIONS and all(owned)

    await until(shared, "the workers share the partitions", streams)


async def dead_letters(bootstrap: str) -> list[Any]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        place = TopicPartition(DEAD_LETTERS, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        letters: list[Any] = []
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            letters += [one for records in (await consumer.getmany(timeout_ms=200)).values() for one in records]
        return letters
    finally:
        await consumer.stop()


def minute_ms() -> int:
    """The beginning of an hour that is over."""
    return int(time.time() * 1000) // HOUR_MS * HOUR_MS - 30 * HOUR_MS


async def test_events_become_windows_links_and_dead_letters(streams: Streams, producer: AIOKafkaProducer) -> None:
    spool = Spool(producer, PARTITIONS)
    start = minute_ms()
    a, b = "go.example/a", "go.example/b"
    events: list[Event] = [
        *[click(a, time_ms=start + 100 * n, seq=spool.next_seq()) for n in range(5)],
        *[click(a, time_ms=start + 61_000, seq=spool.next_seq()) for _ in range(2)],
        click(a, time_ms=start + HOUR_MS, seq=spool.next_seq()),
        click(a, time_ms=start + 25 * HOUR_MS, seq=spool.next_seq()),
        *[click(a, time_ms=start, ua=BOT, seq=spool.next_seq()) for _ in range(3)],
        click(a, time_ms=start, ua="", seq=spool.next_seq()),
        click(a, time_ms=start, purpose="prefetch", seq=spool.next_seq()),
        *[click(b, time_ms=start, seq=spool.next_seq()) for _ in range(4)],
        *[impression(a, time_ms=start, seq=spool.next_seq()) for _ in range(9)],
        impression(a, time_ms=start, source="beacon", kind="viewable", count=10, seq=spool.next_seq()),
        impression(a, time_ms=start + HOUR_MS, source="beacon", kind="viewable", count=2, seq=spool.next_seq()),
    ]
    sent = await spool.send(events)
    sent += await spool.send_again(2)
    rejected: list[Event] = [impression(time_ms=start), click(time_ms=1), click(time_ms=start, v=9)]
    poison = ndjson([click("go.example/c", time_ms=start)]) + b"garbage\n" + ndjson(rejected)
    place = await producer.send_and_wait(CLICKS, poison, partition=1)
    await producer.send_and_wait(CLICKS, b"{}", headers=[("spool", b"x"), ("first", b"one")])
    sent += 6
    totals = [
        snapshot("go.example/post", observed_ms=start + at, total=at, published_ms=start) for at in (0, 70, 40)
    ]
    await producer.send_and_wait(IMPRESSIONS, ndjson([*totals, *totals]), partition=0)
    sent += 6

    worker = streams.start()
    await until(lambda: streams.accounted() == sent, "everything is accounted for", streams)
    rows = streams.http.rows
    columns = "clicks, gross_clicks, bot_clicks, prefetch_clicks, unknown_clicks, impressions, impression_kind, ctr"
    assert rows(f"SELECT {columns} FROM ctr_1m WHERE link = '{a}' ORDER BY window_start") == [
        ["5", "10", "3", "1", "1", "10", "viewable", "0.5"],
        ["2", "2", "0", "0", "0", "0", "", "\\N"],
        ["1", "1", "0", "0", "0", "2", "viewable", "0.5"],
        ["1", "1", "0", "0", "0", "0", "", "\\N"],
    ]
    assert rows(f"SELECT {columns} FROM ctr_1m WHERE link = '{b}'") == [
        ["4", "4", "0", "0", "0", "0", "", "\\N"],
    ]
    summed = "sum(clicks), sum(gross_clicks), sum(impressions), sum(gross_impressions), sum(impressions_served)"
    by_minute, by_hour, by_day = (
        rows(f"SELECT link, {summed} FROM {view} GROUP BY link ORDER BY link")
        for view in ("ctr_1m", "ctr_1h", "ctr_1d")
    )
    assert by_minute == by_hour == by_day
    assert by_minute[0] == [a, "9", "14", "12", "21", "9"]
    assert rows(f"SELECT window_start, clicks, impressions FROM ctr_1h WHERE link = '{a}' ORDER BY 1 LIMIT 1") == [
        [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(start / 1000)), "7", "10"]
    ]
    classes = "human + bot_clicks + prefetch_clicks + duplicate_clicks + unknown_clicks".replace("human", "clicks")
    assert streams.number(f"SELECT countIf({classes} != gross_clicks) FROM ctr_1m") == 0
    assert streams.number("SELECT sum(count) FROM events FINAL") == streams.number(
        "SELECT sum(clicks + impressions) FROM counters WHERE kind = 0 AND source NOT IN ('snapshot', 'opening')"
    )

    counted = {
        (headers["topic"], headers["offset"], headers["index"]): (headers["reason"], letter.value)
        for letter in await dead_letters(streams.bootstrap)
        for headers in [{name: value.decode() for name, value in letter.headers}]
    }
    at = (CLICKS, str(place.offset))
    lines = poison.split(b"\n")
    assert {
        key[2]: reason for key, (reason, _) in counted.items() if key[:2] == at and counted[key][1] in lines
    } == {
        "1": "not_json",
        "2": "wrong_topic",
        "3": "too_old",
        "4": "unsupported_version",
    }
    assert "bad_headers" in {reason for reason, _ in counted.values()}
    assert streams.clicks("go.example/c") == Counter({"go.example/c": 1})
    shown = "sum(impressions), any(impression_kind)"
    assert rows(f"SELECT {shown} FROM ctr_1m WHERE link = 'go.example/post'") == [["70", "platform"]]
    assert streams.number("SELECT count() FROM snapshots FINAL") == 6
    await until(lambda: worker.metric("snapshots_total", effect="growth") == 1, "it tells of the growth", streams)
    await until(lambda: worker.metric("fold_entries") == 1, "and of what it keeps", streams)
    assert worker.terminate() == 0
    streams.assert_chain_unbroken()


async def test_sigterm_flushes_what_was_read_and_ends_with_0(streams: Streams, producer: AIOKafkaProducer) -> None:
    worker = streams.start(flush_interval_s=3600)
    await owners(streams, worker)
    sent = await Spool(producer, PARTITIONS).send(
        [click(f"go.example/{n % 9}", seq=n + 1, time_ms=now_ms()) for n in range(200)]
    )
    await until(lambda: worker.metric("events_buffered") == sent, "everything is read", streams)
    assert streams.accounted() == 0
    began = time.monotonic()
    assert await asyncio.to_thread(worker.terminate) == 0
    assert time.monotonic() - began < 20
    assert streams.clicks().total() == sent


def now_ms() -> int:
    return int(time.time() * 1000)


class Load:
    """Clicks of many links from three spools, some sent twice, until it is stopped."""

    def __init__(self, producer: AIOKafkaProducer, seed: int) -> None:
        self._rng = random.Random(seed)
        self._spools = [Spool(producer, PARTITIONS) for _ in range(3)]
        self.expected: Counter[str] = Counter()
        self.sent = 0
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while not self._stop.is_set():
            spool = self._rng.choice(self._spools)
            events = [
                click(f"go.example/{self._rng.randint(0, 40)}", seq=spool.next_seq(), time_ms=now_ms())
                for _ in range(self._rng.randint(1, 40))
            ]
            self.sent += await spool.send(events)
            self.expected.update(event.link for event in events)
            if self._rng.random() < 0.2:
                self.sent += await spool.send_again(self._rng.randint(1, 6))
            await asyncio.sleep(0.02)

    async def reaches(self, more: int) -> None:
        """Until so many more events were sent."""
        goal = self.sent + more
        while self.sent < goal:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._stop.set()
        await self._task


async def assert_exact(streams: Streams, load: Load) -> None:
    await load.stop()
    await until(lambda: streams.accounted() >= load.sent, f"{load.sent} events are accounted for", streams)
    assert streams.accounted() == load.sent
    assert streams.clicks() == load.expected
    assert streams.number("SELECT count() FROM events FINAL") == load.expected.total()
    streams.assert_chain_unbroken()


async def test_a_rebalance_under_load_loses_and_doubles_nothing(
    streams: Streams, producer: AIOKafkaProducer
) -> None:
    first, second = streams.start(), streams.start()
    load = Load(producer, seed=1)
    await owners(streams, first, second)
    await load.reaches(500)
    assert await asyncio.to_thread(first.terminate) == 0
    third = streams.start()
    await owners(streams, second, third)
    await load.reaches(500)
    third.kill()
    await load.reaches(500)
    await assert_exact(streams, load)


async def test_a_zombie_that_wakes_after_its_partitions_were_given_away_is_overtaken(
    streams: Streams, producer: AIOKafkaProducer
) -> None:
    # Its first flush is far away: it wakes with records that others have counted.
    zombie = streams.start(flush_interval_s=20)
    await owners(streams, zombie)
    load = Load(producer, seed=2)
    await load.reaches(300)
    await until(lambda: zombie.metric("events_buffered") > 0, "the zombie holds events", streams)
    held = load.sent
    zombie.send(signal.SIGSTOP)
    heir = streams.start()
    await owners(streams, heir)
    await until(lambda: streams.accounted() >= held, "the heir counted what the zombie holds", streams)
    zombie.send(signal.SIGCONT)
    await load.reaches(500)
    await until(lambda: zombie.metric("events_discarded_total") > 0, "the zombie throws away what it held", streams)
    await assert_exact(streams, load)


async def test_partitions_that_are_added_later_are_read_from_their_beginning(
    streams: Streams, producer: AIOKafkaProducer, broker: Kafka
) -> None:
    worker = streams.start()
    await owners(streams, worker)
    await producer.send_and_wait(CLICKS, ndjson([click(time_ms=now_ms())]), partition=0)
    await until(lambda: streams.accounted() == 1, "the old partition is read", streams)
    assert await asyncio.to_thread(worker.terminate) == 0
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.create_partitions({CLICKS: NewPartitions(PARTITIONS + 2)})
    await admin.close()
    await producer.client.force_metadata_update()
    await producer.send_and_wait(CLICKS, ndjson([click(time_ms=now_ms())] * 3), partition=PARTITIONS + 1)
    worker = streams.start()
    await until(lambda: streams.accounted() == 4, "the new partition is read", streams)
    assert streams.number("SELECT max(last_offset) FROM counters WHERE kind = 1 AND partition = 5") == 0


async def test_a_topic_that_was_created_anew_is_refused_until_the_epoch_is_raised(
    streams: Streams, producer: AIOKafkaProducer, broker: Kafka
) -> None:
    spool = Spool(producer, 1)
    for _ in range(3):
        await spool.send([click("go.example/a", seq=spool.next_seq(), time_ms=now_ms())])
    worker = streams.start()
    await until(lambda: streams.accounted() == 3, "the old topic is read", streams)
    assert await asyncio.to_thread(worker.terminate) == 0
    await make_anew(broker.bootstrap, partitions=PARTITIONS)
    again = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await again.start()
    try:
        spool.producer = again
        sent = await spool.send_again(1)
        sent += await spool.send([click("go.example/a", seq=spool.next_seq(), time_ms=now_ms())])
    finally:
        await again.stop()
    refusing = streams.start()
    await until(lambda: refusing.metric("partitions_refused") == 1, "the topic is refused", streams)
    assert refusing.says("set CLICKTALLY_STREAM_CLICKS_EPOCH to 2")
    assert streams.accounted() == 3
    assert await asyncio.to_thread(refusing.terminate) == 0
    streams.start(clicks_epoch=2)
    await until(lambda: streams.accounted() == 3 + sent, "the new topic is read", streams)
    assert streams.clicks() == Counter({"go.example/a": 4})


async def test_holes_that_transactions_leave_in_the_log_are_passed_over(
    streams: Streams, producer: AIOKafkaProducer, broker: Kafka
) -> None:
    transactional = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id="theirs")
    await transactional.start()
    try:
        for _ in range(3):
            async with transactional.transaction():
                for _ in range(2):
                    await transactional.send_and_wait(CLICKS, ndjson([click(time_ms=now_ms())]), partition=2)
    finally:
        await transactional.stop()
    # The broker may write the last transaction's marker before or after this record.
    last = await producer.send_and_wait(CLICKS, ndjson([click(time_ms=now_ms())]), partition=2)
    streams.start()
    await until(lambda: streams.accounted() == 7, "all transactions are read", streams)
    assert streams.number("SELECT max(last_offset) FROM counters WHERE kind = 1") == last.offset
    assert streams.number("SELECT count() FROM counters WHERE kind = 5") == 0
