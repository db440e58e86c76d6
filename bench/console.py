"""The console at ten million links: its answers, import, live counts, memory, and what so many cost the redirector.

    python -m bench.console [--links N] [--listeners N]

Links come by the ways that people use: most through the topic, as `clicktally links import` writes them, the rest
by bulk over HTTP; the redirector's cache is filled by its relay. The console has a core, all else has the other.
"""

import argparse
import asyncio
import http.client
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from bench.console_api import Door, bulk, changes, reads, took_ms
from bench.console_links import publish as publish_links
from bench.console_live import told
from bench.console_redirects import FEW_LINKS, SHARE, redirects
from bench.load import wrk
from bench.machine import LOAD_CORE, SERVER_CORE, cpu_seconds, disk_bytes, rss_bytes, run_bench
from bench.results import Goal, Result, Rounds, goals_line, publish
from bench.stack import (
    BenchError,
    Service,
    clickhouse,
    fresh_database,
    kafka,
    relay,
    running,
    scratch,
    serve,
    worker,
)
from bench.traffic import DOMAIN
from deploy.local.processes import ClickHouse, Kafka, free_port
from schemas.tokens import new_token

LINKS: Final = 10_000_000
LISTENERS: Final = 2_000
SEARCH_GOAL_MS: Final = 200.0
IMPORT_GOAL: Final = 50_000.0
LIVE_GOAL_S: Final = 2.0
SERVE_GOAL: Final = 1.2
_BULK_LINES: Final = 100_000
_TIMES: Final = 100
_TIMES_QUICK: Final = 40
_CLIENTS: Final = 4
_CLICKS: Final = 10
_CLICKS_PER_S: Final = 50
_SAY_S: Final = 10.0
_MIB: Final = 2**20


@dataclass(frozen=True)
class World:
    """What runs throughout."""

    place: Path
    server: ClickHouse
    broker: Kafka
    url: str
    links: int


def say(text: str) -> None:
    """A line of progress."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)


@contextmanager
def console(world: World, port: int) -> Iterator[Service]:
    """A console on core 0, with an index that it has yet to make."""
    env = {
        "BOOTSTRAP_SERVERS": world.broker.bootstrap,
        "CLICKHOUSE_URL": world.url,
        "DIRECTORY": str(world.place / "index"),
        "PORT": str(port),
        "REQUESTS_PER_SECOND": "1000000",
        "REQUESTS_BURST": "1000000",
    }
    yield from running("api", ["console", "serve"], env, world.place / "api.log", SERVER_CORE)


def follow(api: Service, links: int, measured: Rounds) -> None:
    """Wait until a console that began with nothing has all links in its index."""
    api.until(lambda: api.get("/metrics") != "", "its metrics")
    began, cpu, said = time.monotonic(), cpu_seconds(api.pid), 0.0
    peak = 0

    def indexed() -> bool:
        nonlocal said, peak
        there = api.metric("clicktally_api_index_links")
        peak = max(peak, rss_bytes(api.pid))
        if time.monotonic() - said > _SAY_S:
            said = time.monotonic()
            say(f"{there:,.0f} links in the index after {said - began:.0f} s")
        return there >= links

    api.until(indexed, "all links in the index", within_s=120 + links / 1_000, every_s=0.1)
    seconds, cpu = time.monotonic() - began, cpu_seconds(api.pid) - cpu
    measured.add(
        "index following the topic",
        links_per_s=links / seconds,
        links_per_cpu_s=links / cpu,
        peak_mib=peak / _MIB,
    )
    api.until(lambda: api.metric("clicktally_api_writer") == 1, "a console that writes")


def import_lines(world: World, api: Service, door: Door, first: int, measured: Rounds) -> None:
    """The last links come by bulk, onto all that are there."""
    cpu = cpu_seconds(api.pid)
    kafka_cpu = cpu_seconds(world.broker.pid)
    seconds = bulk(door, first, world.links)
    count = world.links - first
    measured.add(
        "bulk over HTTP",
        lines_per_s=count / seconds,
        lines_per_cpu_s=count / (cpu_seconds(api.pid) - cpu),
        kafka_cpu_us_per_line=(cpu_seconds(world.broker.pid) - kafka_cpu) / count * 1e6,
    )


def answers(world: World, door: Door, measured: Rounds) -> float:
    """Every kind of request, by one client and by several at once; the slowest first page's p95 (ms)."""
    slowest = 0.0
    for name, kind in (reads(world.links) | changes(world.links)).items():
        for clients in (1, _CLIENTS):
            took = took_ms(door, kind, times=_TIMES if world.links == LINKS else _TIMES_QUICK, clients=clients)
            measured.add(name if clients == 1 else f"{name}, {clients} clients", **took)
            if clients == 1 and name.startswith(("search", "list")):
                slowest = max(slowest, took["p95_ms"])
    return slowest


def live(world: World, api: Service, door: Door, listeners: int, measured: Rounds) -> float:
    """Clicks by the real way, others beside them, and everybody who listens; the slowest one's seconds."""
    slugs = _links_of_their_own(door)
    port = free_port()
    tables = {"BOOTSTRAP_SERVERS": world.broker.bootstrap, "CLICKHOUSE_URL": world.url}
    with ExitStack() as stack:
        stack.enter_context(relay(world.broker.bootstrap, world.place, core=LOAD_CORE))
        copying = stack.enter_context(
            contextmanager(running)("tables", ["stream", "tables"], tables, world.place / "tables.log", LOAD_CORE)
        )
        counting = stack.enter_context(
            worker(world.broker.bootstrap, world.url, world.place / "worker.log", core=LOAD_CORE)
        )
        serving = stack.enter_context(serve(world.place, port=port, core=LOAD_CORE))
        counting.until(lambda: '"ready": true' in counting.get("/readyz"), "a ready worker")
        serving.until(lambda: _redirects(port, slugs), "the last link", within_s=120 + world.links / 5_000)
        say("the redirector has all links")
        copying.until(
            lambda: copying.metric("clicktally_tables_rows_written", topic="links") >= world.links + len(slugs),
            "all links in ClickHouse",
            within_s=120 + world.links / 5_000,
            every_s=0.5,
        )
        say("ClickHouse has all links")
        think_ms = 64 / _CLICKS_PER_S * 1000
        load = wrk(world.place, port, links=world.links, connections=64, seconds=90, think_ms=think_ms)
        time.sleep(2)
        cpu, began = cpu_seconds(api.pid), time.monotonic()
        try:
            took, events = asyncio.run(told(door, port, slugs, listeners))
        finally:
            load.process.terminate()
            load.process.wait()
        seconds = time.monotonic() - began
        measured.add(
            f"{listeners:,} listeners",
            p50_s=float(np.percentile(took, 50)),
            p99_s=float(np.percentile(took, 99)),
            most_s=max(took),
            events_per_s=events / seconds,
            console_cores=(cpu_seconds(api.pid) - cpu) / seconds,
            console_mib=rss_bytes(api.pid) / _MIB,
        )
    return max(took)


def _links_of_their_own(door: Door) -> dict[str, str]:
    connection = door.connection()
    slugs = {f"live-{number}": f"live-{time.time_ns():x}-{number}" for number in range(_CLICKS)}
    for post, slug in slugs.items():
        body = {"domain": DOMAIN, "slug": slug, "destination": "https://shop.example/live", "post": post}
        connection.request("POST", "/v1/links", msgspec.json.encode(body | {"campaign": "live"}), door.headers)
        answer = connection.getresponse()
        if answer.status != 201:
            raise BenchError(f"a link was not made: {answer.status} {answer.read()[:300]!r}")
        answer.read()
    connection.close()
    return slugs


def _redirects(port: int, slugs: dict[str, str]) -> bool:
    """Whether the redirector knows the link that was made last: by HEAD, which is no click."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("HEAD", f"/{list(slugs.values())[-1]}", headers={"Host": DOMAIN})
        return connection.getresponse().status == 302
    except OSError:
        return False
    finally:
        connection.close()


def run(links: int, listeners: int) -> Result:
    """Import, answers, listeners, redirects."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured = Rounds()
    token, bearer = new_token(
        name="bench", roles=("links:read", "links:write", "reports:read"), now_ms=int(time.time() * 1000)
    )
    by_bulk = min(_BULK_LINES, links // 2)
    with ExitStack() as stack:
        place = stack.enter_context(scratch())
        server = stack.enter_context(clickhouse(place))
        broker = stack.enter_context(kafka(place, partitions=4))
        world = World(place, server, broker, stack.enter_context(fresh_database(server, "console")), links)
        say(f"writing {links - by_bulk:,} links into the topic")
        publish_links(broker.bootstrap, token, links - by_bulk, say)
        port = free_port()
        door = Door(port, bearer)
        with console(world, port) as api:
            follow(api, links - by_bulk, measured)
            import_lines(world, api, door, links - by_bulk, measured)
            slowest_ms = answers(world, door, measured)
            measured.add("console", mib=rss_bytes(api.pid) / _MIB, index_mib=disk_bytes(place / "index") / _MIB)
            told_s = live(world, api, door, listeners, measured)
        ratio = redirects(place, links, measured, rounds=5 if links == LINKS else 3)
    return Result(
        name="console",
        title=f"Console and redirector with {links:,} links",
        command="make bench-console" + ("" if links == LINKS else f" LINKS={links}"),
        figures=measured.figures(),
        goals=[
            Goal("first page of any list or search, p95", slowest_ms, "at most", SEARCH_GOAL_MS, "ms"),
            Goal(
                "import by bulk over HTTP",
                measured.median("bulk over HTTP", "lines_per_s"),
                "at least",
                IMPORT_GOAL,
                "lines/s",
            ),
            Goal(
                "index following the topic",
                measured.median("index following the topic", "links_per_s"),
                "at least",
                IMPORT_GOAL,
                "links/s",
            ),
            Goal(f"the last of {listeners:,} listeners told of a click", told_s, "at most", LIVE_GOAL_S, "s"),
            Goal(f"serve's p99 against {FEW_LINKS:,} links", ratio, "at most", SERVE_GOAL),
        ],
        leaves_out=[
            "a network and TLS: all clients are on the same machine, and all listeners in one process.",
            "reports: make bench-query asks them of 100 million counter rows.",
        ],
        notes=[
            f"{by_bulk:,} of the links came by bulk, in one request; the others through the topic.",
            "A page is looked for at most CLICKTALLY_API_SEARCH_WITHIN_S (0.15 s) and says where to go on then.",
            f"Beside the clicks that listeners are told of, {_CLICKS_PER_S} others a second on random links.",
            f"serve: {SHARE:.0%} of what it answers with few links; p99s are compared round by round.",
        ],
    )


def main() -> None:
    """Parse, run, publish what is of the full size."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--links", type=int, default=LINKS)
    parser.add_argument("--listeners", type=int, default=LISTENERS)
    arguments = parser.parse_args()
    result = run(arguments.links, arguments.listeners)
    if arguments.links == LINKS and arguments.listeners == LISTENERS:
        publish(result)
    else:
        print(goals_line(result.name, result.goals, machine=result.machine))


if __name__ == "__main__":
    run_bench(main, needs=("wrk", "taskset"))
