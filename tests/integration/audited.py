"""An installation to audit: a broker and a database of its own, a real stream worker, batches by spool."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from console.audit.findings import Finding, Report
from console.audit.run import Scope, audit
from console.settings import ConsoleSettings
from deploy.local.ports import free_port
from deploy.local.processes import REPOSITORY, ClickHouse, Kafka, spawn
from schemas.batches import BatchHeaders
from schemas.clickhouse.client import connect
from schemas.events import Click, Event, Impression
from schemas.spool import new_spool_id
from schemas.topics import CLICKS, EVENT_TOPICS, ensure_topics, topics
from tests.integration.migrated import make_migrated
from tests.looking import pause_s

PARTITIONS: Final = 2
TABLES: Final = ("counters", "events", "snapshots")
HUMAN: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
_COUNTED_WITHIN_S: Final = 120.0


def runbook_sql(name: str) -> str:
    """The first statement of a runbook."""
    text = (REPOSITORY / "docs/runbooks" / name).read_text()
    return text.partition("```sql\n")[2].partition("```")[0].strip()


class Spool:
    """The batches of one spool, as a relay cuts them: each names where the partition's last one ended."""

    def __init__(self, seed: int = 0) -> None:
        self.spool_id = new_spool_id()
        self._seq = 0
        self._prev: dict[tuple[str, int], int] = {}
        self._seed = seed

    def batch(self, topic: str, partition: int, size: int) -> tuple[bytes, BatchHeaders]:
        """The next `size` events of the spool, all for one partition."""
        first, now_ms = self._seq + 1, time.time_ns() // 1_000_000
        events: list[Event] = []
        for _ in range(size):
            self._seq += 1
            link = f"go.example/{(self._seq + self._seed) % 7}"
            if topic == CLICKS:
                events.append(Click(time_ms=now_ms, link=link, seq=self._seq, ua=HUMAN))
            else:
                events.append(
                    Impression(
                        time_ms=now_ms,
                        link=link,
                        source="pixel",
                        kind="served",
                        seq=self._seq,
                        count=1 + self._seq % 3,
                    )
                )
        headers = BatchHeaders(
            spool=self.spool_id, first=first, last=self._seq, prev=self._prev.get((topic, partition), 0)
        )
        self._prev[topic, partition] = self._seq
        return b"\n".join(msgspec.json.encode(event) for event in events), headers


class Installation:
    """A broker, a database, and what fills them."""

    def __init__(self, kafka: Kafka, clickhouse: ClickHouse, directory: Path) -> None:
        self.kafka = kafka
        self.clickhouse = clickhouse
        self.directory = directory
        self.database = f"audit_{uuid.uuid4().hex[:12]}"

    @property
    def url(self) -> str:
        """The database."""
        return f"{self.clickhouse.url}/{self.database}"

    async def set_up(self) -> None:
        """Tables and topics."""
        await asyncio.to_thread(make_migrated, self.clickhouse.url, self.database)
        await ensure_topics(self.kafka.bootstrap, topics(partitions=PARTITIONS))

    async def copy(self) -> "Installation":
        """The same broker, and a database with the same rows, to do harm to."""
        twin = Installation(self.kafka, self.clickhouse, self.directory)
        await asyncio.to_thread(make_migrated, twin.clickhouse.url, twin.database)
        for table in TABLES:
            await twin.sql(f"INSERT INTO {table} SELECT * FROM {self.database}.{table}")
        return twin

    async def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement and wait for its mutation, if it is one."""
        client = await connect(self.url, settings={"mutations_sync": 2})
        try:
            if statement.startswith("SELECT"):
                return [tuple(row) for row in (await client.query(statement)).result_rows]
            await client.command(statement)
        finally:
            await client.close()
        return []

    async def delete(self, table: str, condition: str) -> None:
        """Take rows away."""
        await self.sql(f"ALTER TABLE {table} DELETE WHERE {condition}")

    async def produce(self, spool: Spool, *, rounds: int, size: int = 20, pause_s: float = 0.0) -> None:
        """Batches for every partition, `rounds` times."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all") as producer:
            for _ in range(rounds):
                for topic in EVENT_TOPICS:
                    for partition in range(PARTITIONS):
                        value, headers = spool.batch(topic, partition, size)
                        await producer.send(topic, value, partition=partition, headers=headers.to_kafka())
                await asyncio.sleep(pause_s)

    async def produce_bytes(self, *values: bytes) -> None:
        """Records as they come, to the first partition of the clicks."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all") as producer:
            for value in values:
                await producer.send_and_wait(CLICKS, value, partition=0)

    @contextmanager
    def stream(self, **settings: object) -> Iterator[None]:
        """A stream worker that runs inside the block and is told to stop at its end."""
        chosen = {
            "bootstrap_servers": self.kafka.bootstrap,
            "clickhouse_url": self.url,
            "group": self.database,
            "flush_interval_s": 0.3,
            "metrics_port": free_port(),
            **settings,
        }
        worker = spawn(
            [sys.executable, "-m", "stream"],
            env={f"CLICKTALLY_STREAM_{name.upper()}": str(value) for name, value in chosen.items()},
            log=self.directory / "stream.log",
        )
        try:
            yield
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(60)
            finally:
                worker.kill()
                worker.wait()

    async def until_counted(self, events: int) -> None:
        """Wait until so many events are durable, dead letters included."""
        began = time.monotonic()
        counted: object = None
        while time.monotonic() - began < _COUNTED_WITHIN_S:
            ((counted,),) = await self.sql("SELECT sum(events) + sum(dead_letters) FROM counters WHERE kind = 2")
            if counted == events:
                return
            await asyncio.sleep(pause_s(began))
        log = (self.directory / "stream.log").read_text()[-3000:]
        raise AssertionError(f"{counted} of {events} events are counted; the worker says {log}")

    async def audit(self, *, settle_s: float = 0.2, deep: bool = False, spool_dir: Path | None = None) -> Report:
        """Audit the last day of it."""
        settings = ConsoleSettings.load(self.environment())
        return await audit(settings, Scope(int(time.time()) - 86_400, spool_dir, deep, settle_s))

    async def wrong(self, *, deep: bool = False) -> list[Finding]:
        """What an audit finds that is not fine."""
        return [finding for finding in (await self.audit(deep=deep)).findings if finding.severity != "ok"]

    def run_audit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command, as an operator runs it."""
        environment = {**os.environ, "COLUMNS": "200", **self.environment()}
        return subprocess.run(
            [sys.executable, "-m", "console", "audit", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """What the console is told."""
        return {
            "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": self.kafka.bootstrap,
            "CLICKTALLY_CONSOLE_CLICKHOUSE_URL": self.url,
        }
