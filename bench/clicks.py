"""CPU of a click in each lane, without the network: heads are given to the protocols, answers are thrown away.

    python -m bench.clicks [--rounds N] [--profile NAME]

All that a click needs is done: fields, MMDB look-up, event, append to the spool. Steadier on a busy machine than a
load over sockets; kernel and event loop come on top of it there. The least of several rounds counts.
"""

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from bench.load import get_links
from bench.peers.bare_aiohttp import application
from bench.places import write_places
from bench.request_heads import cdn_head, proxied_head, repeating_head
from bench.stack import fill_link_cache
from redirector.cache.reader import HostCache
from redirector.serve.addresses import Addresses
from redirector.serve.connections import Connections
from redirector.serve.counts import Counts
from redirector.serve.fast import FastLane
from redirector.serve.handler import Handler
from redirector.serve.key_book import NoKeyBook
from redirector.serve.ordinary import OrdinaryLane
from redirector.serve.service import serve_parts
from redirector.serve.settings import ServeSettings
from redirector.serve.visitors import Visitors
from redirector.spool.writer import SpoolWriter
from redirector.visitor_key.day_key import DayKey

LINKS: Final = 20_000
HEADS: Final = 8_192
AT_ONCE: Final = 16
"""Clients of which a request is there at the same time."""


class Client(asyncio.Transport):
    """A connection that nobody reads from."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.answers = 0
        protocol.connection_made(self)

    def get_extra_info(self, name: str, default: object = None) -> object:
        """A client of the loopback."""
        return ("127.0.0.1", 50_000) if name == "peername" else default

    def is_closing(self) -> bool:
        """Never."""
        return False

    def write(self, _data: bytes | bytearray | memoryview) -> None:
        """Away with it."""
        self.answers += 1

    def writelines(self, _data: object) -> None:
        """Away with them."""
        self.answers += 1

    def set_protocol(self, _protocol: asyncio.BaseProtocol) -> None:
        """Another lane takes over."""
        raise AssertionError("a head of this bench is plain")

    def pause_reading(self) -> None:
        """Nothing comes but what is given."""

    def resume_reading(self) -> None:
        """Nothing comes but what is given."""

    def close(self) -> None:
        """As it is."""


async def answer_all(clients: list[Client], heads: list[bytes]) -> None:
    """Each client sends a head a turn of the event loop, until all were answered."""
    for at in range(0, len(heads), len(clients)):
        for client, head in zip(clients, heads[at : at + len(clients)], strict=False):
            client.answers = 0
            client.protocol.data_received(head)
        while not all(client.answers for client in clients):  # noqa: ASYNC110 - one turn of the loop each
            await asyncio.sleep(0)


@contextmanager
def lanes(place: Path) -> Iterator[dict[str, Callable[[], asyncio.Protocol]]]:
    """Makers of connections by contestant, with a spool of their own on disk."""
    fill_link_cache(place / "links", get_links(LINKS))
    places = write_places(place / "places.mmdb")
    with ExitStack() as stack:
        made: dict[str, Callable[[], asyncio.Protocol]] = {}
        cache = stack.enter_context(_closing(HostCache.open(place / "links")))
        for name, proxies in (("direct", ()), ("proxied", ("127.0.0.0/8",))):
            settings = ServeSettings(
                spool_dir=place / f"spool-{name}",
                link_cache_dir=place / "links",
                fsync="never",
                trusted_proxies=proxies,
                country_header="CF-IPCountry",
            )
            spool = SpoolWriter.open(settings.spool_dir, segment_bytes=64 << 20, cap_bytes=8 << 30, fsync="never")
            stack.callback(spool.close)
            counts = Counts()
            parts = serve_parts(
                settings,
                cache,
                spool,
                counts,
                addresses=Addresses(places=places),
                visitors=Visitors(DayKey.random(0)),
            )
            connections = Connections(counts, 0.0)
            ordinary = OrdinaryLane(
                Handler(parts, settings, lambda: "", NoKeyBook()), connections, counts, settings
            )
            loop = asyncio.get_running_loop()
            fast = FastLane(parts, connections, settings, loop=loop, new_ordinary=ordinary.connection)
            made[name] = fast.connection
            made[f"ordinary {name}"] = ordinary.connection
        yield made


@contextmanager
def _closing(cache: HostCache) -> Iterator[HostCache]:
    yield cache
    cache.close()


async def _least_us(
    connect: Callable[[], asyncio.Protocol], heads: list[bytes], rounds: int, *, profile: bool
) -> float:
    """The cheapest round; the last one, under the profiler, is none."""
    clients = [Client(connect()) for _ in range(AT_ONCE)]
    took_us = []
    for number in range(rounds):
        some = heads[number * HEADS % len(heads) :][:HEADS]
        began = time.thread_time()
        await answer_all(clients, some)
        took_us.append((time.thread_time() - began) / len(some) * 1e6)
    if profile:
        profiler = cProfile.Profile()
        with profiler:
            await answer_all(clients, heads[:HEADS])
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(30)
    for client in clients:
        client.protocol.connection_lost(None)
    return min(took_us)


async def run(rounds: int, profiled: str) -> dict[str, float]:
    """Microseconds a click, by contestant."""
    draw = random.Random(5)
    repeating = [repeating_head(draw, LINKS) for _ in range(HEADS)]
    proxied = [proxied_head(draw, LINKS) for _ in range(HEADS * 2)]
    cdn = [cdn_head(draw, LINKS) for _ in range(HEADS * 2)]
    with tempfile.TemporaryDirectory(prefix="bench-clicks-") as directory, lanes(Path(directory)) as made:
        gc.freeze()  # as the service does
        runner = web.AppRunner(await application(), access_log=None)
        await runner.setup()
        assert runner.server is not None
        contestants: dict[str, tuple[Callable[[], asyncio.Protocol], list[bytes]]] = {
            "repeating heads": (made["direct"], repeating),
            "behind a proxy": (made["proxied"], proxied),
            "behind a CDN": (made["proxied"], cdn),
            "ordinary lane": (made["ordinary direct"], repeating),
            "bare aiohttp": (runner.server, repeating),
        }
        least: dict[str, float] = {}
        for name, (connect, heads) in contestants.items():
            if name == (profiled or name):
                least[name] = await _least_us(connect, heads, rounds, profile=bool(profiled))
        await runner.cleanup()
    return {name: round(us, 2) for name, us in least.items()}


def main() -> None:
    """Parse, run, print one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m bench.clicks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--profile", default="", help="a contestant, whose profile goes to stderr")
    chosen = parser.parse_args()
    print(json.dumps({"us_per_click": uvloop.run(run(chosen.rounds, chosen.profile))}))


if __name__ == "__main__":
    main()
