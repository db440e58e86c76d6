"""The relay as a process: `run` is what `python -m redirector relay` calls."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from redirector.misses.outbox import Outbox
from redirector.relay.delivery import Sender
from redirector.relay.following import follow_topics
from redirector.relay.key_sharing import KeySharing
from redirector.relay.metrics import RelayMetrics
from redirector.relay.misses import MissesMover
from redirector.relay.parts import run_parts
from redirector.relay.round import Limits
from redirector.relay.settings import RelaySettings
from redirector.relay.shipper import Fleet, Shipper
from redirector.spool.lock import take_lock
from schemas.logs import tell_lost_connections
from schemas.producer import KafkaProducer, ProducerSettings
from schemas.status import status_server

log = logging.getLogger(__name__)

RELAY_LOCK_NAME: Final = "relay.lock"
_MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024
_GRACE_S: Final = 5.0


async def run(settings: RelaySettings) -> None:
    """Ship spools and follow topics until SIGTERM or SIGINT; a round under way gets 5 s to be acknowledged.

    Raises SystemExit when another relay works on the same spools: two would take each other's lines for lost; and
    when a part of it ended by itself.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    tell_lost_connections(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    lock = _own(settings.spool_dir)
    try:
        metrics = RelayMetrics(CollectorRegistry())
        sender = Sender(_new_producer(settings), metrics, retry=settings.retry)
        async with status_server(
            settings.metrics_host, settings.metrics_port, metrics.registry, trouble=sender.trouble
        ):
            log.info("relay ships %s, metrics on port %d", settings.spool_dir, settings.metrics_port)
            await _work(settings, metrics, sender, stopping)
    finally:
        os.close(lock)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _own(spool_dir: Path) -> int:
    spool_dir.mkdir(parents=True, exist_ok=True)
    lock = take_lock(spool_dir / RELAY_LOCK_NAME, create=True)
    if lock is None:
        raise SystemExit(f"another relay works on {spool_dir}: stop it first, or give this one spools of its own")
    return lock


def _new_producer(settings: RelaySettings) -> Callable[[], KafkaProducer]:
    producing = ProducerSettings(
        kafka=settings.kafka,
        request_timeout_ms=settings.request_timeout_ms,
        compression=settings.compression,
        max_request_bytes=_MAX_REQUEST_BYTES,
        linger_ms=settings.linger_ms,
    )
    return lambda: KafkaProducer(producing)


async def _work(settings: RelaySettings, metrics: RelayMetrics, sender: Sender, stopping: asyncio.Event) -> None:
    retry = settings.retry
    slots = asyncio.Semaphore(settings.max_rounds)

    def new_shipper(spool: Path) -> Shipper:
        return Shipper(
            spool,
            sender,
            metrics,
            limits=Limits(settings.batch_events, settings.batch_bytes),
            round_bytes=settings.round_bytes,
            round_interval_s=settings.round_interval_ms / 1000,
            slots=slots,
            retry=retry,
        )

    fleet = Fleet(settings.spool_dir, new_shipper, metrics, retry=retry)
    shipping = asyncio.create_task(
        fleet.run(stopping, scan_interval_s=settings.scan_interval_ms / 1000), name="shipping"
    )
    others = (
        asyncio.create_task(follow_topics(settings, metrics), name="following"),
        asyncio.create_task(
            KeySharing(settings, metrics, _new_producer(settings)).run(), name="sharing the visitors' key"
        ),
        asyncio.create_task(
            MissesMover(Outbox(settings.spool_dir), _new_producer(settings), metrics, retry=retry).run(),
            name="moving misses",
        ),
    )
    try:
        await run_parts(shipping, others, stopping, grace_s=_GRACE_S)
    finally:
        await sender.close()
