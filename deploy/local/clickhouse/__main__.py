"""``python -m deploy.local.clickhouse``: the embedded ClickHouse in the foreground."""

import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import uvloop
from aiohttp import web

from deploy.local.clickhouse.app import build_app
from deploy.local.clickhouse.engine import DirectoryInUseError, Engine
from deploy.local.settings import LocalSettings
from schemas.settings import settings_or_exit


async def _serve(engine: Engine, settings: LocalSettings, threads: ThreadPoolExecutor) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # Bodies are unpacked in worker threads, in more codings than aiohttp knows.
    runner = web.AppRunner(build_app(engine, settings, threads), access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.clickhouse_port).start()
    await stopped.wait()
    await runner.cleanup()


def main() -> None:
    """Serve until SIGTERM or SIGINT; then let running statements finish and close the tables."""
    settings = settings_or_exit(LocalSettings, check="--check" in sys.argv[1:])
    try:
        engine = Engine(settings.clickhouse_dir)
    except DirectoryInUseError as error:
        sys.exit(f"clickhouse: {error}")
    try:
        with ThreadPoolExecutor(settings.clickhouse_threads, "query") as threads:
            uvloop.run(_serve(engine, settings, threads))
    finally:
        engine.close()


if __name__ == "__main__":
    main()
