"""How many counted, durable redirects a second one `serve` process answers on one core.

    python -m bench.redirect [--seconds N] [--rounds N]

Against an aiohttp application that records nothing and nginx with its access log, alternating in one run.
"""

import argparse
import os
import shutil
from pathlib import Path
from typing import Final

from bench.load import Load, Way, wrk
from bench.machine import LOAD_CORE, cpu_seconds, run_bench
from bench.redirectors import (
    BARE,
    CDN,
    CONTESTANTS,
    KAFKA_DOWN,
    NGINX,
    ORDINARY,
    PROXIED,
    SERVE,
    Redirector,
    running,
)
from bench.results import Goal, Result, Rounds, alternating, publish
from bench.stack import BenchError, scratch

LINKS: Final = 100_000
CONNECTIONS: Final = 64
CLIENTS: Final = 192
SHARE: Final = 0.7
WARM_UP_S: Final = 2
_WARM_UPS: Final = 10
_PROBES: Final = 2
_WAYS: Final[dict[str, Way]] = {PROXIED: "proxy", CDN: "CDN"}


def measure(redirector: Redirector, place: Path, seconds: float, *, way: Way = "direct") -> dict[str, float]:
    """Full load, then 70 % of it; every answer must have its line afterwards."""
    answered = 1  # by the look whether it is up
    in_flight = 0
    loads: list[Load] = []

    def load(connections: int, seconds: float, think_ms: float = 0.0) -> Load:
        nonlocal answered, in_flight
        run = wrk(
            place,
            redirector.port,
            links=LINKS,
            connections=connections,
            seconds=seconds,
            think_ms=think_ms,
            way=way,
        ).finish()
        answered += run.requests
        in_flight += connections
        loads.append(run)
        return run

    # Whoever keeps answers ready has met most links before it is measured, as in service.
    for _ in range(_WARM_UPS):
        if answered >= LINKS:
            break
        load(CONNECTIONS, WARM_UP_S)
    cpu = cpu_seconds(redirector.pid)
    full = load(CONNECTIONS, seconds)
    cpu = cpu_seconds(redirector.pid) - cpu
    think_ms = CLIENTS / (SHARE * full.per_s) * 1000
    for _ in range(_PROBES):
        probe = load(CLIENTS, 1, think_ms)
        think_ms = max(0.1, think_ms * probe.per_s / (SHARE * full.per_s))
    part = load(CLIENTS, seconds, think_ms)
    measures = {
        "redirects_per_s": full.per_s,
        "redirects_per_cpu_s": full.requests / cpu,
        "p99_ms_at_full_load": full.p99_us / 1000,
        "load_share": part.per_s / full.per_s,
        "p50_ms_at_70_percent": part.p50_us / 1000,
        "p99_ms_at_70_percent": part.p99_us / 1000,
    }
    redirector.stop()
    if redirector.recorded is not None:
        _check(redirector.recorded(), answered, in_flight)
    return measures


def run(seconds: float, rounds: int) -> Result:
    """All contestants, round by round."""
    os.sched_setaffinity(0, {LOAD_CORE})
    rounds_seen = Rounds()
    with scratch() as place:
        for number, contestant in alternating(CONTESTANTS, rounds):
            here = place / f"{CONTESTANTS.index(contestant)}-{number}"
            with running(contestant, here, links=LINKS) as redirector:
                way = _WAYS.get(contestant, "direct")
                rounds_seen.add(contestant, **measure(redirector, place / "load", seconds, way=way))
            shutil.rmtree(here)

    def ratio(words: str, contestant: str, other: str, goal: float) -> Goal:
        # What a core gives when nobody else is on it: on a shared machine the plain rate says who else was there.
        value = rounds_seen.ratio(contestant, other, "redirects_per_cpu_s")
        return Goal(f"redirects per CPU second {words}", value, "at least", goal)

    return Result(
        name="redirect",
        title="Redirect: counted and durable, one process, one core",
        command="make bench-redirect",
        figures=rounds_seen.figures(),
        goals=[
            ratio("against bare aiohttp", SERVE, BARE, 2.2),
            ratio("against nginx with its log", SERVE, NGINX, 0.65),
            ratio("behind a proxy against without", PROXIED, SERVE, 0.8),
            ratio("behind a CDN against without", CDN, SERVE, 0.7),
            ratio("in the ordinary lane against bare aiohttp", ORDINARY, BARE, 0.8),
            ratio("with Kafka down against up", KAFKA_DOWN, SERVE, 0.95),
            Goal("p99 at 70 % load", rounds_seen.median(SERVE, "p99_ms_at_70_percent"), "at most", 5.0, "ms"),
        ],
        leaves_out=[
            "a network, TLS, new connections: every client keeps its connection and is on the same machine.",
            "an open-loop client: at 70 % wrk plays 192 clients that wait a random time between clicks.",
            "what nginx is spared: no link is looked up, no visitor hashed, and a crash loses 64 kB of its log.",
            "the spool is synced once a second (the default); the disk is whatever this machine has.",
            (
                "more variety of headers: clients differ by user agent, referrer and, behind the proxy, address,"
                " request id and language, behind the CDN its fields, client hints and cookies (50,000 heads)."
            ),
            (
                "the proxy itself: wrk sends what one passes on (X-Real-IP, X-Forwarded-For, X-Forwarded-Proto,"
                " X-Request-ID, Via), a client of 16 million in each request, and serve trusts the loopback."
            ),
        ],
        notes=[
            "All of serve's contestants look addresses up in an MMDB file of 4,096 networks.",
            "After every round the recorded lines were counted: one for each answer, and those still under way.",
        ],
    )


def _check(recorded: int, answered: int, in_flight: int) -> None:
    if not answered <= recorded <= answered + in_flight:
        raise BenchError(
            f"{answered} redirects were answered and {recorded} recorded, {in_flight} could be under way"
        )


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.redirect", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    publish(run(arguments.seconds, arguments.rounds))


if __name__ == "__main__":
    run_bench(main, needs=("wrk", "nginx", "taskset"))
