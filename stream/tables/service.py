"""`python -m stream tables`: the copier of tables as a process, with the matcher and the rollers beside it."""

import asyncio
import contextlib
import logging
import signal
from typing import Final

from clickhouse_connect.driver.asyncclient import AsyncClient
from prometheus_client import CollectorRegistry

from schemas.cancelling import run_together
from schemas.clickhouse.client import connect
from schemas.errors import TransientError
from schemas.logs import tell_lost_connections
from schemas.retry import Retry, RetryPolicy
from schemas.snapshot_records import SnapshotSender, snapshot_producer
from schemas.status import status_server
from stream.tables.breakdowns import Roller
from stream.tables.copier import TopicCopier
from stream.tables.link_day_rows import ClickHouseLinkDays
from stream.tables.link_days import LinkDayRoller
from stream.tables.links import LINKS_TABLE
from stream.tables.matcher import Matcher
from stream.tables.metrics import MatcherMetrics, TablesMetrics, breakdown_metrics, link_day_metrics
from stream.tables.misses import MissesCopier
from stream.tables.roll_ups import ClickHouseRollUps
from stream.tables.rolling import Pace
from stream.tables.settings import TablesSettings
from stream.tables.store import ClickHouseTable
from stream.tables.unmatched import ClickHouseMatches

logger = logging.getLogger(__name__)

RETRY: Final = RetryPolicy(first_s=0.1, longest_s=5.0)


async def run(settings: TablesSettings) -> None:
    """Copy until SIGTERM or SIGINT. Raises ClickHouseError for what waiting does not mend."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    tell_lost_connections(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    copying = asyncio.create_task(_work(settings))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({copying, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    copying.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await copying


async def _work(settings: TablesSettings) -> None:
    registry = CollectorRegistry()
    metrics = TablesMetrics(registry)
    async with contextlib.AsyncExitStack() as stack:
        copiers: list[TopicCopier] = []

        def trouble() -> str:
            if not copiers:
                return "ClickHouse does not answer"
            return "" if all(copier.ready for copier in copiers) else "a topic is not read to its end yet"

        await stack.enter_async_context(
            status_server(
                settings.metrics_host,
                settings.metrics_port,
                registry,
                trouble=trouble,
            )
        )
        client = await _connected(settings, stack)
        copiers.append(
            TopicCopier(
                LINKS_TABLE,
                ClickHouseTable(client, LINKS_TABLE),
                settings,
                metrics,
                least_epoch=settings.links_epoch,
                retry=RETRY,
            )
        )
        matches = await _connected(settings, stack)
        sender = SnapshotSender(
            lambda: snapshot_producer(settings.kafka, request_timeout_ms=settings.request_timeout_ms)
        )
        stack.push_async_callback(sender.close)
        matcher = Matcher(
            ClickHouseMatches(matches),
            sender.send,
            MatcherMetrics(registry),
            every_s=settings.match_every_s,
            retry=RETRY,
        )
        roll_ups = await _connected(settings, stack)
        roller = Roller(
            ClickHouseRollUps(roll_ups),
            breakdown_metrics(registry),
            Pace.of_rounds(settings.breakdown_every_s),
        )
        link_days = await _connected(settings, stack)
        link_day_roller = LinkDayRoller(
            ClickHouseLinkDays(link_days),
            link_day_metrics(registry),
            Pace.of_rounds(settings.link_days_every_s),
        )
        missed = await _connected(settings, stack)
        misses = MissesCopier(missed, settings, metrics, retry=RETRY)
        await run_together(
            matcher.run(),
            roller.run(),
            link_day_roller.run(),
            misses.run(),
            *(copier.run() for copier in copiers),
        )


async def _connected(settings: TablesSettings, stack: contextlib.AsyncExitStack) -> AsyncClient:
    """A connection of its own, closed with `stack`."""
    retry = Retry(RETRY, on_first=lambda error: logger.warning("waiting for ClickHouse: %s", error))
    client = await retry.until_it_works(
        lambda: connect(settings.clickhouse, send_receive_timeout_s=settings.clickhouse_timeout_s),
        on=TransientError,
    )
    stack.push_async_callback(client.close)
    return client
