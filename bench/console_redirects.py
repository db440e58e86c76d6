"""What many links cost a redirector: the p99 of `serve` with all of them over that with few."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from bench.console_links import link_of_rank
from bench.load import wrk
from bench.machine import cpu_seconds, rss_bytes
from bench.results import Rounds, alternating
from bench.stack import fill_link_cache, serve
from deploy.local.ports import free_port

FEW_LINKS: Final = 1_000
_CLIENTS: Final = 192
SHARE: Final = 0.7
"""Of what one process answers with few links: as in the bench of redirects."""
_REQUESTS: Final = 500_000
"""Different ones: with 50,000, of as many links, the few that are asked for would be in every cache."""
_MIB: Final = 2**20


def redirects(directory: Path, links: int, measured: Rounds, *, rounds: int) -> float:
    """The ratio, under the same load in turn; `directory`/links is the cache with all of them."""
    few = directory / "few"
    few.mkdir()
    small = {link.key: msgspec.json.encode(link) for link in map(link_of_rank, range(FEW_LINKS))}
    fill_link_cache(few / "links", small)
    many = directory / "many"
    many.mkdir()
    (many / "links").symlink_to((directory / "links").resolve())
    names = {few: f"serve, {FEW_LINKS:,} links", many: f"serve, {links:,} links"}
    ports = {few: free_port(), many: free_port()}
    links_of = {few: FEW_LINKS, many: links}
    with ExitStack() as stack:
        crowd = {place: stack.enter_context(serve(place, port=ports[place])) for place in names}
        for one in crowd.values():
            one.until(lambda: bool(one.get("/metrics")), "its metrics")  # noqa: B023 - called at once

        def load(place: Path, seconds: float, think_ms: float = 0.0) -> tuple[float, float]:
            connections = _CLIENTS if think_ms else 64
            done = wrk(
                place / "load",
                ports[place],
                links=links_of[place],
                connections=connections,
                seconds=seconds,
                think_ms=think_ms,
                requests=_REQUESTS,
            ).finish()
            return done.per_s, done.p99_us / 1000

        load(many, 10)  # whoever keeps answers has met most links before it is measured, as in service
        full, _ = max(load(few, 3), load(few, 3))
        think_ms = _CLIENTS / (SHARE * full) * 1000
        for _, place in alternating(list(names), rounds):
            cpu = cpu_seconds(crowd[place].pid)
            per_s, p99_ms = load(place, 5, think_ms)
            cpu = cpu_seconds(crowd[place].pid) - cpu
            measured.add(
                names[place],
                p99_ms=p99_ms,
                redirects_per_s=per_s,
                cpu_us_per_redirect=cpu / (per_s * 5) * 1e6,
                mib=rss_bytes(crowd[place].pid) / _MIB,
            )
    return measured.ratio(names[many], names[few], "p99_ms")
