"""supervisord as a child process, and what is asked of it."""

import asyncio
import contextlib
import tempfile
import xmlrpc.client
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.stack.settings import Stack
from deploy.local.stack.tied import tie

CONFIG: Final = Path(__file__).with_name("supervisord.conf")
_POLL_S: Final = 0.05


@dataclass(frozen=True)
class Process:
    """What supervisord knows of a process."""

    name: str
    state: str
    pid: int
    description: str


class Supervisor:
    """A running supervisord."""

    def __init__(self, process: asyncio.subprocess.Process, socket: Path) -> None:
        self._process = process
        self._socket = socket

    async def ended(self) -> int:
        """Wait for it to end; its exit status."""
        return await self._process.wait()

    def terminate(self) -> None:
        """Tell it to stop everything, the last started first; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    async def start(self, program: str) -> None:
        """Start all processes of a program."""
        await asyncio.to_thread(self._rpc().supervisor.startProcessGroup, program, False)

    async def processes(self) -> list[Process]:
        """All of them, by name; none while supervisord itself comes up."""
        try:
            listed: Any = await asyncio.to_thread(self._rpc().supervisor.getAllProcessInfo)
        except OSError:
            return []
        return [Process(one["name"], one["statename"], int(one["pid"]), str(one["description"])) for one in listed]

    def _rpc(self) -> xmlrpc.client.ServerProxy:
        # The host is never looked at: the transport speaks through the socket.
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return xmlrpc.client.ServerProxy("http://localhost", transport=transport)


@contextlib.asynccontextmanager
async def supervised(stack: Stack) -> AsyncIterator[Supervisor]:
    """supervisord with Kafka and ClickHouse starting. On leaving, everything is stopped in order and awaited."""
    stack.logs.mkdir(parents=True, exist_ok=True)
    # Not in the data directory: the name of a socket may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="clicktally-") as private:
        socket = Path(private) / "supervisor.sock"
        process = await asyncio.create_subprocess_exec(
            *(stack.environment(socket)["CLICKTALLY_STACK_PYTHON"], "-m", "supervisor.supervisord"),
            *("-c", str(CONFIG)),
            env=stack.environment(socket),
            stdin=asyncio.subprocess.DEVNULL,
            # A Ctrl-C reaches us alone: the order of stopping is ours.
            start_new_session=True,
            preexec_fn=tie,
        )
        supervisor = Supervisor(process, socket)
        try:
            while not await supervisor.processes() and process.returncode is None:  # noqa: ASYNC110 - asks it
                await asyncio.sleep(_POLL_S)
            yield supervisor
        finally:
            supervisor.terminate()
            await asyncio.shield(supervisor.ended())
