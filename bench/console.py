"""The console at ten million links: its answers, import, live counts, memory, and what so many cost the redirector;
and its reports over 100 million counter rows.

    python -m bench.console [--links N] [--listeners N]

Links come by the ways that people use: by `clicktally links import` once, into an installation that is kept for the
next run, and by bulk over HTTP in each run. The console has a core, all else has the other.
"""

import argparse
import asyncio
import http.client
import os
import time
from contextlib import ExitStack
from typing import Final

import msgspec
import numpy as np

from bench.console_api import Door, bulk, changes, reads, took_ms
from bench.console_kept import DATABASE, IMPORT, INDEX, World, console, copying, installation
from bench.console_links import own_lines, publish_token
from bench.console_live import told
from bench.console_redirects import FEW_LINKS, SHARE, redirects
from bench.console_reports import ACCOUNT_GOAL_MS, CAMPAIGN_GOAL_MS, reports
from bench.load import wrk
from bench.machine import LOAD_CORE, cpu_seconds, disk_bytes, rss_bytes, run_bench
from bench.results import Goal, Result, Rounds, goals_line, publish
from bench.stack import BenchError, Service, query, relay, say, scratch, serve, until_still, worker
from bench.traffic import DOMAIN
from deploy.local.ports import free_port
from schemas.tokens import new_token

LINKS: Final = 10_000_000
LISTENERS: Final = 2_000
SEARCH_GOAL_MS: Final = 200.0
IMPORT_GOAL: Final = 50_000.0
LIVE_GOAL_S: Final = 2.0
SERVE_GOAL: Final = 1.2
ROWS_PER_LINK: Final = 10
"""Of the account of which reports are asked: 100 million counter rows beside 10 million links."""
_BULK_LINES: Final = 100_000
_TIMES: Final = 100
_TIMES_QUICK: Final = 40
_CLIENTS: Final = 4
_CLICKS: Final = 10
_CLICKS_PER_S: Final = 50
_MIB: Final = 2**20


def resume(api: Service, measured: Rounds) -> None:
    """How long a console that has its index needs until it takes changes."""
    api.until(lambda: api.metric("clicktally_api_writer") == 1, "a console that writes", within_s=1800, every_s=0.1)
    seconds = time.monotonic() - api.started_at
    measured.add(
        "console, started again", seconds=seconds, cpu_s=cpu_seconds(api.pid), mib=rss_bytes(api.pid) / _MIB
    )


def import_lines(world: World, api: Service, door: Door, measured: Rounds) -> None:
    """More links by bulk, onto all that are there."""
    new = list(own_lines(f"bulk-{time.time_ns():x}", min(_BULK_LINES, world.links)))
    cpu = cpu_seconds(api.pid)
    kafka_cpu = cpu_seconds(world.broker.pid)
    seconds = bulk(door, new)
    measured.add(
        "bulk over HTTP",
        lines_per_s=len(new) / seconds,
        lines_per_cpu_s=len(new) / (cpu_seconds(api.pid) - cpu),
        kafka_cpu_us_per_line=(cpu_seconds(world.broker.pid) - kafka_cpu) / len(new) * 1e6,
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
    with ExitStack() as stack:
        stack.enter_context(relay(world.broker.bootstrap, world.scratch, core=LOAD_CORE))
        stack.enter_context(copying(world))
        counting = stack.enter_context(
            worker(world.broker.bootstrap, world.url, world.scratch / "worker.log", core=LOAD_CORE)
        )
        serving = stack.enter_context(serve(world.scratch, port=port, core=LOAD_CORE))
        counting.until(lambda: '"ready": true' in counting.get("/readyz"), "a ready worker")
        within_s = 120 + world.links / 5_000
        serving.until(lambda: _redirects(port, slugs), "the last link", within_s=within_s)
        say("the redirector has all links")
        last = f"{DOMAIN}/{list(slugs.values())[-1]}"
        counted = f"SELECT count() FROM {DATABASE}.links WHERE link = '{last}'"
        counting.until(
            lambda: int(query(world.server, counted)) > 0, "the last link in ClickHouse", within_s=within_s
        )
        say("ClickHouse has all links")
        load_names(world, measured)
        think_ms = 64 / _CLICKS_PER_S * 1000
        load = wrk(world.scratch, port, links=world.links, connections=64, seconds=90, think_ms=think_ms)
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


def load_names(world: World, measured: Rounds) -> None:
    """What reports and live counts name links by, in ClickHouse's memory; then nothing is left to be done there."""
    began = time.monotonic()
    query(world.server, f"SYSTEM RELOAD DICTIONARY {DATABASE}.link_names")
    seconds = time.monotonic() - began
    held = f"SELECT bytes_allocated FROM system.dictionaries WHERE database = '{DATABASE}' AND name = 'link_names'"
    measured.add("names of links in ClickHouse", load_s=seconds, mib=int(query(world.server, held)) / _MIB)
    until_still(world.server, within_s=300, resting_cpu_s=0.2)


def _links_of_their_own(door: Door) -> dict[str, str]:
    connection = door.connection()
    names = [f"live-{time.time_ns():x}-{number}" for number in range(_CLICKS)]  # no other run's
    slugs = dict(zip(names, names, strict=True))
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
    """Import, answers, listeners, redirects, reports."""
    os.sched_setaffinity(0, {LOAD_CORE})
    measured = Rounds()
    token, bearer = new_token(
        name="bench", roles=("links:read", "links:write", "reports:read"), now_ms=int(time.time() * 1000)
    )
    with ExitStack() as stack:
        place = stack.enter_context(scratch())
        world = stack.enter_context(installation(place, links, measured))
        publish_token(world.broker.bootstrap, token)
        (place / "links").symlink_to(world.place / "links")
        port = free_port()
        door = Door(port, bearer)
        with console(world, port) as api:
            resume(api, measured)
            import_lines(world, api, door, measured)
            slowest_ms = answers(world, door, measured)
            index_mib = disk_bytes(world.place / "index") / _MIB
            measured.add("console", mib=rss_bytes(api.pid) / _MIB, index_mib=index_mib)
            told_s = live(world, api, door, listeners, measured)
        ratio = redirects(place, links, measured, rounds=5 if links == LINKS else 3)
    campaign_ms, account_ms = reports(links * ROWS_PER_LINK, measured)
    return Result(
        name="console",
        title=f"Console and redirector with {links:,} links",
        command="make bench-console" + ("" if links == LINKS else f" LINKS={links}"),
        figures=measured.figures(),
        goals=[
            Goal("first page of any list or search, p95", slowest_ms, "at most", SEARCH_GOAL_MS, "ms"),
            Goal(
                "links per CPU second, import of a file",
                measured.median(IMPORT, "links_per_cpu_s"),
                "at least",
                IMPORT_GOAL,
                "links/s",
            ),
            Goal(
                "lines per CPU second of the console, bulk over HTTP",
                measured.median("bulk over HTTP", "lines_per_cpu_s"),
                "at least",
                IMPORT_GOAL,
                "lines/s",
            ),
            Goal(
                "links per CPU second, index following the topic",
                measured.median(INDEX, "links_per_cpu_s"),
                "at least",
                IMPORT_GOAL,
                "links/s",
            ),
            Goal(f"the last of {listeners:,} listeners told of a click", told_s, "at most", LIVE_GOAL_S, "s"),
            Goal(f"serve's p99 against {FEW_LINKS:,} links", ratio, "at most", SERVE_GOAL),
            Goal("any report of one campaign, 30 days, p95", campaign_ms, "at most", CAMPAIGN_GOAL_MS, "ms"),
            Goal("any report of the whole account, 30 days, p95", account_ms, "at most", ACCOUNT_GOAL_MS, "ms"),
        ],
        leaves_out=[
            "a network and TLS: all clients are on the same machine, and all listeners in one process.",
        ],
        notes=[
            f"The links were imported and followed at {world.made_at}: what is measured of that is of then.",
            f"Reports are of the account of `make bench-query`, of {links * ROWS_PER_LINK:,} counter rows.",
            f"{_BULK_LINES:,} more came by bulk, in one request.",
            "Rates of imports are held to their goals per CPU second: what a core of its own does.",
            "A page is looked for at most CLICKTALLY_API_SEARCH_WITHIN_S (0.15 s) and says where to go on then.",
            f"Beside the clicks that listeners are told of, {_CLICKS_PER_S} others a second on random links.",
            f"serve: {SHARE:.0%} of what it answers with few links, clicked by Zipf's law; p99s compared by round.",
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
