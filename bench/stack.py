"""The parts a bench measures, each pinned to a core, and looking at them from outside."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families

from bench.machine import LOAD_CORE, SERVER_CORE, cpu_seconds, on_core, pin
from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka, spawn
from redirector.cache.writer import CacheWriter
from schemas.clickhouse.migrate import MigrationError, migrate
from schemas.topics import Topic, ensure_topics, topics

CACHE: Final = Path("~/.cache/clicktally/bench").expanduser()
KAFKA_HEAP: Final = {"CLICKTALLY_LOCAL_KAFKA_HEAP_MB": "1024"}
"""What a broker with a host of its own would have; the default is for a laptop."""
_STOPPED_WITHIN_S: Final = 60.0


class BenchError(Exception):
    """The bench cannot go on, or found numbers that do not add up; the message says which."""


def say(text: str) -> None:
    """A line of progress."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory on disk (never in memory: fsync must cost what it costs), gone afterwards."""
    CACHE.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=CACHE, prefix="run-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def kafka(
    place: Path, *, partitions: int, core: int | None = LOAD_CORE, more: tuple[Topic, ...] = ()
) -> Iterator[Kafka]:
    """The embedded Kafka with clicktally's topics."""
    broker = Kafka(place / "kafka", env=KAFKA_HEAP)
    broker.start()
    try:
        pin(broker.pid, core)
        asyncio.run(ensure_topics(broker.bootstrap, (*topics(partitions=partitions), *more)))
        yield broker
    finally:
        broker.kill()


@contextmanager
def clickhouse(place: Path, *, core: int | None = LOAD_CORE) -> Iterator[ClickHouse]:
    """The embedded ClickHouse, with no database of ours yet."""
    database = ClickHouse(place / "clickhouse")
    database.start()
    try:
        pin(database.pid, core)
        yield database
    finally:
        database.kill()


@contextmanager
def fresh_database(server: ClickHouse, name: str) -> Iterator[str]:
    """A migrated database; its URL. Dropped afterwards."""
    url = f"{server.url}/{name}"
    asyncio.run(migrate(url))
    try:
        yield url
    finally:
        query(server, f"DROP DATABASE {name} SYNC")


def migrate_kept(server: ClickHouse, name: str) -> None:
    """Bring a database of an earlier run to today's schema, whatever the files were called then."""
    url = f"{server.url}/{name}"
    try:
        asyncio.run(migrate(url, progress=print))
    except MigrationError:
        query(server, f"DROP TABLE {name}.schema_migrations SYNC")  # every statement may be repeated
        asyncio.run(migrate(url, progress=print))


def query(server: ClickHouse, statement: str, body: bytes = b"", parameters: str = "") -> str:
    """What ClickHouse answers, as text. Raises BenchError with its words."""
    request = Request(f"{server.url}/?{parameters}", data=statement.encode() + body, method="POST")  # noqa: S310 - loopback
    try:
        with urlopen(request, timeout=600) as answer:  # noqa: S310 - the same
            return str(answer.read().decode())
    except URLError as error:
        refusal_text = error.read().decode()[:2000] if hasattr(error, "read") else repr(error)
        raise BenchError(f"ClickHouse refused {statement[:200]}: {refusal_text}") from error


def until_still(server: ClickHouse, *, within_s: float, database: str = "", resting_cpu_s: float = 0.03) -> None:
    """Wait until no merge runs (in the database, if one is named) and a second costs no more CPU than resting."""
    of_database = f" WHERE database = '{database}'" if database else ""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        before = cpu_seconds(server.pid)
        time.sleep(1.0)  # over which CPU is measured
        merges = int(query(server, f"SELECT count() FROM system.merges{of_database}"))
        if not merges and cpu_seconds(server.pid) - before <= resting_cpu_s:
            return


class Service:
    """A process of ours, on one core or any, with a status port."""

    def __init__(self, name: str, module: list[str], env: dict[str, str], log: Path, *, core: int | None) -> None:
        self.name = name
        self.log = log
        self.status_port = free_port()
        self.started_at = time.monotonic()
        port = {f"CLICKTALLY_{name.upper()}_METRICS_PORT": str(self.status_port)}
        self.process = spawn(on_core(core, [sys.executable, "-m", *module]), env=env | port, log=log)

    @property
    def pid(self) -> int:
        """The process itself: taskset has become it."""
        return self.process.pid

    def get(self, path: str) -> str:
        """What the status port answers; an empty text when it does not, or refuses."""
        try:
            with urlopen(f"http://127.0.0.1:{self.status_port}{path}", timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry the labels; 0 while there is no answer."""
        total = 0.0
        for family in text_string_to_metric_families(self.get("/metrics")):
            for sample in family.samples:
                if sample.name in {name, name + "_total"} and labels.items() <= sample.labels.items():
                    total += sample.value
        return total

    def until(
        self, holds: Callable[[], bool], what: str, *, within_s: float = 120.0, every_s: float = 0.02
    ) -> float:
        """Wait; returns when it held, monotonic. Raises BenchError with the end of the log."""
        deadline = time.monotonic() + within_s
        while not holds():
            if self.process.poll() is not None or time.monotonic() > deadline:
                words = self.log.read_bytes()[-3000:].decode(errors="replace")
                raise BenchError(f"{self.name}: {what} did not come within {within_s} s; its log ends:\n{words}")
            time.sleep(every_s)
        return time.monotonic()

    def stop(self) -> None:
        """SIGTERM, as an operator would."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def worker(
    bootstrap: str,
    url: str,
    log: Path,
    *,
    core: int | None = SERVER_CORE,
    group: str = "bench",
    settings: Mapping[str, str] | None = None,
) -> Iterator[Service]:
    """A stream worker; `settings` without their prefix."""
    env = {"BOOTSTRAP_SERVERS": bootstrap, "CLICKHOUSE_URL": url, "GROUP": group}
    yield from running("stream", ["stream"], env | dict(settings or {}), log, core)


@contextmanager
def relay(bootstrap: str, place: Path, *, core: int | None = SERVER_CORE) -> Iterator[Service]:
    """A relay of `place`/spool and `place`/links."""
    env = {"BOOTSTRAP_SERVERS": bootstrap, "SPOOL_DIR": f"{place}/spool", "LINK_CACHE_DIR": f"{place}/links"}
    yield from running("relay", ["redirector", "relay"], env, place / "relay.log", core)


@contextmanager
def serve(
    place: Path, *, port: int, core: int | None = SERVER_CORE, settings: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """One `serve` process on `place`/spool and `place`/links."""
    env = {"PORT": str(port), "SPOOL_DIR": f"{place}/spool", "LINK_CACHE_DIR": f"{place}/links"}
    yield from running("serve", ["redirector", "serve"], env | dict(settings or {}), place / "serve.log", core)


def running(name: str, module: list[str], env: dict[str, str], log: Path, core: int | None) -> Iterator[Service]:
    """A service of any kind, its settings without their prefix, for as long as the caller goes on."""
    prefixed = {f"CLICKTALLY_{name.upper()}_{key}": value for key, value in env.items()}
    service = Service(name, module, prefixed, log, core=core)
    try:
        yield service
    finally:
        service.stop()


def fill_link_cache(directory: Path, links: dict[str, bytes]) -> None:
    """Make a link cache that holds these links (Link as JSON by key) and says it is ready."""
    writer = CacheWriter.open(directory)
    try:
        # In the order of the keys: millions of links in any other take minutes.
        changes = ((key.encode(), value) for key, value in sorted(links.items()))
        writer.table("links").apply(changes, next_offset=0, ready=True, now_s=time.time())
    finally:
        writer.close()
