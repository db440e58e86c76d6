"""``python -m deploy.local.run``, or `make run`: the whole pipeline on this machine, until Ctrl-C or SIGTERM."""

import asyncio
import contextlib
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
from clickhouse_connect.driver.asyncclient import AsyncClient
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.local.probe import clickhouse_answers, kafka_answers
from deploy.local.settings import LocalSettings
from deploy.local.setup import SetupError, ensure_ready
from deploy.local.stack import demo
from deploy.local.stack.settings import RunSettings, Stack
from deploy.local.stack.supervisor import Process, Supervisor, supervised
from schemas.clickhouse.client import connect
from schemas.errors import TransientError
from schemas.settings import settings_or_exit

DEMO_LINKS: Final = Path(__file__).parent / "stack" / "demo_links.csv"
_PIPELINE: Final = ("stream", "tables", "relay", "serve", "api")
_DEMO_ROLES: Final = ("impressions:write", "links:read", "links:write", "reports:read")
_POLL_S: Final = 0.1
_WATCH_S: Final = 0.5


class StackError(Exception):
    """The stack cannot run; the message says what to do."""


def check_ports(stack: Stack) -> None:
    """Raise StackError when somebody has one of the ports: `serve` would share it with a stranger."""
    taken = []
    for name, port in stack.listeners.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((stack.run.host, port))
            except OSError as error:
                taken.append(f"{port} ({name}): {error.strerror}")
    if taken:
        raise StackError(
            f"ports are taken: {'; '.join(taken)}. Stop what listens there, another `make run` perhaps, or set"
            " CLICKTALLY_RUN_PORT, CLICKTALLY_RUN_METRICS_PORTS and CLICKTALLY_LOCAL_*_PORT"
        )


Then = Callable[[], Awaitable[None]]
"""What is to be done once the stack is up."""


async def bring_up(stack: Stack, supervisor: Supervisor, out: Console, then: Then | None = None) -> None:
    """Kafka and ClickHouse, then tables and topics, then the pipeline, the first click, and what comes `then`."""
    local, within_s = stack.local, stack.run.ready_within_s
    with out.status("starting Kafka and ClickHouse"):
        await _until(lambda: asyncio.to_thread(kafka_answers, local.host, local.kafka_port), "Kafka", within_s)
        await _until(
            lambda: asyncio.to_thread(clickhouse_answers, local.host, local.clickhouse_port), "ClickHouse", within_s
        )
    await _clicktally(stack, "migrate")
    for program in (*_PIPELINE, *(("poll",) if stack.polls else ())):
        await supervisor.start(program)
    client = await connect(stack.clickhouse_url)
    try:
        if not await demo.has_links(client):
            await _clicktally(stack, "links", "import", str(DEMO_LINKS))
        token = await clicktally_says(
            stack, "tokens", "create", "make run", *(f"--role={role}" for role in _DEMO_ROLES), "--if-none"
        )
        with out.status("waiting for the pipeline"):
            async with aiohttp.ClientSession() as session:
                for url in _ready_urls(stack):
                    await _until(partial(_answers, session, url), url, within_s)
        out.print(_overview(stack))
        out.print(_about_tokens(token), highlight=False)
        for line in console_exports(stack):
            out.print(line, markup=False, highlight=False)
        out.print(f"the page, signed in for ten minutes from now: [bold]{await sign_in_link(stack)}[/]")
        with out.status("following a link"):
            out.print(await _first_click(stack, client), highlight=False)
        if then is not None:
            await then()
        out.print("Ctrl-C stops everything; the data stays for the next run.")
    finally:
        await client.close()


async def _first_click(stack: Stack, client: AsyncClient) -> str:
    what = f"GET http://{demo.DOMAIN}:{stack.run.port}/{demo.SLUG}"
    within_s = stack.run.counted_within_s
    try:
        async with asyncio.timeout(within_s):
            counted, seconds = await demo.count_a_click(stack, client)
    except (TimeoutError, TransientError) as error:
        return (
            f"[yellow]![/] {what} is not counted after {within_s:.0f} s ({escape(repr(error))}): the stream"
            " has other things to catch up with, or an error; its log says"
        )
    return (
        f"[green]✓[/] {what} was counted: ctr_1m shows {counted} click{'s' * (counted != 1)} of it,"
        f" {seconds:.2f} s after the answer"
    )


async def watch(supervisor: Supervisor, out: Console) -> None:
    """Say when a process died and was started again."""
    before: dict[str, Process] = {}
    while True:
        for process in await supervisor.processes():
            known = before.get(process.name)
            if process.pid:
                if known and known.pid != process.pid:
                    out.print(
                        f"{process.name} (pid {known.pid}) died, started again as {process.pid}", style="yellow"
                    )
                before[process.name] = process
        await asyncio.sleep(_WATCH_S)


async def run(stack: Stack, out: Console, then: Then | None = None) -> int:
    """Run the stack until a signal comes; the exit status."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with supervised(stack) as supervisor:
        starting = asyncio.create_task(bring_up(stack, supervisor, out, then))
        watching = asyncio.create_task(watch(supervisor, out))
        ended = asyncio.create_task(supervisor.ended())
        stopped = asyncio.create_task(stopping.wait())
        failure = await _first_failure((starting, watching), (ended, stopped))
        for task in (starting, watching, stopped):
            task.cancel()
        await asyncio.gather(starting, watching, stopped, return_exceptions=True)
        if failure:
            out.print(f"the stack cannot go on: {failure}; see the logs in {stack.logs}", style="red")
        out.print("stopping: serve, relay, api, stream, tables, then Kafka and ClickHouse")
    out.print("stopped")
    return 1 if failure or not stopping.is_set() else 0


async def _first_failure(
    tasks: Iterable[asyncio.Task[None]], ends: Iterable[asyncio.Future[Any]]
) -> BaseException | None:
    """Wait until one of `ends` is done or one of `tasks` fails; its error."""
    waiting: set[asyncio.Future[Any]] = {*tasks, *ends}
    while waiting.issuperset(ends):
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done.difference(ends):
            if task.exception() is not None:
                return task.exception()
    return None


def console_exports(stack: Stack) -> list[str]:
    """What to tell a shell so that `clicktally` finds this stack; nothing where it does so by itself."""
    usual = Stack(LocalSettings.load({}), RunSettings.load({})).console_environment()
    lines = [
        f"export {name}={shlex.quote(value)}"
        for name, value in stack.console_environment().items()
        if value != usual[name]
    ]
    return ["for `clicktally` in another terminal:", *lines] if lines else []


def _about_tokens(token: str) -> str:
    if token:
        return f"its bearer text: [bold]{escape(token)}[/]"
    return "a token was shown on the first run; `clicktally tokens create` makes another"


async def sign_in_link(stack: Stack) -> str:
    """The page's address with a code that is good once."""
    roles = (f"--role={role}" for role in _DEMO_ROLES)
    return await clicktally_says(stack, "tokens", "sign-in-link", "make run", *roles, "--page", stack.console_url)


async def _clicktally(stack: Stack, *arguments: str) -> None:
    await _console(stack, arguments, stdout=None)


async def clicktally_says(stack: Stack, *arguments: str) -> str:
    """What the command prints on its standard output."""
    return await _console(stack, arguments, stdout=asyncio.subprocess.PIPE)


async def _console(stack: Stack, arguments: Sequence[str], *, stdout: int | None) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", *arguments, env=stack.environment(Path()), stdout=stdout
    )
    try:
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise StackError(f"clicktally {' '.join(arguments)} failed; its words are above")
        return (output or b"").decode().strip()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        raise


async def _until(ready: Callable[[], Awaitable[bool]], what: str, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not await ready():  # noqa: ASYNC110 - asks another process
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise StackError(f"{what} is not ready after {within_s:.0f} s") from error


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.ok
    except (aiohttp.ClientError, OSError):
        return False


def _ready_urls(stack: Stack) -> Iterable[str]:
    yield f"{stack.base_url}/readyz"
    for name, port in stack.metrics_ports.items():
        yield f"http://127.0.0.1:{port}/{'readyz' if name.startswith(('stream', 'tables', 'api')) else 'metrics'}"


def _overview(stack: Stack) -> Table:
    local = stack.local
    table = Table("what", "where", title="clicktally")
    table.add_row("links", f"http://{demo.DOMAIN}:{stack.run.port}/{demo.SLUG}")
    table.add_row("console (API)", stack.console_url)
    table.add_row(
        "SQL (ClickHouse, HTTP)", f"http://{local.host}:{local.clickhouse_port}  database {stack.run.database}"
    )
    table.add_row("Kafka", stack.bootstrap_servers)
    for name, port in stack.metrics_ports.items():
        table.add_row(f"metrics of {name}", f"http://127.0.0.1:{port}/metrics")
    table.add_row("data", str(stack.directory))
    table.add_row("logs", str(stack.logs))
    return table


def main() -> None:
    """Read the settings, check the ports, run."""
    check = "--check" in sys.argv[1:]
    if check:
        sys.stdout.write(RunSettings.load().describe() + "\n")
    stack = Stack(settings_or_exit(LocalSettings, check=check), settings_or_exit(RunSettings, check=False))
    out = Console(soft_wrap=True)
    try:
        ensure_ready(stack.local)
        check_ports(stack)
        status = asyncio.run(run(stack, out))
    except (SetupError, StackError) as error:
        sys.exit(f"run: {error}")
    sys.exit(status)


if __name__ == "__main__":
    main()
