"""One `serve` process, from its settings to its sealed spool."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from redirector.cache.reader import HostCache
from redirector.misses.outbox import Outbox
from redirector.serve.access import Access
from redirector.serve.addresses import Addresses
from redirector.serve.admission import Admission, most_connections
from redirector.serve.clients import Proxies
from redirector.serve.connections import Connections
from redirector.serve.counts import Counts
from redirector.serve.failed_tries import FailedTries
from redirector.serve.fast import FastLane
from redirector.serve.handler import Handler
from redirector.serve.key_book import open_key_book
from redirector.serve.key_follower import KeyFollower
from redirector.serve.lookup import Lookup
from redirector.serve.metrics import ServeCollector
from redirector.serve.misses_keeper import MissesKeeper
from redirector.serve.ordinary import OrdinaryLane
from redirector.serve.parts import ServeParts
from redirector.serve.recorder import Recorder
from redirector.serve.request_facts import Observer
from redirector.serve.settings import ServeSettings
from redirector.serve.visitors import Visitors
from redirector.spool.writer import SpoolWriter
from redirector.visitor_key.day_key import day_of
from redirector.visitor_key.host_key import HostKey
from schemas.status import status_server

_log: Final = logging.getLogger(__name__)
_SCAN_S: Final = 1.0
_DRAIN_POLL_S: Final = 0.02
_BACKLOG: Final = 4096


@dataclass(frozen=True)
class Ports:
    """Where a running process listens; what was set, unless 0 was."""

    port: int
    metrics_port: int


async def run(settings: ServeSettings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is being answered and seal the spool."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with serving(settings) as ports:
        _log.info("listening", extra={"port": ports.port, "metrics_port": ports.metrics_port})
        gc.freeze()  # what lives from now to the end need not be looked at again
        await stopping.wait()


@asynccontextmanager
async def serving(settings: ServeSettings) -> AsyncIterator[Ports]:
    """Answer requests as long as the context lasts.

    Raises OSError when a port, the spool or the visitors' key is not to be had, AddressFilesError for a file that
    tells of addresses.
    """
    async with AsyncExitStack() as stack:
        cache = HostCache.open(settings.link_cache_dir)
        stack.callback(cache.close)
        spool = SpoolWriter.open(
            settings.spool_dir,
            segment_bytes=settings.segment_bytes,
            cap_bytes=settings.cap_bytes,
            fsync=settings.fsync,
        )
        stack.callback(spool.close)
        keys = open_key_book(settings.spool_dir, settings.keys_kept)
        stack.callback(keys.close)
        counts = Counts()
        addresses = _addresses(settings)
        host_key = HostKey(settings.spool_dir)
        visitors = Visitors(host_key.of(day_of(_wall_ms())))
        parts = serve_parts(settings, cache, spool, counts, addresses=addresses, visitors=visitors)

        def not_ready() -> str:
            if not cache.links.ready():
                return "the link cache is not filled yet: the relay has to read the links topic once"
            return parts.recorder.trouble

        most = settings.max_connections or most_connections()
        connections = Connections(counts, time.monotonic(), most=most)
        ordinary = OrdinaryLane(Handler(parts, settings, not_ready, keys), connections, counts, settings)
        loop = asyncio.get_running_loop()
        fast = FastLane(parts, connections, settings, loop=loop, new_ordinary=ordinary.connection)
        stack.callback(fast.settle)
        registry = CollectorRegistry()
        ServeCollector(
            counts,
            latency=parts.latency,
            open_connections=lambda: len(connections.open),
            spool_used_bytes=lambda: spool.used_bytes,
            spool_cap_bytes=settings.cap_bytes,
        ).register(registry)
        metrics_port = await stack.enter_async_context(
            status_server(settings.metrics_host, settings.metrics_port, registry, trouble=not_ready)
        )
        misses = MissesKeeper(parts.misses, Outbox(settings.spool_dir), counts, _wall_ms)
        stack.push_async_callback(misses.finish)
        server = await loop.create_server(
            Admission(fast.connection if settings.fast_lane else ordinary.connection, connections),
            settings.host,
            settings.port,
            backlog=_BACKLOG,
            reuse_port=True,
        )
        stack.push_async_callback(_drain, server, connections, settings.stop_timeout_s)
        _every(stack, _SCAN_S, partial(_scan, connections))
        _every(stack, settings.address_files_refresh_s, partial(_refresh, addresses))
        _every(stack, _SCAN_S, misses.keep)
        _every(stack, _SCAN_S, KeyFollower(visitors, host_key, _wall_ms).follow)
        if settings.fsync == "interval":
            _every(stack, settings.fsync_interval_s, partial(_sync, spool))
        yield Ports(server.sockets[0].getsockname()[1], metrics_port)


def _addresses(settings: ServeSettings) -> Addresses:
    return Addresses(
        places=Path(settings.places_file) if settings.places_file else None,
        networks=settings.network_files,
        clouds=settings.cloud_networks,
    )


def serve_parts(
    settings: ServeSettings,
    cache: HostCache,
    spool: SpoolWriter,
    counts: Counts,
    *,
    addresses: Addresses,
    visitors: Visitors,
) -> ServeParts:
    """What both lanes share, made from the settings and from what is open."""
    lookup = Lookup(
        cache.links,
        pixel_format=settings.pixel_format,
        keep=settings.prepared_links,
        refresh_ms=max(1, int(settings.link_refresh_s * 1000)),
        now_ms=_wall_ms(),
        slash_domains=settings.trailing_slash_domains,
        scan_parameter=settings.scan_parameter,
    )
    failed_tries = FailedTries(allowed=settings.wrong_tokens_per_minute, kept=settings.wrong_tokens_kept)
    return ServeParts(
        access=Access(cache.tokens, failed_tries),
        lookup=lookup,
        recorder=Recorder(spool, counts),
        observer=Observer(
            visitors,
            addresses,
            country_header=settings.country_header,
            region_header=settings.region_header,
            scan_parameter=settings.scan_parameter,
            opt_out_parameter=settings.opt_out_parameter,
        ),
        proxies=Proxies(settings.trusted_networks),
        counts=counts,
        clock=_wall_ms,
    )


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _every(stack: AsyncExitStack, period_s: float, act: Callable[[], Awaitable[None]]) -> None:
    """Do `act` each `period_s` until the stack unwinds; what is under way then is awaited."""
    stop = asyncio.Event()

    async def repeat() -> None:
        while not stop.is_set():
            await act()
            with suppress(TimeoutError):
                async with asyncio.timeout(period_s):
                    await stop.wait()

    task = asyncio.create_task(repeat())

    async def finish() -> None:
        stop.set()
        await task

    stack.push_async_callback(finish)


async def _scan(connections: Connections) -> None:
    connections.scan(time.monotonic())


async def _refresh(addresses: Addresses) -> None:
    await asyncio.get_running_loop().run_in_executor(None, addresses.refresh)


async def _sync(spool: SpoolWriter) -> None:
    try:
        await asyncio.get_running_loop().run_in_executor(None, spool.sync)
    except OSError:
        _log.exception("the spool could not be synced: a power cut now would lose the last events")


async def _drain(server: asyncio.Server, connections: Connections, timeout_s: float) -> None:
    """Accept nobody new, let everybody finish, cut who has not after `timeout_s`."""
    server.close()
    connections.stop()
    deadline = time.monotonic() + timeout_s
    while connections.open and time.monotonic() < deadline:  # noqa: ASYNC110 - connections end in many places
        await asyncio.sleep(_DRAIN_POLL_S)
    if cut := connections.abort():
        _log.warning("cut %d connections that were not done in time", cut)
        await asyncio.sleep(_DRAIN_POLL_S)
