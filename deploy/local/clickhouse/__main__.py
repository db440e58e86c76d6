"""``python -m deploy.local.clickhouse``: the embedded ClickHouse in the foreground."""

import asyncio
import signal
import sys

import uvloop
from aiohttp import web

from deploy.local.clickhouse.app import Threads, build_app
from deploy.local.clickhouse.callers import listens_for_strangers
from deploy.local.clickhouse.engine import DirectoryInUseError, Engine
from deploy.local.settings import LocalSettings
from schemas.settings import settings_or_exit

# As a server's http_max_uri_size.
_URL_BYTES = 1 << 20


async def _serve(engine: Engine, settings: LocalSettings, threads: Threads) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # Bodies are unpacked in worker threads, in more codings than aiohttp knows.
    runner = web.AppRunner(
        build_app(engine, settings, threads),
        access_log=None,
        auto_decompress=False,
        handler_cancellation=True,
        max_line_size=_URL_BYTES,
        max_field_size=_URL_BYTES,
    )
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.clickhouse_port).start()
    await stopped.wait()
    await runner.cleanup()


def main() -> None:
    """Serve until SIGTERM or SIGINT; then let running statements finish and close the tables."""
    settings = settings_or_exit(LocalSettings, check="--check" in sys.argv[1:])
    if listens_for_strangers(settings.host) and not _has_passwords(settings):
        sys.exit(
            f"clickhouse: {settings.host} can be reached by others than this machine: set "
            "CLICKTALLY_LOCAL_CLICKHOUSE_PASSWORD and CLICKTALLY_LOCAL_CLICKHOUSE_READER_PASSWORD, or "
            "CLICKTALLY_LOCAL_HOST=127.0.0.1"
        )
    try:
        engine = Engine(settings.clickhouse_dir, settings)
    except DirectoryInUseError as error:
        sys.exit(f"clickhouse: {error}")
    threads = Threads.of(settings)
    try:
        uvloop.run(_serve(engine, settings, threads))
    finally:
        threads.close()
        engine.close()


def _has_passwords(settings: LocalSettings) -> bool:
    return all(
        secret.get_secret_value() for secret in (settings.clickhouse_password, settings.clickhouse_reader_password)
    )


if __name__ == "__main__":
    main()
