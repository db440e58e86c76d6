"""Asks ClickHouse for reports: once a second for all who ask the same, and not at all for those who left."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from clickhouse_connect.driver.asyncclient import AsyncClient

from console.api.first_rows import THROWN
from console.api.reports import Statement
from schemas.clickhouse.client import Server, clickhouse_errors, connect
from schemas.clickhouse.readers import OF_REPORTS
from schemas.errors import ClickHouseError

Wire = Literal["JSONEachRow", "ArrowStream"]

_KEPT: Final = 256
_SETTINGS: Final = {
    "readonly": 2,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    # With readonly, what a client no longer waits for ends.
    "cancel_http_readonly_queries_on_client_close": 1,
}


class Counters:
    """The counters in ClickHouse. `fresh_s`: how long an answer is as good as a new one. Close it."""

    def __init__(
        self,
        server: Server,
        *,
        within_s: float,
        fresh_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        ask: Callable[[Statement, Wire], Any] | None = None,
    ) -> None:
        self._server: Final = server
        self._within_s: Final = within_s
        self._fresh_s: Final = fresh_s
        self._clock: Final = clock
        self._ask: Final = ask or self._query_rows
        self._client: AsyncClient | None = None
        self._readers_settings: dict[str, str] = {}
        self._connecting: Final = asyncio.Lock()
        self._answers: dict[tuple[Statement, Wire], tuple[float, asyncio.Task[bytes]]] = {}
        self._waiting: dict[tuple[Statement, Wire], int] = {}

    async def answer(self, statement: Statement, wire: Wire) -> bytes:
        """The rows. Raises TransientError, ClickHouseError."""
        key = (statement, wire)
        task = self._under_way(key)
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            return await asyncio.shield(task)
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]
                if not task.done():  # the last who waited has left
                    task.cancel()
                    self._answers.pop(key, None)

    async def close(self) -> None:
        """Ask nothing more."""
        for _, task in self._answers.values():
            task.cancel()
        if self._client is not None:
            await self._client.close()

    def _under_way(self, key: tuple[Statement, Wire]) -> asyncio.Task[bytes]:
        now_s = self._clock()
        begun_s, task = self._answers.get(key, (-self._fresh_s, None))
        if task is not None and (not task.done() or (now_s - begun_s < self._fresh_s and _succeeded(task))):
            return task
        while len(self._answers) >= _KEPT:
            del self._answers[next(iter(self._answers))]
        self._answers.pop(key, None)
        task = asyncio.create_task(self._ask(*key))
        self._answers[key] = (now_s, task)
        return task

    async def _query_rows(self, statement: Statement, wire: Wire) -> bytes:
        if statement.sooner:
            try:
                return await self._query(statement.sooner, statement.parameters, wire)
            except ClickHouseError as error:
                if error.code != THROWN:
                    raise
        return await self._query(statement.text, statement.parameters, wire)

    async def _query(self, text: str, parameters: Sequence[tuple[str, Any]], wire: Wire) -> bytes:
        async with self._connecting:
            if self._client is None:
                client = await connect(self._server, send_receive_timeout_s=self._within_s)
                known = client.server_settings
                self._readers_settings = {name: one for name, one in OF_REPORTS.items() if name in known}
                self._client = client
        with clickhouse_errors():
            content = await self._client.raw_query(
                text,
                parameters=dict(parameters),
                settings=_SETTINGS | self._readers_settings | {"max_execution_time": int(self._within_s) or 1},
                fmt=wire,
            )
        return bytes(content)


def _succeeded(task: asyncio.Task[bytes]) -> bool:
    return not task.cancelled() and task.exception() is None
