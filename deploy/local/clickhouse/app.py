"""The HTTP interface: what a ClickHouse server answers on its port 8123."""

import asyncio
import base64
import json
import logging
import secrets
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import asdict

import cramjam
from aiohttp import web

from deploy.local.clickhouse import compression, errors
from deploy.local.clickhouse.engine import Engine, Progress, Request
from deploy.local.clickhouse.errors import StatementError
from deploy.local.clickhouse.sessions import DEFAULT_TIMEOUT_S
from deploy.local.clickhouse.statement import parse
from deploy.local.settings import LocalSettings

log = logging.getLogger(__name__)

ENGINE = web.AppKey("engine", Engine)
SETTINGS = web.AppKey("settings", LocalSettings)
THREADS = web.AppKey("threads", ThreadPoolExecutor)

# Parameters of the interface itself; every other one in the URL is a setting.
_INTERFACE = {
    "query", "query_id", "database", "default_format", "user", "password", "quota_key", "session_id",
    "session_timeout", "session_check", "compress", "decompress", "enable_http_compression", "role",
    "wait_end_of_query", "buffer_size", "client_protocol_version", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "stacktrace", "close_session", "add_http_cors_header",
}  # fmt: skip
_CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "Pretty": "text/plain; charset=UTF-8",
}
# Answers up to this size have a length and a proper status; longer ones are sent while the query runs.
_BUFFER_BYTES = 1 << 20


async def _ping(_request: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


def _credentials(request: web.Request) -> tuple[str, str]:
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith("Basic "):
        user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
        return user or "default", password
    user = request.headers.get("X-ClickHouse-User") or request.query.get("user") or "default"
    return user, request.headers.get("X-ClickHouse-Key") or request.query.get("password") or ""


def _authenticate(request: web.Request) -> None:
    settings, version = request.app[SETTINGS], request.app[ENGINE].version
    wanted = settings.clickhouse_password.get_secret_value()
    user, password = _credentials(request)
    if user != settings.clickhouse_user or not secrets.compare_digest(password.encode(), wanted.encode()):
        raise errors.raised(
            errors.AUTHENTICATION_FAILED,
            f"{user}: Authentication failed: password is incorrect, or there is no user with such name.",
            "AUTHENTICATION_FAILED",
            version,
        )


def _read_request(request: web.Request, body: bytes) -> Request:
    """Put together what the URL, the headers and the body say; runs in a worker thread.

    Raises:
        StatementError: the body's content coding is unknown or wrong.
    """
    version = request.app[ENGINE].version
    for framing in ("compress", "decompress"):
        if request.query.get(framing, "0") not in {"0", "false"}:
            said = f"{framing}=1 is not there in the embedded ClickHouse: use Content-Encoding and Accept-Encoding"
            raise errors.raised(errors.NOT_IMPLEMENTED, said, "NOT_IMPLEMENTED", version)
    try:
        body = compression.decompressed(body, request.headers.get("Content-Encoding", ""))
    except compression.UnknownCodingError as error:
        raise errors.raised(
            errors.UNKNOWN_COMPRESSION_METHOD, str(error), "UNKNOWN_COMPRESSION_METHOD", version
        ) from error
    except cramjam.DecompressionError as error:
        raise errors.raised(errors.CANNOT_DECOMPRESS, str(error), "CANNOT_DECOMPRESS", version) from error
    query = request.query.get("query", "").encode()
    text = query + b"\n" + body if query else body
    statement = parse(text)
    settings = {
        name: value for name, value in request.query.items() if name not in _INTERFACE and name[:6] != "param_"
    }
    if request.method == "GET":
        settings.setdefault("readonly", "2")
    return Request(
        statement=statement,
        rows=memoryview(text)[statement.rows_at :] if statement.rows_format else memoryview(b""),
        settings=settings,
        parameters={name[6:]: value for name, value in request.query.items() if name[:6] == "param_"},
        database=request.query.get("database") or request.headers.get("X-ClickHouse-Database") or "",
        default_format=(
            request.headers.get("X-ClickHouse-Format") or request.query.get("default_format") or "TabSeparated"
        ),
        session_id=request.query.get("session_id", ""),
        session_timeout_s=float(request.query.get("session_timeout", DEFAULT_TIMEOUT_S)),
        session_must_exist=request.query.get("session_check") == "1",
    )


def _answer(
    request: web.Request, body: bytes, progress: Progress, asked: list[Request]
) -> Generator[bytes, None, None]:
    """Everything that may block: read the request into ``asked``, connect, run."""
    engine = request.app[ENGINE]
    asked.append(_read_request(request, body))
    with engine.connection(asked[0]) as connection:
        yield from engine.chunks(connection, asked[0], progress)


async def _in_threads(
    threads: ThreadPoolExecutor, blocking: Generator[bytes, None, None]
) -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    try:
        while (chunk := await loop.run_in_executor(threads, next, blocking, None)) is not None:
            yield chunk
    finally:
        # The client may have left in the middle of an answer: end the query, free the connection.
        await loop.run_in_executor(threads, blocking.close)


def _headers(request: web.Request, query_id: str) -> dict[str, str]:
    return {
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Server-Display-Name": "clicktally-local",
        "X-ClickHouse-Timezone": request.app[ENGINE].timezone,
    }


def _summary(progress: Progress, started: float) -> str:
    counts = {name: str(count) for name, count in asdict(progress).items()}
    counts["total_rows_to_read"] = counts["read_rows"]
    counts["elapsed_ns"] = str(round((time.perf_counter() - started) * 1e9))
    return json.dumps(counts)


async def _query(request: web.Request) -> web.StreamResponse:
    started, progress = time.perf_counter(), Progress()
    asked: list[Request] = []
    headers = _headers(request, request.query.get("query_id") or str(uuid.uuid4()))
    try:
        _authenticate(request)
        body = await request.read()
        held, size = [], 0
        answer = _answer(request, body, progress, asked)
        async with aclosing(_in_threads(request.app[THREADS], answer)) as stream:
            async for chunk in stream:
                held.append(chunk)
                size += len(chunk)
                if size > _BUFFER_BYTES:
                    return await _send_long(request, headers, held, stream, asked[0])
    except StatementError as error:
        headers["X-ClickHouse-Exception-Code"] = str(error.code)
        return web.Response(status=error.status, text=error.text + "\n", headers=headers)
    headers["X-ClickHouse-Summary"] = _summary(progress, started)
    return _short(request, headers, b"".join(held), asked[0])


def _coding(request: web.Request) -> str:
    if request.query.get("enable_http_compression") not in {"1", "true"}:
        return ""
    return compression.chosen(request.headers.get("Accept-Encoding", ""))


def _describe(headers: dict[str, str], asked: Request, coding: str) -> None:
    headers["X-ClickHouse-Format"] = asked.output_format
    headers["Content-Type"] = _CONTENT_TYPES.get(asked.output_format, "application/octet-stream")
    if coding:
        headers["Content-Encoding"] = coding


def _short(request: web.Request, headers: dict[str, str], answer: bytes, asked: Request) -> web.Response:
    coding = _coding(request) if answer else ""
    _describe(headers, asked, coding)
    if coding:
        compressor = compression.compressor(coding)
        compressor.compress(answer)
        answer = bytes(compressor.finish())
    return web.Response(body=answer, headers=headers)


async def _send_long(
    request: web.Request, headers: dict[str, str], held: list[bytes], rest: AsyncIterator[bytes], asked: Request
) -> web.StreamResponse:
    coding = _coding(request)
    compressor = compression.compressor(coding) if coding else None
    _describe(headers, asked, coding)
    tag = secrets.token_hex(8)
    headers["X-ClickHouse-Exception-Tag"] = tag
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)

    async def send(chunk: bytes) -> None:
        if compressor is None:
            await response.write(chunk)
        else:
            compressor.compress(chunk)
            await response.write(bytes(compressor.flush()))

    try:
        for chunk in held:
            await send(chunk)
        async for chunk in rest:
            await send(chunk)
    except StatementError as error:
        # The status is long gone: a server appends the error between marks that the client knows.
        text = error.text + "\n"
        await send(f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n".encode())
    except ConnectionResetError:
        # The client left. Its query ends with the stream; there is nobody to tell.
        return response
    if compressor is not None:
        await response.write(bytes(compressor.finish()))
    await response.write_eof()
    return response


def build_app(engine: Engine, settings: LocalSettings, threads: ThreadPoolExecutor) -> web.Application:
    """The application; request bodies have no limit, as on a server."""
    app = web.Application(client_max_size=0)
    app[ENGINE], app[SETTINGS], app[THREADS] = engine, settings, threads
    app.router.add_get("/ping", _ping)
    app.router.add_get("/replicas_status", _ping)
    app.router.add_get("/", _query)
    app.router.add_post("/", _query)
    return app
