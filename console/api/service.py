"""One console, from its settings to its last answer: `run` is what `python -m console serve` calls."""

import asyncio
import gc
import logging
import resource
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry

from console.api.about_operations import about_operations
from console.api.callers import Callers
from console.api.changing import Changing
from console.api.counters import Counters
from console.api.door import OperationGuard, application
from console.api.election import Election
from console.api.following import IndexTable, TokenTable, TopicFollower
from console.api.forwarding import Forwarding
from console.api.index import Index
from console.api.index_damage import Damage
from console.api.judge import Judge
from console.api.limits import Buckets
from console.api.link_answers import LinkAnswers, link_answer_operations
from console.api.link_operations import LinkOperations, link_operations
from console.api.link_urls import read_link_urls
from console.api.live import QUERY, Live, Names, names_of
from console.api.live_operations import LiveOperations, live_operations
from console.api.metrics import ApiMetrics
from console.api.operations import Operation
from console.api.page_files import BUILT, PageFiles
from console.api.page_requests import PageRules
from console.api.policy import Policy
from console.api.record_operations import RecordOperations, record_operations
from console.api.report_operations import ReportOperations, report_operations
from console.api.reports import Statement
from console.api.served import Redirector
from console.api.session_operations import SessionOperations, session_operations
from console.api.settings import ApiSettings
from console.api.share_operations import ShareOperations, share_operations
from console.api.writer import Writer, expiry
from schemas.logs import tell_lost_connections
from schemas.status import status_server
from schemas.topics import LINKS, RECORDS, TOKENS

_log: Final = logging.getLogger(__name__)

_READERS: Final = 4
_CALLERS_KEPT: Final = 10_000
_FORWARD_GRACE_S: Final = 5.0
_STOP_S: Final = 10.0
_HOUR_MS: Final = 3_600_000
_MINUTE_S: Final = 60.0
_MAX_LINE: Final = 32_768
_LOOKED_AT: Final = 20_000
"""New objects before Python looks for cycles: thousands of lines of a bulk live at a time, none of them in one."""
_PAGE_BYTES: Final = resource.getpagesize()


@dataclass(frozen=True)
class Ports:
    """Where a running console listens; what was set, unless 0 was."""

    port: int
    metrics_port: int


async def run(settings: ApiSettings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is being answered."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    tell_lost_connections(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with serving(settings) as (ports, work):
        _log.info("listening", extra={"port": ports.port, "metrics_port": ports.metrics_port})
        gc.freeze()  # what lives from now to the end need not be looked at again
        gc.set_threshold(_LOOKED_AT)
        stop = asyncio.create_task(stopping.wait())
        done, _ = await asyncio.wait((stop, *work), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in done:
            if task is not stop:
                task.result()  # raises what ended it: the supervisor starts us anew


@asynccontextmanager
async def serving(settings: ApiSettings) -> AsyncIterator[tuple[Ports, list[asyncio.Task[Any]]]]:
    """Answer requests as long as the context lasts; the tasks are to run on. Raises OSError without a port."""
    async with AsyncExitStack() as stack:
        damage = Damage(settings.directory)
        index = damage.opened()
        stack.callback(index.close)
        indexing = stack.enter_context(ThreadPoolExecutor(1, "index"))
        reading = stack.enter_context(ThreadPoolExecutor(_READERS, "reader"))
        metrics = ApiMetrics(CollectorRegistry())
        if index.made_anew:
            _log.warning("the index that was there is not used (%s): the links are read anew", index.made_anew)
            metrics.index_made_anew.labels(index.made_anew).inc()
        tokens = TokenTable()
        followers = {
            topic: TopicFollower(settings.kafka, topic, IndexTable(index, topic, partial(_in, indexing)), metrics)
            for topic in (LINKS, RECORDS)
        }
        token_follower = TopicFollower(settings.kafka, TOKENS, tokens, metrics)
        url = settings.advertised_url or f"http://{settings.host}:{settings.port}"
        election = Election(settings.kafka, settings.group, url, session_timeout_s=settings.session_timeout_s)
        writer = Writer(
            settings.kafka,
            election,
            index,
            followers,
            metrics,
            transactional_id=settings.group,
            within_s=settings.write_within_s,
            expired=expiry(
                answers_ms=int(settings.keys_kept_h * _HOUR_MS),
                deleted_ms=int(settings.deleted_kept_days * 24 * _HOUR_MS),
            ),
            in_thread=partial(_in, reading),
        )
        client = await stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        )
        changing = Changing(
            writer=writer,
            election=election,
            forwarding=Forwarding(
                client, election, metrics, within_s=settings.write_within_s * 2 + _FORWARD_GRACE_S
            ),
            redirector=Redirector(
                client,
                settings.redirector_url,
                refresh_s=settings.redirector_refresh_s,
                within_s=settings.served_within_s,
                metrics=metrics,
            ),
            index=index,
            followers=followers,
        )
        policy = Policy(
            domains=settings.domains,
            internal_destinations=settings.internal_destinations,
            own_destinations=settings.own_destinations,
        )
        wrong = Buckets(
            per_second=settings.wrong_tokens_per_minute / _MINUTE_S,
            burst=settings.wrong_tokens_per_minute,
            kept=_CALLERS_KEPT,
        )
        page = PageRules(url=settings.page_url, idle_s=int(settings.session_idle_h * _HOUR_MS) // 1000)
        callers = Callers(
            tokens.tokens,
            wrong,
            loaded=lambda: token_follower.ready and followers[RECORDS].ready,
            record=index.record,
            idle_ms=page.idle_s * 1000,
        )
        guard = OperationGuard(
            callers,
            Buckets(per_second=settings.requests_per_second, burst=settings.requests_burst, kept=_CALLERS_KEPT),
            metrics,
            page,
            fault=damage.note,
        )
        links = LinkOperations(
            settings=settings,
            policy=policy,
            index=index,
            changing=changing,
            followers=followers,
            threads=reading,
        )

        records = RecordOperations(index, changing, followers, reading)
        counters = Counters(settings.clickhouse, within_s=settings.report_within_s)
        stack.push_async_callback(counters.close)
        now = Counters(settings.clickhouse, within_s=settings.report_within_s, fresh_s=0.0)
        stack.push_async_callback(now.close)
        live = Live(
            lambda: now.answer(Statement(QUERY), "JSONEachRow"), asyncio.sleep, partial(_named, reading, index)
        )
        link_urls = read_link_urls(settings.link_urls)
        sessions = SessionOperations(
            callers=callers,
            changing=changing,
            record=index.record,
            page=page,
            session_ms=int(settings.session_h * _HOUR_MS),
            zones=settings.zone_of,
            domains=settings.domains,
            link_urls=link_urls,
        )
        shares = ShareOperations(
            callers=callers,
            changing=changing,
            index=index,
            threads=reading,
            ready=lambda: followers[RECORDS].ready,
            page_url=settings.page_url,
        )
        judge = Judge()
        stack.push_async_callback(judge.close)
        answers = LinkAnswers(
            links,
            reading,
            judge,
            scan_parameter=settings.scan_parameter,
            opt_out_parameter=settings.opt_out_parameter,
            urls=link_urls,
        )
        operations = (
            *link_operations(links),
            *link_answer_operations(answers),
            *record_operations(records),
            *report_operations(ReportOperations(counters)),
            *live_operations(LiveOperations(live, callers.holds, listeners_most=settings.listeners_most)),
            *session_operations(sessions),
            *share_operations(shares),
        )
        operations += about_operations(operations)
        operations += PageFiles(settings.page_directory or BUILT).operations()

        def trouble() -> str:
            behind = [one.topic for one in (token_follower, *followers.values()) if not one.ready]
            if behind:
                return f"the topics {', '.join(behind)} are not read to their ends yet"
            return "" if writer.writes or election.writer_url else "no console is known to write"

        work = [
            asyncio.create_task(_noting(run(), damage), name=name)
            for name, run in (
                *((one.topic, one.run) for one in (token_follower, *followers.values())),
                ("election", election.run),
                ("writer", writer.run),
                ("damage", damage.met),
            )
        ]
        stack.push_async_callback(_end, work)
        metrics_port = await stack.enter_async_context(
            status_server(
                settings.metrics_host,
                settings.metrics_port,
                metrics.registry,
                trouble=trouble,
                measure=lambda: _measure(metrics, index),
            )
        )
        port = await stack.enter_async_context(_listening(settings, guard, operations))
        yield Ports(port, metrics_port), work


@asynccontextmanager
async def _listening(
    settings: ApiSettings, guard: OperationGuard, operations: tuple[Operation, ...]
) -> AsyncIterator[int]:
    """The API's own port; what is being answered at the end gets some seconds."""
    app = application(
        guard, operations, max_body_bytes=settings.max_body_bytes, body_within_s=settings.body_timeout_s
    )
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,  # what nobody waits for any more ends, a long report above all
        shutdown_timeout=_STOP_S,
        max_line_size=_MAX_LINE,
        max_field_size=_MAX_LINE,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _in(threads: ThreadPoolExecutor, call: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(threads, call)


async def _named(threads: ThreadPoolExecutor, index: Index, keys: Sequence[str]) -> Mapping[str, Names]:
    names: Mapping[str, Names] = await _in(threads, lambda: {key: names_of(index.readable(key)) for key in keys})
    return names


async def _noting(work: Coroutine[Any, Any, None], damage: Damage) -> None:
    """What runs to the end, which damage of the index is."""
    try:
        await work
    except Exception as error:
        damage.note(error)
        raise


async def _end(work: list[asyncio.Task[Any]]) -> None:
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


def _measure(metrics: ApiMetrics, index: Index) -> None:
    metrics.index_bytes.set(index.size_bytes())
    metrics.index_links.set(index.count())
    metrics.resident_bytes.set(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES)
