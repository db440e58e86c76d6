"""How many counted, durable redirects a second one `serve` process answers on one core.

    python -m bench.redirect [--seconds N] [--rounds N]

Against an aiohttp application that records nothing and nginx with its access log, alternating in one run.
"""

import argparse
import os
import shutil
from pathlib import Path
from typing import Final

from bench.load import Load, wrk
from bench.machine import LOAD_CORE, cpu_seconds, run_bench
from bench.redirectors import BARE, CONTESTANTS, KAFKA_DOWN, NGINX, ORDINARY, PROXIED, SERVE, Redirector, running
from bench.results import Goal, Result, Rounds, alternating, publish
from bench.stack import BenchError, scratch

LINKS: Final = 100_000
CONNECTIONS: Final = 64
CLIENTS: Final = 192
SHARE: Final = 0.7
WARM_UP_S: Final = 2
_WARM_UPS: Final = 10
_PROBES: Final = 2


def measure(redirector: Redirector, place: Path, seconds: float, *, proxied: bool = False) -> dict[str, float]:
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
            proxied=proxied,
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
                rounds_seen.add(
                    contestant, **measure(redirector, place / "load", seconds, proxied=contestant == PROXIED)
                )
            shutil.rmtree(here)
    # What a core gives when nobody else is on it: on a shared machine the plain rate says who else was there.
    per_s = "redirects_per_cpu_s"
    return Result(
        name="redirect",
        title="Redirect: counted and durable, one process, one core",
        command="make bench-redirect",
        figures=rounds_seen.figures(),
        goals=[
            Goal(
                "redirects per CPU second against bare aiohttp",
                rounds_seen.ratio(SERVE, BARE, per_s),
                "at least",
                2.0,
            ),
            Goal(
                "redirects per CPU second against nginx with its log",
                rounds_seen.ratio(SERVE, NGINX, per_s),
                "at least",
                0.45,
            ),
            Goal("p99 at 70 % load", rounds_seen.median(SERVE, "p99_ms_at_70_percent"), "at most", 5.0, "ms"),
            Goal(
                "redirects per CPU second, Kafka down against up",
                rounds_seen.ratio(KAFKA_DOWN, SERVE, per_s),
                "at least",
                0.95,
            ),
        ],
        leaves_out=[
            "a network, TLS, new connections: every client keeps its connection and is on the same machine.",
            "an open-loop client: at 70 % wrk plays 192 clients that wait a random time between clicks.",
            "what nginx is spared: no link is looked up, no visitor hashed, and a crash loses 64 kB of its log.",
            "the spool is synced once a second (the default); the disk is whatever this machine has.",
            (
                "more variety of headers: clients differ by user agent, referrer and, behind the proxy, address,"
                " request id and language; a head that differs from all before in another header is parsed."
            ),
            (
                "the proxy itself: wrk sends what one passes on (X-Real-IP, X-Forwarded-For, X-Forwarded-Proto,"
                " X-Request-ID, Via), a client of 16 million in each request, and serve trusts the loopback."
            ),
        ],
        notes=[
            f"{ORDINARY}: {rounds_seen.ratio(ORDINARY, BARE, per_s):.2f} of bare aiohttp per CPU second.",
            f"{PROXIED}: {rounds_seen.ratio(PROXIED, SERVE, per_s):.2f} of serve without one per CPU second.",
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
