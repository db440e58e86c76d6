"""The operation that tells counts as they change, by server-sent events."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from console.api.callers import Caller
from console.api.live import FellBehindError, Live, LiveRow, Rows
from console.api.named_records import channel_name
from console.api.operations import CALLER, Answer, Operation, query_of
from console.api.problems import Problem, unavailable
from console.api.report_wire import Label

EVENTS: Final = "text/event-stream"
_ALIVE_S: Final = 15.0
_UNREAD_BYTES: Final = 256 * 1024


class LiveQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose counts are told."""

    account: Label | None = None
    campaign: Label | None = None


class Whose(NamedTuple):
    """Which rows somebody is told."""

    account: str | None
    campaign: str | None
    scope: tuple[tuple[str, str], ...] = ()

    def has(self, row: LiveRow) -> bool:
        """Whether it is one of them."""
        return (
            self.account in (None, row.account)
            and self.campaign in (None, row.campaign)
            and all(
                getattr(row, name, None) == (channel_name(value) if name == "channel" else value)
                for name, value in self.scope
            )
        )


class Events:
    """What is sent of rows: filtered and written once for all who are told the same."""

    def __init__(self) -> None:
        self._encode: Final = msgspec.json.Encoder().encode
        self._rows: Rows = ()
        self._events: dict[Whose, bytes] = {}

    def event(self, rows: Rows, whose: Whose) -> bytes:
        """An event as it is sent; empty where none of the rows is theirs."""
        if rows is not self._rows:
            self._rows, self._events = rows, {}
        known = self._events.get(whose)
        if known is None:
            theirs = [row for row in rows if whose.has(row)]
            known = b"event: counts\ndata: " + self._encode(theirs) + b"\n\n" if theirs else b""
            self._events[whose] = known
        return known


class LiveOperations:
    """Sends counts to those who listen, at most `listeners_most` at a time."""

    def __init__(self, live: Live, holds: Callable[[Caller, int], bool], *, listeners_most: int) -> None:
        """`holds`: whether who was let in still would be, at milliseconds since 1970."""
        self._live: Final = live
        self._holds: Final = holds
        self._listeners_most: Final = listeners_most
        self._events: Final = Events()

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """An event each time counts changed, until the client leaves."""
        query, caller = query_of(request, LiveQuery), request[CALLER]
        if not caller.speaks_for(query.account if query.account is not None else caller.account):
            detail = f"this token speaks for account {caller.account!r} only"
            raise Problem("forbidden", detail, parameter="account")
        if self._live.listeners >= self._listeners_most:
            raise unavailable(f"{self._listeners_most} listen already: try again later", retry_after_s=10)
        whose = Whose(caller.account or query.account, query.campaign, caller.scope)
        response = web.StreamResponse(headers={"Content-Type": EVENTS, "X-Accel-Buffering": "no"})
        await response.prepare(request)
        await response.write(b": listening\n\n")  # the head goes with it: a browser knows at once that it is heard
        async with self._live.changes(lambda: self._holds(caller, time.time_ns() // 1_000_000)) as updates:
            try:
                while (transport := request.transport) is not None:
                    try:
                        async with asyncio.timeout(_ALIVE_S):
                            event = self._events.event(await anext(updates), whose)
                    except TimeoutError:
                        event = b": alive\n\n"
                    if transport.get_write_buffer_size() > _UNREAD_BYTES:
                        break  # whoever does not read begins anew
                    if event:
                        await response.write(event)
            except FellBehindError:
                pass
        return response


def live_operations(live: LiveOperations) -> tuple[Operation, ...]:
    """The table of what there is to listen to."""
    return (
        Operation(
            name="listen",
            method="GET",
            path="/v1/live",
            role="reports:read",
            summary="Counts of the last ten minutes, then each change, as server-sent events",
            act=live.listen,
            query=LiveQuery,
            answers={200: Answer(meaning="events `counts`, each a list of rows", kind=LiveRow, media=(EVENTS,))},
            shared=True,
        ),
    )
