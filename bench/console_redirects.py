"""What many links cost a redirector: the p99 of `serve` with all of them over that with few."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from bench.console_links import link_of_rank
from bench.load import wrk
from bench.machine import cpu_seconds, rss_bytes
from bench.results import Rounds, alternating
from bench.stack import fill_link_cache, serve
from deploy.local.ports import free_port

FEW_LINKS: Final = 1_000
_CLIENTS: Final = 192
SHARE: Final = 0.5
"""Of what one process answers with few links: a host that is sized for its peaks."""
_REQUESTS: Final = 500_000
"""Different ones: with 50,000, of as many links, the few that are asked for would be in every cache."""
_MIB: Final = 2**20


class Load(NamedTuple):
    """Who is asked, of how many links, and whether by Zipf's law."""

    place: Path
    links: int
    skewed: bool


def redirects(directory: Path, links: int, measured: Rounds, *, rounds: int) -> float:
    """The ratio, under the same load in turn; `directory`/links is the cache with all of them.

    Links are clicked by Zipf's law, as the bench's events are; all of them as often as any other is measured
    beside it: the worst that can be.
    """
    few, many, even = (directory / name for name in ("few", "many", "even"))
    for place in (few, many, even):
        place.mkdir()
    small = {link.key: msgspec.json.encode(link) for link in map(link_of_rank, range(FEW_LINKS))}
    fill_link_cache(few / "links", small)
    for place in (many, even):
        (place / "links").symlink_to((directory / "links").resolve())
    loads = {
        f"serve, {FEW_LINKS:,} links": Load(few, FEW_LINKS, skewed=True),
        f"serve, {links:,} links": Load(many, links, skewed=True),
        f"serve, {links:,} links, each as often as any other": Load(even, links, skewed=False),
    }
    ports = {load.place: free_port() for load in loads.values()}
    with ExitStack() as stack:
        crowd = {place: stack.enter_context(serve(place, port=ports[place])) for place in ports}
        for one in crowd.values():
            one.until(lambda: bool(one.get("/metrics")), "its metrics")  # noqa: B023 - called at once

        def run(load: Load, seconds: float, think_ms: float = 0.0) -> tuple[float, float]:
            done = wrk(
                load.place / "load",
                ports[load.place],
                links=load.links,
                connections=_CLIENTS if think_ms else 64,
                seconds=seconds,
                think_ms=think_ms,
                requests=_REQUESTS,
                skewed=load.skewed,
            ).finish()
            return done.per_s, done.p99_us / 1000

        of_few, of_many, of_all_evenly = loads.values()
        full, _ = max(run(of_few, 3), run(of_few, 3))
        for load in (of_many, of_all_evenly):
            run(load, 10)  # whoever keeps answers has met most links before it is measured, as in service
        think_ms = _CLIENTS / (SHARE * full) * 1000
        names = list(loads)
        # p99 of five seconds goes up and down by half from one round to the next, whatever is asked.
        for _, name in (*alternating(names[:2], rounds * 3), *alternating(names[2:], rounds)):
            load = loads[name]
            cpu = cpu_seconds(crowd[load.place].pid)
            per_s, p99_ms = run(load, 5, think_ms)
            cpu = cpu_seconds(crowd[load.place].pid) - cpu
            measured.add(
                name,
                p99_ms=p99_ms,
                redirects_per_s=per_s,
                cpu_us_per_redirect=cpu / (per_s * 5) * 1e6,
                mib=rss_bytes(crowd[load.place].pid) / _MIB,
            )
    return measured.ratio(names[1], names[0], "p99_ms")
