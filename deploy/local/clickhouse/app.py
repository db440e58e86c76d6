"""The HTTP interface: what a ClickHouse server answers on its port 8123."""

import asyncio
import json
import logging
import sys
import time
import uuid
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Final

from aiohttp import web

from deploy.local.clickhouse import compression, native
from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.callers import Doorkeeper
from deploy.local.clickhouse.delivery import BUFFER_BYTES, Delivery
from deploy.local.clickhouse.encoders import Coded, Encoder, Plain, encoded
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import StatementError
from deploy.local.clickhouse.framing import Framed
from deploy.local.clickhouse.reading import Call, Reader
from deploy.local.clickhouse.receiving import received
from deploy.local.clickhouse.request import Progress, Request
from deploy.local.clickhouse.steps import Steps
from deploy.local.settings import LocalSettings

log = logging.getLogger(__name__)

# Their answers are for their client alone; all else goes on to its end, as on a server.
_READS: Final = {b"SELECT", b"WITH", b"FROM", b"(", b"SHOW", b"DESCRIBE", b"DESC", b"EXPLAIN", b"EXISTS"}
_CLIENT_LEFT: Final = 499
_NO_PAGE: Final = (
    "The embedded ClickHouse has no web page: chDB ships none. Use curl, clickhouse-connect or a BI tool.\n"
)


@dataclass(frozen=True)
class Threads:
    """Who waits for whom: nothing of the reader's delays the writer, and no query delays an insert."""

    readers: Executor
    writers: Executor
    inserts: Executor
    # Reads requests, ends queries, closes what was left: never for long.
    spare: Executor

    @classmethod
    def of(cls, settings: LocalSettings) -> "Threads":
        """Pools as large as the settings say."""
        return cls(
            readers=ThreadPoolExecutor(settings.clickhouse_reader_threads, "reader"),
            writers=ThreadPoolExecutor(settings.clickhouse_threads, "query"),
            inserts=ThreadPoolExecutor(settings.clickhouse_insert_threads, "insert"),
            spare=ThreadPoolExecutor(4, "spare"),
        )

    def of_request(self, request: Request) -> Executor:
        """The pool that a request waits in."""
        if request.mark.role is Role.READER:
            return self.readers
        return self.inserts if request.statement.verb == b"INSERT" else self.writers

    def close(self) -> None:
        """Wait until all have done what they do."""
        for pool in (self.readers, self.writers, self.inserts, self.spare):
            pool.shutdown()


class Front:
    """Answers HTTP requests by an engine."""

    def __init__(self, engine: Engine, settings: LocalSettings, threads: Threads) -> None:
        self._engine, self._threads = engine, threads
        self._door = Doorkeeper(settings, engine.version)
        self._reader = Reader(engine.version)
        self._most_bytes = {Role.READER: settings.clickhouse_reader_max_body_bytes}

    async def query(self, request: web.Request) -> web.StreamResponse:
        """A statement; the answer ends when the client leaves, but for what changes something."""
        cors = self._door.cross_origin(request.headers)
        query_id = request.query.get("query_id") or str(uuid.uuid4())
        headers = {
            **cors,
            "X-ClickHouse-Query-Id": query_id if query_id.isprintable() else "",
            "X-ClickHouse-Server-Display-Name": "clicktally-local",
            "X-ClickHouse-Timezone": self._engine.timezone,
        }
        try:
            self._door.check_page(request.headers)
            role = self._door.role(request.headers, request.query)
            call = await received(request, self._engine.version, self._most_bytes.get(role))
            call.query["query_id"] = query_id
            if call.is_short:
                wanted = self._reader.request(call, role)
            else:
                wanted = await asyncio.wrap_future(self._threads.spare.submit(self._reader.request, call, role))
            return await self._run(request, call, wanted, headers)
        except StatementError as error:
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            return web.Response(status=error.status, text=error.text + "\n", headers=headers)
        except ConnectionResetError as error:
            # The client left, its query is over, and there is nobody to tell.
            log.debug("client left: %s", error)
            return web.Response(status=_CLIENT_LEFT)

    async def _run(
        self, request: web.Request, call: Call, wanted: Request, headers: dict[str, str]
    ) -> web.StreamResponse:
        started, progress, encoder = time.perf_counter(), Progress(), _encoder(call)
        revision = call.revision if wanted.output_format == "Native" else 0
        steps = Steps(
            encoded(native.revised(self._engine.answer(wanted, progress), revision, self._engine.version), encoder),
            self._threads.of_request(wanted),
            held_bytes=BUFFER_BYTES,
            end=lambda: self._engine.running.end(wanted.mark),
            spare=self._threads.spare,
        )
        delivery = Delivery(
            request=request,
            encoder=encoder,
            describe=lambda: {**headers, "X-ClickHouse-Format": wanted.output_format},
            summary=lambda: _summary(progress, started),
            buffer_bytes=max(call.buffer_bytes, BUFFER_BYTES),
            whole=call.whole,
        )
        try:
            return await delivery.send(steps.pieces())
        finally:
            await steps.close(finish=wanted.statement.verb not in _READS)

    async def preflight(self, request: web.Request) -> web.Response:
        """What a browser asks before a page of another origin may query."""
        allowed = self._door.cross_origin(request.headers, preflight=True)
        return web.Response(status=204 if allowed else 403, headers=allowed)


def build_app(engine: Engine, settings: LocalSettings, threads: Threads) -> web.Application:
    """The application; bodies of the writer have no limit, as on a server."""
    front = Front(engine, settings, threads)
    app = web.Application(client_max_size=sys.maxsize)
    app.router.add_get("/ping", _ping)
    app.router.add_get("/replicas_status", _ping)
    app.router.add_get("/play", _no_page)
    app.router.add_get("/dashboard", _no_page)
    app.router.add_get("/", front.query)
    app.router.add_post("/", front.query)
    app.router.add_options("/", front.preflight)
    return app


async def _ping(_request: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


async def _no_page(_request: web.Request) -> web.Response:
    return web.Response(status=404, text=_NO_PAGE)


def _encoder(call: Call) -> Encoder:
    if call.is_on("compress"):
        return Framed()
    if call.is_on("enable_http_compression"):
        coding = compression.chosen(call.headers.get("Accept-Encoding", ""))
        if coding:
            return Coded(coding)
    return Plain()


def _summary(progress: Progress, started: float) -> str:
    counts = {name: str(count) for name, count in asdict(progress).items()}
    counts["total_rows_to_read"] = counts["read_rows"]
    counts["elapsed_ns"] = str(round((time.perf_counter() - started) * 1e9))
    return json.dumps(counts)
