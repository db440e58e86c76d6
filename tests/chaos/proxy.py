"""A TCP proxy that can be told to cut, to delay, and to lose the answers of requests that did arrive."""

import asyncio
import contextlib
from typing import Final, Literal

Mode = Literal["pass", "cut", "delay", "deaf"]

_CHUNK_BYTES: Final = 64 * 1024


class Proxy:
    """Listens on `port` of the loopback and forwards to `upstream_port`; all of it on one event loop.

    pass   forwards
    cut    aborts every connection and each new one
    delay  forwards each piece `delay_s` later, in both directions
    deaf   forwards requests and swallows their answers: applied, and the client never hears of it. Whoever
           waits for a swallowed answer when the mode ends is cut off
    """

    def __init__(self, port: int, upstream_port: int) -> None:
        self.port: Final = port
        self._upstream_port = upstream_port
        self._mode: Mode = "pass"
        self._delay_s = 0.0
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._tainted: set[asyncio.StreamWriter] = set()
        self.swallowed_bytes = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Cut everything and listen no more."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections)
        self._abort_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def set_mode(self, mode: Mode, delay_s: float = 0.0) -> None:
        """Behave so from now on."""
        self._mode, self._delay_s = mode, delay_s
        if mode == "cut":
            self._abort_all()
        elif mode != "deaf":
            for tainted in self._tainted:
                tainted.transport.abort()
            self._tainted.clear()

    def _abort_all(self) -> None:
        for writers in self._connections.values():
            for one in writers:
                one.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        writers = self._connections[task] = [writer]
        try:
            if self._mode == "cut":
                return
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
            writers.append(upstream_writer)
            there = asyncio.create_task(self._pump(reader, upstream_writer, answers_to=None))
            back = asyncio.create_task(self._pump(upstream_reader, writer, answers_to=writer))
            _, pending = await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            for pump in pending:
                pump.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # nobody there, or the end: the client sees its connection cut
        finally:
            del self._connections[task]
            self._tainted.discard(writer)
            for one in writers:
                one.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers_to: asyncio.StreamWriter | None
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_CHUNK_BYTES):
                if self._mode == "delay":
                    await asyncio.sleep(self._delay_s)
                if answers_to is not None and (self._mode == "deaf" or answers_to in self._tainted):
                    self._tainted.add(answers_to)
                    self.swallowed_bytes += len(piece)
                    continue
                writer.write(piece)
                await writer.drain()
