"""Kafka Connect as a contestant: a standalone worker with a thin sink that posts what lies in the topics.

The sink of `bench/peers/connect` is the least one can be: a poll's batches are one insert, unread. So this prices
Connect's worker and ClickHouse behind it; a sink that looks at its records costs more.
"""

import hashlib
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from bench import floor
from bench.counting import Counted, hold_merges, until_merged
from bench.machine import SERVER_CORE, cpu_seconds, on_core
from bench.stack import CACHE, BenchError, fresh_database, query
from bench.topics import Filled
from deploy.local.kafka.broker import LOG4J_CONFIG
from deploy.local.ports import free_port
from deploy.local.processes import REPOSITORY, ClickHouse, Kafka, spawn
from schemas.topics import CLICKS, EVENT_TOPICS, IMPRESSIONS

SOURCE: Final = REPOSITORY / "bench" / "peers" / "connect"
_BYTES: Final = "org.apache.kafka.connect.converters.ByteArrayConverter"
_READY_WITHIN_S: Final = 120.0
_SETTLED_WITHIN_S: Final = 300.0


def count_all(server: ClickHouse, broker: Kafka, filled: Filled, place: Path, name: str) -> Counted:
    """Insert everything into a new database, check the sums, drop it; from having its partitions on.

    Raises BenchError when it cannot be built or started, or its sums are wrong.
    """
    jars = build(CACHE / "connect")
    with fresh_database(server, name) as url:
        floor.create(server, name)
        hold_merges(server, name)
        with _running(jars, place / name, worker_settings(broker.bootstrap), sink_settings(url)) as worker:
            began = worker.until("opened", within_s=_READY_WITHIN_S)
            worker_cpu, database_cpu = cpu_seconds(worker.pid), cpu_seconds(server.pid)
            wall_s = worker.until(f"settled {filled.records} ", within_s=_SETTLED_WITHIN_S) - began
            worker_cpu = cpu_seconds(worker.pid) - worker_cpu
            settled_cpu = cpu_seconds(server.pid) - database_cpu
            inserts = worker.words().count("settled")
        merged_cpu = settled_cpu + until_merged(server, name)
        _check_sums(server, name, filled)
    return Counted(wall_s, worker_cpu, settled_cpu, merged_cpu, inserts)


def _check_sums(server: ClickHouse, name: str, filled: Filled) -> None:
    """Raise BenchError unless every event sent was counted, resent ones as often as they were sent.

    `events` cannot tell: the floor's view gives all rows one topic and offset.
    """
    clicks, impressions = query(server, f"SELECT sum(clicks), sum(impressions) FROM {name}.counters").split()
    counted, wanted = (int(clicks), int(impressions)), (filled.sent[CLICKS], filled.sent[IMPRESSIONS])
    if counted != wanted:
        raise BenchError(f"Kafka Connect's clicks, impressions: want {wanted}, found {counted}")


class _Worker:
    """A standalone worker's JVM; its sink says on stdout how far it is."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.process = spawn(on_core(SERVER_CORE, command), env={}, log=log)
        self.pid = self.process.pid
        self._log = log

    def words(self) -> str:
        """All that it has said."""
        return self._log.read_text(errors="replace")

    def until(self, word: str, *, within_s: float) -> float:
        """Wait for a word; returns when it was there, monotonic. Raises BenchError with the end of the log."""
        deadline = time.monotonic() + within_s
        while word not in self.words():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"Kafka Connect never said {word!r}; its log ends:\n{self.words()[-3000:]}")
            time.sleep(0.02)
        return time.monotonic()


@contextmanager
def _running(
    jars: Path, place: Path, worker: Mapping[str, object], sink: Mapping[str, object]
) -> Iterator[_Worker]:
    """A standalone worker with one sink on the server's core, gone afterwards."""
    place.mkdir(parents=True)
    files = []
    for name, settings in (("worker", worker), ("sink", sink)):
        files.append(place / f"{name}.properties")
        files[-1].write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    java = ["java", "-Xms1g", "-Xmx1g", f"-Dlog4j2.configurationFile={LOG4J_CONFIG}", "-cp", f"{jars}/*"]
    main = "org.apache.kafka.connect.cli.ConnectStandalone"
    running = _Worker([*java, main, *map(str, files)], place / "connect.log")
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def worker_settings(bootstrap: str) -> dict[str, object]:
    """Bytes are handed through unread, by polls of Kafka's default size: the larger an insert, the cheaper."""
    return {
        "bootstrap.servers": bootstrap,
        "listeners": f"http://127.0.0.1:{free_port()}",
        "offset.storage.file.filename": "/dev/null",  # for sources; a sink's offsets are in Kafka
        "key.converter": _BYTES,
        "value.converter": _BYTES,
        "header.converter": _BYTES,
        "consumer.auto.offset.reset": "earliest",
    }


def sink_settings(database_url: str) -> dict[str, object]:
    """One task, for it has one core. ClickHouse's settings are the floor's."""
    server, _, name = database_url.rpartition("/")
    insert = {"query": f"INSERT INTO {name}.incoming FORMAT JSONEachRow"} | floor.SETTINGS
    return {
        "name": name,  # and of the consumer group
        "connector.class": "bench.ClickHouseSink",
        "tasks.max": 1,
        "topics": ",".join(EVENT_TOPICS),
        "insert.url": f"{server}/?{urlencode(insert)}",
    }


def build(directory: Path) -> Path:
    """The class path of worker and sink, made by Maven unless it is there already.

    Raises BenchError when there is no Maven, no JDK or no jars to be had.
    """
    sources = sorted(path for path in SOURCE.rglob("*") if path.is_file())
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    mark = directory / "built-from.txt"
    if not mark.is_file() or mark.read_text() != wanted:
        shutil.rmtree(directory, ignore_errors=True)
        maven = ["mvn", "-q", "-B", "-f", str(SOURCE / "pom.xml"), f"-Dbench.directory={directory}"]
        goals = ["compiler:compile", "jar:jar", "dependency:copy-dependencies"]
        try:
            done = subprocess.run([*maven, *goals], capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise BenchError("it needs Maven and a JDK (Debian: apt-get install maven default-jdk)") from error
        if done.returncode:
            _, _, error_text = done.stdout.partition("[ERROR] ")
            raise BenchError(f"Maven could not build it: {' '.join(error_text.split())[:400]}")
        mark.write_text(wanted)
    return directory / "jars"
