"""The whole pipeline as processes of our own, with proxies where the network is to fail."""

import asyncio
import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from aiokafka import AIOKafkaProducer

from deploy.local.ports import free_port
from deploy.local.probe import clickhouse_answers, kafka_answers
from schemas.clickhouse.migrate import migrate
from schemas.counters import topic_and_epoch
from schemas.links import Link
from schemas.topics import LINKS, TOKENS, ensure_topics, topics
from tests.chaos.abuse import DOMAIN
from tests.chaos.consoles import NAMES, Consoles
from tests.chaos.http import NoAnswerError, scrape, select
from tests.chaos.log_reader import LogReader
from tests.chaos.proxy import Proxy
from tests.chaos.supervisor import Supervisor, Unit
from tests.looking import pause_s
from tests.tokens import token

PARTITIONS: Final = 3
HOLDER: Final = token(1, "impressions:write", "links:read", "links:write")
LOAD_LINKS: Final = 40
READY_WITHIN_S: Final = 180.0
TMPFS_BYTES: Final = 48 * 1024 * 1024
_CLONE_NEWNS: Final = 0x00020000

T = TypeVar("T")


def have_own_mounts() -> bool:
    """Enter a mount namespace of our own, so that what is mounted goes with us; False where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(_CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], check=False).returncode == 0


def wait_for(condition: Callable[[], bool], what: str, within_s: float = READY_WITHIN_S) -> None:
    """Poll until the condition holds. Raises TimeoutError."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within_s:
            raise TimeoutError(f"not within {within_s:.0f} s: {what}")
        time.sleep(pause_s(began))


class Stack:
    """Ports, directories, units and proxies of one run below `place`."""

    def __init__(self, place: Path, *, own_mounts: bool, links: list[str]) -> None:
        self.place: Final = place
        self.logs: Final = place / "logs"
        self.spool_dir: Final = place / "spool"
        self.links: Final = links
        self.supervisor: Final = Supervisor()
        self.port: Final = free_port()
        self.kafka_port: Final = free_port()
        self.clickhouse_port: Final = free_port()
        self.kafka_behind: Final = free_port()
        self.kafka_proxy: Final = Proxy(free_port(), self.kafka_behind)
        self.clickhouse_proxy: Final = Proxy(free_port(), self.clickhouse_port)
        self.bootstrap: Final = f"127.0.0.1:{self.kafka_port}"
        self.clickhouse_url: Final = f"http://127.0.0.1:{self.clickhouse_port}"
        self.reader: Final = LogReader(
            self.bootstrap, {"clicks": PARTITIONS, "impressions": PARTITIONS, "dead-letters": 1}
        )
        self.link_reader: Final = LogReader(self.bootstrap, {LINKS: 1}, committed=True)
        self.consoles: Final = Consoles()
        self.metrics_ports: Final[dict[str, int]] = dict(self.consoles.metrics_ports)
        self.loop: Final = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="network", daemon=True)
        self._reading: list[asyncio.Task[None]] = []
        for directory in (self.logs, self.spool_dir):
            directory.mkdir(parents=True)
        self.small_disk: Final = own_mounts and self._mount()

    @property
    def _proxies(self) -> list[Proxy]:
        return [self.kafka_proxy, self.clickhouse_proxy, *self.consoles.proxies.values()]

    def call(self, coroutine: Coroutine[Any, Any, T], within_s: float = 180.0) -> T:
        """Run a coroutine on the network's event loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(within_s)

    def start(self) -> None:
        """Start everything and wait until a click could be counted."""
        self._thread.start()
        for proxy in self._proxies:
            self.call(proxy.start())
        local = {
            "CLICKTALLY_LOCAL_DATA_DIR": str(self.place),
            "CLICKTALLY_LOCAL_KAFKA_PORT": str(self.kafka_port),
            "CLICKTALLY_LOCAL_KAFKA_CONTROLLER_PORT": str(free_port()),
            "CLICKTALLY_LOCAL_KAFKA_SECOND_PORT": str(self.kafka_behind),
            "CLICKTALLY_LOCAL_KAFKA_SECOND_ADVERTISED_PORT": str(self.kafka_proxy.port),
            "CLICKTALLY_LOCAL_CLICKHOUSE_PORT": str(self.clickhouse_port),
        }
        self._add("kafka", "kafka", ["deploy.local.kafka"], local).start()
        self._add("clickhouse", "clickhouse", ["deploy.local.clickhouse"], local).start()
        wait_for(self.kafka_is_up, "Kafka")
        wait_for(self.clickhouse_is_up, "ClickHouse")
        self.call(ensure_topics(self.bootstrap, topics(partitions=PARTITIONS)))
        self.call(migrate(f"{self.clickhouse_url}/clicktally"))
        self.call(self._publish_links())
        self._reading = self.call(self._begin_reading())
        self._add("relay", "relay", ["redirector", "relay"], self._relay_env()).start()
        for number in (1, 2):
            self._add(f"serve-{number}", "serve", ["redirector", "serve"], self._serve_env(number)).start()
        for number in (1, 2):
            self.add_stream_worker(number).start()
        self._add("tables", "tables", ["stream", "tables"], self._tables_env()).start()
        for name in NAMES:
            self._add(name, "console", ["console", "serve"], self._console_env(name)).start()
        self.supervisor.run()
        wait_for(self._all_serve, "the serve processes")
        wait_for(self.consoles.are_ready, "the consoles")

    def stop(self) -> None:
        """End every process."""
        self.supervisor.stop(first=("console", "tables", "stream", "relay"))
        if self._thread.is_alive():
            self.call(self._end_network())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
        self.loop.close()
        if self.small_disk:
            subprocess.run(["umount", "-l", str(self.spool_dir)], check=False)

    def add_stream_worker(self, number: int) -> Unit:
        """One more worker, not started."""
        name = f"stream-{number}"
        known = self.supervisor.units.get(name)
        return known or self._add(name, "stream", ["stream"], self._stream_env(name))

    def kafka_is_up(self) -> bool:
        """Whether the broker answers."""
        return kafka_answers("127.0.0.1", self.kafka_port)

    def clickhouse_is_up(self) -> bool:
        """Whether ClickHouse answers."""
        return clickhouse_answers("127.0.0.1", self.clickhouse_port)

    def select(self, query: str) -> list[list[Any]]:
        """Rows from ClickHouse, asked directly. Raises NoAnswerError."""
        return select(self.clickhouse_url, query)

    def heads(self) -> dict[tuple[str, int], int]:
        """The last offset applied, by topic and partition. Raises NoAnswerError."""
        rows = self.select("SELECT topic, partition, max(last_offset) FROM counters WHERE kind = 1 GROUP BY ALL")
        return {(topic_and_epoch(str(topic))[0], int(partition)): int(last) for topic, partition, last in rows}

    def _all_serve(self) -> bool:
        names = [unit.name for unit in self.supervisor.of_kind("serve")]
        return all(self.metric(name, "clicktally_serve_") is not None for name in names)

    def links_in_ctr_1m(self, links: list[str]) -> int:
        """How many of the links a BI tool sees with clicks and impressions; 0 while ClickHouse does not answer."""
        named = ", ".join(f"'{link}'" for link in links)
        try:
            rows = select(
                self.clickhouse_url,
                f"SELECT link FROM ctr_1m WHERE link IN ({named}) GROUP BY link"
                " HAVING sum(gross_clicks) > 0 AND sum(gross_impressions) > 0",
                timeout_s=2,
            )
        except NoAnswerError:
            return 0
        return len(rows)

    def metric(self, unit: str, name: str) -> float | None:
        """A metric of a unit, summed over its labels."""
        return scrape(self.metrics_ports[unit], name)

    def _mount(self) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "clicktally-chaos", str(self.spool_dir)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _add(self, name: str, kind: str, module: list[str], env: dict[str, str]) -> Unit:
        command = [sys.executable, "-m", *module]
        return self.supervisor.add(Unit(name, kind, command, env, self.logs / f"{name}.log"))

    def _metrics_port(self, name: str) -> str:
        self.metrics_ports[name] = free_port()
        return str(self.metrics_ports[name])

    def _relay_env(self) -> dict[str, str]:
        prefix = "CLICKTALLY_RELAY_"
        return {
            f"{prefix}BOOTSTRAP_SERVERS": f"127.0.0.1:{self.kafka_proxy.port}",
            f"{prefix}SPOOL_DIR": str(self.spool_dir),
            f"{prefix}LINK_CACHE_DIR": str(self.place / "links"),
            f"{prefix}METRICS_PORT": self._metrics_port("relay"),
            f"{prefix}REQUEST_TIMEOUT_MS": "3000",
            f"{prefix}RETRY_MAX_MS": "500",
        }

    def _serve_env(self, number: int) -> dict[str, str]:
        prefix = "CLICKTALLY_SERVE_"
        return {
            f"{prefix}PORT": str(self.port),
            f"{prefix}METRICS_PORT": self._metrics_port(f"serve-{number}"),
            f"{prefix}SPOOL_DIR": str(self.spool_dir),
            f"{prefix}LINK_CACHE_DIR": str(self.place / "links"),
            f"{prefix}SEGMENT_BYTES": "100000",
            # So that the stream meets times that it refuses.
            f"{prefix}MAX_SKEW_S": "100000000",
            f"{prefix}MAX_AGE_DAYS": "10000",
        }

    def _stream_env(self, name: str) -> dict[str, str]:
        prefix = "CLICKTALLY_STREAM_"
        return {
            f"{prefix}BOOTSTRAP_SERVERS": self.bootstrap,
            f"{prefix}CLICKHOUSE_URL": f"http://127.0.0.1:{self.clickhouse_proxy.port}/clicktally",
            f"{prefix}CLICKHOUSE_TIMEOUT_S": "3",
            f"{prefix}INSTANCE_ID": name,
            f"{prefix}SESSION_TIMEOUT_S": "6",
            f"{prefix}HEARTBEAT_INTERVAL_S": "1",
            f"{prefix}STALLED_AFTER_S": "20",
            f"{prefix}METRICS_PORT": self._metrics_port(name),
        }

    def _tables_env(self) -> dict[str, str]:
        prefix = "CLICKTALLY_TABLES_"
        return {
            f"{prefix}BOOTSTRAP_SERVERS": self.bootstrap,
            f"{prefix}CLICKHOUSE_URL": f"http://127.0.0.1:{self.clickhouse_proxy.port}/clicktally",
            f"{prefix}CLICKHOUSE_TIMEOUT_S": "3",
            f"{prefix}REQUEST_TIMEOUT_MS": "3000",
            f"{prefix}METRICS_PORT": self._metrics_port("tables"),
        }

    def _console_env(self, name: str) -> dict[str, str]:
        """The second one reaches Kafka through the proxy."""
        behind_proxy = f"127.0.0.1:{self.kafka_proxy.port}"
        return self.consoles.env(
            name,
            self.place,
            bootstrap=behind_proxy if name == NAMES[-1] else self.bootstrap,
            clickhouse_url=f"{self.clickhouse_url}/clicktally",
            redirector_url=f"http://127.0.0.1:{self.port}",
        )

    async def _publish_links(self) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for slug in self.links:
                link = Link(domain=DOMAIN, slug=slug, destination=f"https://example.com/{slug}")
                await producer.send(LINKS, msgspec.json.encode(link), key=link.key.encode())
            await producer.send(TOKENS, msgspec.json.encode(HOLDER), key=HOLDER.key.encode())
            await producer.flush()
        finally:
            await producer.stop()

    async def _begin_reading(self) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(reader.run()) for reader in (self.reader, self.link_reader)]

    async def _end_network(self) -> None:
        for task in self._reading:
            task.cancel()
        if self._reading:
            await asyncio.wait(self._reading, timeout=5)
        for proxy in self._proxies:
            await proxy.stop()
