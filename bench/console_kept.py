"""An installation with millions of links, made once as people make it and kept: runs after the first begin in it.

All links come from a file, by `clicktally links import`; the console's index, the redirector's cache and ClickHouse
follow the topic from nothing. What that took is kept beside them, step by step, and belongs to every run's figures.
An index of another layout is made anew and measured anew.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from bench.console_links import write_file
from bench.machine import LOAD_CORE, SERVER_CORE, cpu_seconds, on_core, pin, rss_bytes
from bench.results import Rounds
from bench.stack import CACHE, KAFKA_HEAP, BenchError, Service, migrate_kept, query, relay, running, say
from console.api.index import LAYOUT
from deploy.local.processes import ClickHouse, Kafka, spawn
from schemas.topics import ensure_topics, topics

DATABASE: Final = "console"
IMPORT: Final = "import of a file"
INDEX: Final = "index following the topic"
CACHE_FOLLOWING: Final = "the redirector's cache following"
TABLE_FOLLOWING: Final = "ClickHouse following"
_LAYOUT: Final = 2
"""Counted up when the links would come out otherwise: a directory of another layout is made anew."""
_PARTITIONS: Final = 4
_SAY_S: Final = 10.0
_LOOK_S: Final = 0.1
_LEAST_CPU_S: Final = 0.01
"""As fine as CPU is told."""
_MIB: Final = 2**20


class Kept(msgspec.Struct, frozen=True):
    """What a directory says of itself once its links are imported: what was measured by now, and of which index."""

    layout: int
    links: int
    at: str
    figures: dict[str, dict[str, float]]
    index_layout: int = 0

    @property
    def to_follow(self) -> tuple[str, ...]:
        """Who has yet to follow the topic."""
        return tuple(
            name
            for name in (INDEX, CACHE_FOLLOWING, TABLE_FOLLOWING)
            if name not in self.figures or (name == INDEX and self.index_layout != LAYOUT)
        )


@dataclass(frozen=True)
class World:
    """What runs throughout. `place` is kept, `scratch` is this run's own."""

    place: Path
    scratch: Path
    server: ClickHouse
    broker: Kafka
    links: int
    made_at: str = ""

    @property
    def url(self) -> str:
        """Of the database."""
        return f"{self.server.url}/{DATABASE}"


@contextmanager
def installation(scratch: Path, links: int, measured: Rounds) -> Iterator[World]:
    """Kafka and ClickHouse with this many links, an index and a cache of them; from an earlier run or made now."""
    place = CACHE / f"console-{links}"
    kept = _kept(place, links)
    if kept is None:
        shutil.rmtree(place, ignore_errors=True)
    elif TABLE_FOLLOWING in kept.to_follow:
        shutil.rmtree(place / "clickhouse", ignore_errors=True)
    server, broker = ClickHouse(place / "clickhouse"), Kafka(place / "kafka", env=KAFKA_HEAP)
    try:
        server.start()
        migrate_kept(server, DATABASE)
        server.stop()
        for part in (server, broker):  # names of links are not loaded by now: nobody asks for them while they come
            part.start()
            pin(part.pid, LOAD_CORE)
        asyncio.run(ensure_topics(broker.bootstrap, topics(partitions=_PARTITIONS)))
        world = World(place, scratch, server, broker, links)
        if kept is None:
            kept = _keep(world, {IMPORT: _imported(world)})
        if kept.to_follow:
            kept = _followed(world, kept)
        for name, measures in kept.figures.items():
            measured.add(name, **measures)
        yield World(place, scratch, server, broker, links, made_at=kept.at)
    finally:
        broker.stop()
        server.stop()


@contextmanager
def console(world: World, port: int) -> Iterator[Service]:
    """A console on core 0, which goes on with the index that it finds."""
    env = {
        "BOOTSTRAP_SERVERS": world.broker.bootstrap,
        "CLICKHOUSE_URL": world.url,
        "DIRECTORY": str(world.place / "index"),
        "PORT": str(port),
        "REQUESTS_PER_SECOND": "1000000",
        "REQUESTS_BURST": "1000000",
    }
    yield from running("api", ["console", "serve"], env, world.scratch / "api.log", SERVER_CORE)


@contextmanager
def copying(world: World) -> Iterator[Service]:
    """What copies links into ClickHouse, on core 1."""
    env = {"BOOTSTRAP_SERVERS": world.broker.bootstrap, "CLICKHOUSE_URL": world.url}
    yield from running("tables", ["stream", "tables"], env, world.scratch / "tables.log", LOAD_CORE)


def _kept(place: Path, links: int) -> Kept | None:
    try:
        kept = msgspec.json.decode((place / "made.json").read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return kept if (kept.layout, kept.links) == (_LAYOUT, links) else None


def _keep(world: World, figures: dict[str, dict[str, float]], *, index_layout: int = 0) -> Kept:
    at = datetime.now(UTC).isoformat(timespec="minutes")
    kept = Kept(layout=_LAYOUT, links=world.links, at=at, figures=figures, index_layout=index_layout)
    (world.place / "made.json").write_bytes(msgspec.json.encode(kept))
    return kept


def _imported(world: World) -> dict[str, float]:
    """All links from a file into the topic. Raises BenchError."""
    file, log = world.scratch / "links.ndjson", world.scratch / "import.log"
    write_file(file, world.links, say)
    env = {"CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": world.broker.bootstrap}
    command = [sys.executable, "-m", "console", "links", "import", str(file)]
    kafka_cpu, began, said = cpu_seconds(world.broker.pid), time.monotonic(), time.monotonic()
    process = spawn(on_core(SERVER_CORE, command), env=env, log=log)
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)  # unlike Popen's, it tells what was used
        if ended:
            break
        if time.monotonic() - said > _SAY_S:
            said = time.monotonic()
            say("import: " + log.read_text(errors="replace").strip().rpartition("\n")[2])
        time.sleep(_LOOK_S)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    file.unlink()
    if process.returncode:
        raise BenchError(f"the import failed: {log.read_text(errors='replace')[-3000:]}")
    return {
        "links_per_s": world.links / seconds,
        "links_per_cpu_s": world.links / (used.ru_utime + used.ru_stime),
        "kafka_cpu_us_per_link": (cpu_seconds(world.broker.pid) - kafka_cpu) / world.links * 1e6,
        "peak_mib": used.ru_maxrss * 1024 / _MIB,
    }


def _followed(world: World, kept: Kept) -> Kept:
    """Those who have yet to follow links, from nothing to all of them, at once. Raises BenchError."""
    for name, part in ((INDEX, "index"), (CACHE_FOLLOWING, "links")):
        if name in kept.to_follow:
            shutil.rmtree(world.place / part, ignore_errors=True)
    with ExitStack() as stack:
        api = stack.enter_context(console(world, 0))
        there: dict[str, Callable[[], float]] = {}
        pids = {INDEX: api.pid}
        if INDEX in kept.to_follow:
            there[INDEX] = lambda: api.metric("clicktally_api_index_links")
        if CACHE_FOLLOWING in kept.to_follow:
            cache = stack.enter_context(relay(world.broker.bootstrap, world.place, core=LOAD_CORE))
            there[CACHE_FOLLOWING] = lambda: cache.metric("clicktally_relay_followed_applied", topic="links")
            pids[CACHE_FOLLOWING] = cache.pid
        if TABLE_FOLLOWING in kept.to_follow:
            pids[TABLE_FOLLOWING] = stack.enter_context(copying(world)).pid
            there[TABLE_FOLLOWING] = lambda: float(query(world.server, f"SELECT count() FROM {DATABASE}.links"))
        api.until(lambda: api.get("/metrics") != "", "its metrics")
        for name, measures in _until_there(world, api, there, pids):
            index_layout = LAYOUT if name == INDEX else kept.index_layout
            kept = _keep(world, kept.figures | {name: measures}, index_layout=index_layout)
        api.until(lambda: api.metric("clicktally_api_writer") == 1, "a console that writes")
    return kept


def _until_there(
    world: World, api: Service, there: dict[str, Callable[[], float]], pids: dict[str, int]
) -> Iterator[tuple[str, dict[str, float]]]:
    """What it took each to have all links, as they are there; the index with the most memory that it took."""
    began, said, peak_bytes = time.monotonic(), time.monotonic(), 0
    cpu = {name: cpu_seconds(pid) for name, pid in pids.items()}
    waiting = set(there)
    while waiting:
        counts = {name: there[name]() for name in waiting}
        seconds = time.monotonic() - began
        peak_bytes = max(peak_bytes, rss_bytes(api.pid))
        for name in [name for name in waiting if counts[name] >= world.links]:
            waiting.discard(name)
            cpu_s = max(cpu_seconds(pids[name]) - cpu[name], _LEAST_CPU_S)
            rates = {"links_per_s": world.links / seconds, "links_per_cpu_s": world.links / cpu_s}
            yield name, rates | ({"peak_mib": peak_bytes / _MIB} if name == INDEX else {})
        if time.monotonic() - said > _SAY_S:
            said = time.monotonic()
            say(f"after {seconds:.0f} s: " + ", ".join(f"{name} {n:,.0f}" for name, n in counts.items()))
        if seconds > 600 + world.links / 1_000:
            raise BenchError(f"not everybody followed within {seconds:.0f} s: {counts}")
        time.sleep(0.5)
