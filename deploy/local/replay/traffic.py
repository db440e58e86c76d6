"""Send requests over a bounded number of real connections; what got no answer is never sent again."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import h11

from deploy.local.replay.access_log import Request

_READ_BYTES: Final = 65536
_ANSWER_WITHIN_S: Final = 30.0
_RECONNECT_S: Final = 0.05
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class UnansweredError(Exception):
    """The connection broke after the request was sent: it was counted, or it was not."""


@dataclass
class Outcome:
    """What the clients saw."""

    sent: int = 0
    redirects: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: list[Request] = field(default_factory=list)


class Connection:
    """One keep-alive connection, opened anew after a failure.

    No HTTP client library does this job: they repeat a GET by themselves when a kept connection turns out dead.
    """

    def __init__(self, host: str, port: int, domain: str) -> None:
        self._address: Final = (host, port)
        self._host_header: Final = domain.encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._http = h11.Connection(h11.CLIENT)

    async def status(self, request: Request) -> int:
        """Send a request and read its answer; the status. Raises UnansweredError. Waits for somebody to listen."""
        if self._writer is None or self._http.our_state is not h11.IDLE:
            await self._open()
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                return await self._exchange(request)
        except (OSError, TimeoutError, h11.RemoteProtocolError, EOFError) as error:
            await self.close()
            raise UnansweredError(repr(error)) from error

    async def close(self) -> None:
        """Safe to repeat."""
        writer, self._writer, self._reader = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _open(self) -> None:
        await self.close()
        while True:
            try:
                self._reader, self._writer = await asyncio.open_connection(*self._address)
            except OSError:
                await asyncio.sleep(_RECONNECT_S)
            else:
                self._http = h11.Connection(h11.CLIENT)
                return

    async def _exchange(self, request: Request) -> int:
        reader, writer, http = self._reader, self._writer, self._http
        assert reader is not None, "opened before"  # noqa: S101 - for the type checker
        assert writer is not None, "opened before"  # noqa: S101 - for the type checker
        headers = [(b"Host", self._host_header), (b"X-Forwarded-For", request.client)]
        if request.agent:
            headers.append((b"User-Agent", request.agent))
        if request.referrer:
            headers.append((b"Referer", request.referrer))
        if request.method == b"POST":
            headers.append((b"Content-Length", b"0"))
        head = http.send(h11.Request(method=request.method, target=request.target, headers=headers))
        writer.write((head or b"") + (http.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        status = 0
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(_READ_BYTES))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError("closed before the answer")
        if http.our_state is h11.DONE and http.their_state is h11.DONE:
            http.start_next_cycle()
        return status


async def send_all(
    requests: Iterator[Request],
    *,
    host: str,
    port: int,
    domain: str,
    connections: int,
    on_sent: Callable[[], None],
) -> Outcome:
    """Send every request once, `connections` at a time; each connection takes the next one when it is free."""
    outcome = Outcome()

    async def work() -> None:
        connection = Connection(host, port, domain)
        try:
            for request in requests:
                try:
                    status = await connection.status(request)
                    outcome.statuses[status] += 1
                    outcome.redirects += request.method == b"GET" and status in _REDIRECTS
                except UnansweredError:
                    outcome.unanswered.append(request)
                outcome.sent += 1
                on_sent()
        finally:
            await connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(work())
    return outcome
