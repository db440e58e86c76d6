"""Real stream workers as processes, fed by hand with what a relay would send."""

import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from urllib.error import URLError
from urllib.request import urlopen

from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from deploy.local.processes import spawn
from redirector.relay.partitions import partition_of
from schemas.batches import BatchHeaders, Headers
from schemas.events import Click, Event
from schemas.spool import new_spool_id
from schemas.topics import CLICKS, IMPRESSIONS
from tests.builders import ndjson
from tests.integration.clickhouse_http import Http
from tests.looking import pause_s

WITHIN_S = 120.0


@dataclass
class StreamProcess:
    """One `python -m stream`."""

    place: Path
    settings: Mapping[str, object]
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.log = self.place / f"stream-{self.port}.log"
        env = {f"CLICKTALLY_STREAM_{name.upper()}": str(value) for name, value in self.settings.items()}
        env["CLICKTALLY_STREAM_METRICS_PORT"] = str(self.port)
        self.process: Popen[bytes] = spawn([sys.executable, "-m", "stream"], env=env, log=self.log)

    def send(self, number: signal.Signals) -> None:
        """Send a signal and don't wait."""
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WITHIN_S)

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(WITHIN_S)

    @property
    def ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples with these labels; 0 when there is none or nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except (URLError, OSError):
            return 0.0
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"clicktally_stream_{name}" and labels.items() <= sample.labels.items()
        )

    def says(self, words: str) -> bool:
        """Whether its log has these words."""
        return words in self.log.read_text()


@dataclass
class Spool:
    """A spool of its own: sends events as a relay does, and can send them again."""

    producer: AIOKafkaProducer
    partitions: int
    name: str = field(default_factory=new_spool_id)
    seq: int = 0
    prev: dict[tuple[str, int], int] = field(default_factory=dict)
    sent: list[tuple[str, int, bytes, Headers]] = field(default_factory=list)

    def next_seq(self) -> int:
        """The number of the next event."""
        self.seq += 1
        return self.seq

    async def send(self, events: Iterable[Event]) -> int:
        """One batch for each partition that the events belong to; returns how many events."""
        groups: dict[tuple[str, int], list[Event]] = {}
        for event in events:
            topic = CLICKS if isinstance(event, Click) else IMPRESSIONS
            groups.setdefault((topic, partition_of(self.partitions)(event.link)), []).append(event)
        for place, group in groups.items():
            headers = BatchHeaders(self.name, group[0].seq, group[-1].seq, self.prev.get(place, 0))
            self.prev[place] = group[-1].seq
            self.sent.append((*place, ndjson(group), headers.to_kafka()))
            await self._send(*self.sent[-1])
        return sum(map(len, groups.values()))

    async def send_again(self, batches: int) -> int:
        """The last batches once more; returns how many events."""
        again = self.sent[-batches:]
        for one in again:
            await self._send(*one)
        return sum(value.count(b"\n") for _, _, value, _ in again)

    async def _send(self, topic: str, partition: int, value: bytes, headers: Headers) -> None:
        await self.producer.send_and_wait(topic, value, partition=partition, headers=headers)


@dataclass
class Streams:
    """Workers of one group on one database."""

    place: Path
    bootstrap: str
    http: Http
    workers: list[StreamProcess] = field(default_factory=list)
    group: str = field(default_factory=lambda: uuid.uuid4().hex)

    def start(self, **settings: object) -> StreamProcess:
        """One more worker."""
        chosen = {
            "bootstrap_servers": self.bootstrap,
            "clickhouse_url": f"{self.http.url}/{self.http.database}",
            "group": self.group,
            "flush_interval_s": 0.2,
            "session_timeout_s": 4,
            "heartbeat_interval_s": 0.5,
        } | settings
        worker = StreamProcess(self.place, chosen)
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """All of them, at once."""
        for worker in self.workers:
            worker.kill()

    def number(self, query: str) -> int:
        """The one number that a query gives."""
        ((cell,),) = self.http.rows(query)
        return int(cell)

    def accounted(self, topic: str = "") -> int:
        """Events that the chain markers tell of, whatever became of them."""
        where = f"topic LIKE '{topic}@%'" if topic else "1"
        return self.number(f"SELECT sum(events + resent + dead_letters) FROM counters WHERE kind = 2 AND {where}")

    def clicks(self, prefix: str = "") -> Counter[str]:
        """Human clicks by link."""
        rows = self.http.rows(
            f"SELECT link, sum(clicks) FROM ctr_1m WHERE startsWith(link, '{prefix}') GROUP BY link"
        )
        return Counter({link: int(count) for link, count in rows if int(count)})

    def assert_chain_unbroken(self) -> None:
        """Every flush begins where the last one of its topic-partition ended, and is there once."""
        rows = self.http.rows(
            "SELECT topic, partition, first_offset, max(last_offset), sum(batches) FROM counters WHERE kind = 2"
            " GROUP BY topic, partition, first_offset ORDER BY topic, partition, first_offset"
        )
        ends: dict[tuple[str, str], int] = {}
        for topic, partition, first, last, batches in rows:
            assert int(batches) == 1, rows
            assert int(first) == ends.get((topic, partition), -1) + 1, rows
            ends[topic, partition] = int(last)


def wait_for(reached: Callable[[], bool], what: str, workers: Sequence[StreamProcess] = ()) -> None:
    """Poll until it is so; fail at the deadline with the workers' last words."""
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > WITHIN_S:
            words = "\n".join(worker.log.read_text()[-2000:] for worker in workers)
            raise AssertionError(f"not within {WITHIN_S} s: {what}\n{words}")
        time.sleep(pause_s(began))
