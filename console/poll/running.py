"""Pollers as a process: once, for people; or every so often, with metrics, until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

import aiohttp
from prometheus_client import CollectorRegistry

from console.impressions.topic import ImpressionTopic
from console.poll.client import Waits
from console.poll.metrics import PollMetrics
from console.poll.platforms.known import Maker
from console.poll.rounds import Result
from console.poll.service import Accounts, Pollers, Progress, WarnOnce, world_of
from console.poll.settings import PollSettings
from console.settings import ConsoleSettings
from schemas.errors import TransientError
from schemas.logs import tell_lost_connections
from schemas.status import status_server

logger = logging.getLogger(__name__)

_NOT_YET: Final = "no round has ended yet"

Results = Mapping[tuple[str, str], Result]


@contextlib.asynccontextmanager
async def opened(
    accounts: Accounts,
    settings: PollSettings,
    console: ConsoleSettings,
    *,
    registry: CollectorRegistry,
    warn: Callable[[str], None],
    waits: Waits,
) -> AsyncIterator[tuple[Pollers, PollMetrics]]:
    """The pollers and their metrics; connections are open while the context is."""
    metrics = PollMetrics(registry)
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        ImpressionTopic(console.kafka) as topic,
    ):
        once = WarnOnce(warn)
        maker = Maker(session, settings, metrics, waits, once)
        yield Pollers(accounts, settings, maker=maker, metrics=metrics, topic=topic, warn=once), metrics


async def poll_once(
    accounts: Accounts,
    settings: PollSettings,
    console: ConsoleSettings,
    posts_file: Path | None,
    *,
    warn: Callable[[str], None],
    progress: Progress,
) -> Results:
    """One round. Raises TransientError, and OSError and ValueError of a file of posts."""
    waits = Waits(longest_s=settings.longest_wait_s)
    async with (
        opened(accounts, settings, console, registry=CollectorRegistry(), warn=warn, waits=waits) as (pollers, _),
        world_of(console, accounts, posts_file) as world,
    ):
        return await pollers.round(world, progress)


async def poll_for_ever(
    accounts: Accounts, settings: PollSettings, console: ConsoleSettings, posts_file: Path | None
) -> None:
    """Rounds until SIGTERM or SIGINT; between them what was asked is durable, so any moment is good to stop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    tell_lost_connections(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    polling = asyncio.create_task(_rounds(accounts, settings, console, posts_file))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({polling, stop}, return_when=asyncio.FIRST_COMPLETED)
    if polling.cancelled():
        logger.critical("polling was cancelled by something else; ending, to be started anew")
        raise SystemExit(1)
    stop.cancel()
    polling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await polling


async def _rounds(
    accounts: Accounts, settings: PollSettings, console: ConsoleSettings, posts_file: Path | None
) -> None:
    registry, every_s = CollectorRegistry(), settings.every_minutes * 60
    trouble = [_NOT_YET]
    waits = Waits(longest_s=settings.longest_wait_s)
    async with (
        opened(accounts, settings, console, registry=registry, warn=logger.warning, waits=waits) as (
            pollers,
            metrics,
        ),
        status_server(settings.metrics_host, settings.metrics_port, registry, trouble=lambda: trouble[0]),
    ):
        for platform in accounts:
            metrics.succeeded.labels(platform).set(waits.now())
            metrics.every.labels(platform).set(every_s)
        changes = Changes()
        while True:
            began_s = waits.now()
            try:
                async with world_of(console, accounts, posts_file) as world:
                    changes.tell(await pollers.round(world))
                trouble[0] = ""
            except TransientError as error:
                trouble[0] = str(error)
                logger.warning("a round was given up, Kafka does not take it: %s", error)
            await waits.sleep(max(0.0, began_s + every_s - waits.now()))


class Changes:
    """Logs an account's trouble when it begins, changes and ends, and a round's numbers at DEBUG."""

    def __init__(self) -> None:
        self._errors: Final[dict[tuple[str, str], str]] = {}

    def tell(self, results: Results) -> None:
        """A round has ended."""
        for (platform, name), result in results.items():
            before = self._errors.get((platform, name), "")
            self._errors[platform, name] = result.error
            if result.error and result.error != before:
                logger.warning("%s %s is %s: %s", platform, name, result.state, result.error)
            elif before and not result.error:
                logger.info("%s %s works again", platform, name)
            logger.debug(
                "%s %s: %d posts asked, %d totals, %d gone",
                platform,
                name,
                result.posts_asked,
                result.snapshots,
                result.gone,
            )
