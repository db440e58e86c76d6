"""Many who listen to live counts: how long after a click's answer each of them was told of it."""

import asyncio
import time
from typing import Final

import msgspec

from bench.console_api import Door
from bench.stack import BenchError
from bench.traffic import DOMAIN

_CONNECTING: Final = 100
"""At a time, as many as a listening socket's queue holds without loss."""
_TOLD_WITHIN_S: Final = 30.0
_BETWEEN_S: Final = 1.3
"""No multiple of the service's own beat: clicks come at every place of it."""
_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"


class Row(msgspec.Struct):
    """What is looked at of a count."""

    post: str
    clicks: int


class Crowd:
    """Connections to /v1/live, each with when it was told of which post first (seconds, monotonic)."""

    def __init__(self, door: Door) -> None:
        self._door: Final = door
        self._decode: Final = msgspec.json.Decoder(list[Row]).decode
        self._told: Final[dict[str, list[float]]] = {}
        self._tasks: Final[list[asyncio.Task[None]]] = []
        self.events = 0

    async def gather(self, listeners: int) -> None:
        """Let so many begin to listen."""
        for start in range(0, listeners, _CONNECTING):
            count = min(_CONNECTING, listeners - start)
            opened = await asyncio.gather(*(self._opened() for _ in range(count)))
            self._tasks.extend(asyncio.create_task(self._listen(reader, writer)) for reader, writer in opened)

    async def told_s(self, post: str, clicked_at: float) -> list[float]:
        """Seconds from the click to each listener's event. Raises BenchError: one heard nothing."""
        deadline = time.monotonic() + _TOLD_WITHIN_S
        while len(self._told.get(post, ())) < len(self._tasks):
            gone = [task for task in self._tasks if task.done()]
            if gone or time.monotonic() > deadline:
                heard = len(self._told.get(post, ()))
                raise BenchError(
                    f"{heard} of {len(self._tasks)} listeners heard of {post}, {len(gone)} were let go"
                )
            await asyncio.sleep(0.02)
        return [at - clicked_at for at in self._told[post]]

    async def leave(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._door.port, limit=8 * 1024 * 1024)
        writer.write(
            f"GET /v1/live HTTP/1.1\r\nHost: console\r\nAuthorization: Bearer {self._door.bearer}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise BenchError(f"a listener was answered {head[:200]!r}")
        return reader, writer

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard: set[str] = set()
        try:
            while line := await reader.readline():
                if not line.startswith(b"data: "):
                    continue
                now = time.monotonic()
                self.events += 1
                if b'"post":"live-' not in line:
                    continue  # what a client does with an event is not measured
                for row in self._decode(line[6:]):
                    if row.clicks and row.post not in heard:
                        heard.add(row.post)
                        self._told.setdefault(row.post, []).append(now)
        finally:
            writer.close()


async def click(port: int, slug: str) -> float:
    """Follow a link of ours as a person would; when it was answered. Raises BenchError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /{slug} HTTP/1.1\r\nHost: {DOMAIN}\r\nUser-Agent: {_AGENT}\r\n"
        "Accept: text/html\r\nAccept-Language: en\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 302"):
        raise BenchError(f"a click was answered by {answer[:100]!r}")
    return time.monotonic()


async def told(door: Door, port: int, slugs: dict[str, str], listeners: int) -> tuple[list[float], int]:
    """Seconds until every listener was told of every click, and how many events were sent in all.

    `slugs`: of links that nobody clicked yet, by their posts, which have no other link.
    """
    crowd = Crowd(door)
    try:
        await crowd.gather(listeners)
        took: list[float] = []
        for post, slug in slugs.items():
            clicked_at = await click(port, slug)
            took += await crowd.told_s(post, clicked_at)
            await asyncio.sleep(_BETWEEN_S)
        return took, crowd.events
    finally:
        await crowd.leave()
