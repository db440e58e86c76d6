"""A stream worker as a process: starts its parts in order, stops them in the opposite one, dies when in doubt."""

import asyncio
import contextlib
import logging
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry

from schemas.cancelling import CancelledByOthersError
from schemas.clickhouse.client import connect
from schemas.command_errors import in_words
from schemas.errors import ClickHouseError, TransientError
from schemas.logs import tell_lost_connections
from schemas.producer import KafkaProducer, ProducerSettings
from schemas.retry import Retry, RetryPolicy
from schemas.status import status_server
from stream.burials import BurialLimit
from stream.dead_letters import KafkaDeadLetters
from stream.enrich.enricher import Enricher
from stream.kafka import StreamApp, make_app, stream_topic
from stream.metrics import StreamMetrics
from stream.progress import StalledError
from stream.rows import warm_up
from stream.rulebook import rulebook_of
from stream.scanner import scanner
from stream.settings import StreamSettings
from stream.shared import Shared
from stream.sink import ClickHouseSink
from stream.state import TimeBounds
from stream.worker import Worker

logger = logging.getLogger(__name__)

REVOKE_DEADLINE_S: Final = 30.0
STOP_DEADLINE_S: Final = 20.0
START_RETRY: Final = RetryPolicy(first_s=1.0, longest_s=1.0, jitter=0.0)
LEAVE_DEADLINE_S: Final = 5.0
MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024

Result = TypeVar("Result")


async def run(settings: StreamSettings) -> int:
    """Run until SIGTERM or SIGINT, then flush and return 0; return 1 when the process must be started anew."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    tell_lost_connections(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    registry = CollectorRegistry()
    metrics = StreamMetrics(registry)
    rulebook = rulebook_of(settings)
    logger.info("classifying by rule set %d", rulebook.classifier.number)
    async with contextlib.AsyncExitStack() as stack:
        warm_up()
        if scanner() is None:
            logger.warning("the scanner is not built: counting takes three times the CPU; see docs/adr/0009")
        client = await _until_up("ClickHouse", lambda: _connect(settings), stop)
        stack.push_async_callback(client.close)
        dead_letters = _dead_letters(settings)
        stack.push_async_callback(dead_letters.close)
        await _until_up("Kafka", dead_letters.connect, stop)
        shared = Shared(
            sink=ClickHouseSink(client),
            dead_letters=dead_letters,
            classifier=rulebook.classifier,
            enricher=Enricher(),
            bounds=TimeBounds(
                max_skew_ms=int(settings.max_skew_s * 1000),
                max_age_ms=int(settings.max_age_days * 86_400_000),
                allowed_lateness_ms=int(settings.allowed_lateness_s * 1000),
                snapshot_max_age_ms=int(settings.snapshot_max_age_days * 86_400_000),
                opening_after_ms=int(settings.opening_after_hours * 3_600_000),
            ),
            repeat_limits=rulebook.limits,
            burial_limit=BurialLimit(
                ratio=settings.dead_letter_ratio,
                window_events=settings.dead_letter_window,
                least=settings.dead_letter_least,
            ),
            metrics=metrics,
            epochs=settings.epochs,
        )
        worker = Worker(settings, shared)
        await stack.enter_async_context(
            status_server(
                settings.metrics_host,
                settings.metrics_port,
                registry,
                trouble=lambda: "" if worker.ready else "it does not own what Kafka gave it, or refuses some of it",
                measure=worker.measure,
            )
        )
        state_dir = stack.enter_context(tempfile.TemporaryDirectory(prefix="clicktally-stream-"))
        app = make_app(settings, state_dir)
        stack.push_async_callback(app.log_reader.close)
        code = await _run_app(app, worker, stop)
        # Closing a producer or client waits for whoever does not answer.
        loop.call_later(LEAVE_DEADLINE_S, os._exit, code)
        return code


async def _run_app(app: StreamApp, worker: Worker, stop: asyncio.Event) -> int:
    app.owner = worker
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @app.agent(stream_topic(app), concurrency=1)
    async def fold(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await worker.take(event.message)
            except Exception as error:  # noqa: BLE001 - Faust would restart the agent and lose the record
                if not failed.done():
                    failed.set_exception(error)
                return

    @app.on_partitions_revoked.connect
    async def give_back(*_: Any, **__: Any) -> None:
        try:
            await asyncio.wait_for(worker.revoked(), REVOKE_DEADLINE_S)
        except TimeoutError:
            logger.warning(
                "could not flush before giving partitions back; their next owner reads the records again"
            )

    app.finalize()
    await app.start()
    flusher = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    crashed = asyncio.create_task(app.wait_until_stopped())
    everything: set[asyncio.Future[Any]] = {failed, flusher, stopping, crashed}
    done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
    if stopping in done and not (failed in done or flusher in done or crashed in done):
        logger.info("stopping: flushing what was read")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_stop_cleanly(app, worker, flusher), STOP_DEADLINE_S)
        return 0
    for one in done - {stopping, crashed}:
        tell_end(why_ended(one))
    if crashed in done:
        logger.critical("Faust stopped by itself: %r; ending, to be started anew", app.crash_reason)
    return 1


def why_ended(part: "asyncio.Future[Any]") -> BaseException | None:
    """What ended a part that is done; None: it came to its end."""
    if part.cancelled():
        return CancelledByOthersError("a part was cancelled by something that it waited for")
    return part.exception()


def tell_end(error: BaseException | None) -> None:
    """Say why the process ends: what was foreseen in words, a bug with its traceback."""
    if isinstance(error, StalledError | ClickHouseError | CancelledByOthersError):
        logger.critical("ending, to be started anew: %s", in_words(error, "CLICKTALLY_STREAM_"))
    else:
        logger.critical("ending, to be started anew", exc_info=error)


async def _stop_cleanly(app: StreamApp, worker: Worker, flusher: "asyncio.Task[None]") -> None:
    app.consumer.stop_flow()
    app.flow_control.suspend()
    flusher.cancel()
    await asyncio.wait({flusher})
    await worker.revoked()
    await app.stop()


async def _connect(settings: StreamSettings) -> Any:
    return await connect(settings.clickhouse, send_receive_timeout_s=settings.clickhouse_timeout_s)


def _dead_letters(settings: StreamSettings) -> KafkaDeadLetters:
    producing = ProducerSettings(
        kafka=settings.kafka,
        request_timeout_ms=settings.request_timeout_ms,
        compression="zstd",
        max_request_bytes=MAX_REQUEST_BYTES,
    )
    return KafkaDeadLetters(lambda: KafkaProducer(producing))


async def _until_up(what: str, start: Callable[[], Awaitable[Result]], stop: asyncio.Event) -> Result:
    async def pause(seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
        if stop.is_set():
            raise SystemExit(0)

    retry = Retry(
        START_RETRY, on_first=lambda error: logger.warning("waiting for %s: %s", what, error), sleep=pause
    )
    return await retry.until_it_works(start, on=(TransientError, OSError))
