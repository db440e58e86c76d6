"""The deck, the proxy and the supervisor do what the rounds rely on."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from tests.chaos.client import Connection
from tests.chaos.faults import ALL, CONSOLE_FAULTS, draw
from tests.chaos.proxy import Proxy
from tests.chaos.supervisor import RESTART_AFTER_S, Supervisor, Unit


def test_sixty_rounds_hit_every_kind_of_fault_and_a_seed_draws_the_same_again() -> None:
    deck = draw(1, 60, small_disk=True)
    assert {name for names in deck for name in names} == set(ALL)
    assert all(names[0] in CONSOLE_FAULTS for names in deck[2::3])
    assert deck == draw(1, 60, small_disk=True)
    assert deck != draw(2, 60, small_disk=True)


def test_two_faults_at_once_never_share_a_target() -> None:
    for names in draw(3, 200, small_disk=True):
        targets = [ALL[name].targets for name in names]
        assert len(frozenset().union(*targets)) == sum(map(len, targets))
        assert len(names) == 1 or not any(ALL[name].alone for name in names)


@pytest.fixture
async def echo() -> AsyncIterator[tuple[Proxy, list[bytes]]]:
    """A proxy before a server that notes what it received and sends it back."""
    received: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(100):
                received.append(piece)
                writer.write(piece)
        writer.transport.abort()

    port = free_port()
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    proxy = Proxy(free_port(), port)
    await proxy.start()
    yield proxy, received
    await proxy.stop()
    server.close()
    await asyncio.sleep(0.05)  # the aborted connections end


async def ask(proxy: Proxy, within_s: float = 30.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(b"ping")
        return await asyncio.wait_for(reader.read(100), within_s)
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


async def test_a_proxy_passes_cuts_and_passes_again(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, received = echo
    assert await ask(proxy) == b"ping"
    await proxy.set_mode("cut")
    assert await ask(proxy) == b""
    await proxy.set_mode("pass")
    assert await ask(proxy) == b"ping"
    assert received == [b"ping"] * 2


async def test_a_deaf_proxy_lets_the_request_through_and_never_the_answer(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, received = echo
    await proxy.set_mode("deaf")
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"ping")
    async with asyncio.timeout(30):
        while not received:  # noqa: ASYNC110 - another task's
            await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(100), 0.3)
    assert received == [b"ping"]
    await proxy.set_mode("pass")
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(100), 30) == b""
    writer.transport.abort()


async def test_a_slow_proxy_takes_its_time(echo: tuple[Proxy, list[bytes]]) -> None:
    proxy, _ = echo
    await proxy.set_mode("delay", 0.2)
    began = time.monotonic()
    assert await ask(proxy) == b"ping"
    assert time.monotonic() - began >= 0.4


async def test_a_client_waits_for_no_body_behind_a_head() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n")
        writer.close()

    port = free_port()
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        connection = Connection(port, timeout_s=10)
        for _ in range(2):
            assert await connection.send(b"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n") == (404, True, b"")
        await connection.close()


def test_a_unit_that_dies_is_started_again_unless_it_is_held_down(tmp_path: Path) -> None:
    supervisor = Supervisor()
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    unit = supervisor.add(Unit("sleeper", "kind", sleeper, {}, tmp_path / "log"))
    unit.start()
    supervisor.run()
    try:
        first = unit.pid
        unit.send(signal.SIGKILL)
        deadline = time.monotonic() + 60
        while unit.pid in (None, first):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        unit.hold()
        time.sleep(RESTART_AFTER_S + 0.5)
        assert unit.starts == 2
    finally:
        supervisor.stop(first=())
