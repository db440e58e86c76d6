"""What a process says of itself by HTTP: /metrics, /healthz, /readyz."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


@contextlib.asynccontextmanager
async def status_server(
    host: str,
    port: int,
    registry: CollectorRegistry,
    *,
    trouble: Callable[[], str],
    measure: Callable[[], None] = lambda: None,
) -> AsyncIterator[int]:
    """Serve while the context is open; its value is the port, which matters where 0 was given.

    `trouble` says why the process is not ready, and nothing when it is. `measure` brings gauges up to date before
    they are read.
    """
    started = time.time()

    async def metrics(_: web.Request) -> web.Response:
        measure()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"up_s": round(time.time() - started)})

    async def readyz(_: web.Request) -> web.Response:
        why = trouble()
        if why:
            return web.json_response({"ready": False, "why": why}, status=503)
        return web.json_response({"ready": True})

    async def without_versions(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = "clicktally"

    app = web.Application()
    app.on_response_prepare.append(without_versions)
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        listening: int = runner.addresses[0][1]
        yield listening
    finally:
        await runner.cleanup()
