"""The way of a change: to the writer, here or on another console, and back once it is served here."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, unquote

from aiohttp import web

from console.api.changes import Change, Decision, IdempotentChange
from console.api.deciding import Outcome
from console.api.election import Election
from console.api.following import TopicFollower
from console.api.forwarding import Forwarding
from console.api.index import Index
from console.api.link_views import etag_of, view_of
from console.api.operations import CALLER, FORWARDED, OFFSET, json_answer
from console.api.problems import Problem, unavailable
from console.api.record_views import record_view
from console.api.records import answer_key, hash_of_request
from console.api.served import Redirector
from console.api.writer import Writer
from schemas.idempotency import KEY_MAX_CHARS
from schemas.links import Link
from schemas.topics import LINKS

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
SERVED: Final = "Clicktally-Served"
_WRITER_WITHIN_S: Final = 3.0
_LOOK_S: Final = 0.02
_FOLLOWED_WITHIN_S: Final = 5.0
_LINES_UNDER_WAY: Final = 8
"""Transactions' worth of lines, of all bulks together: while some are decided and written, others are indexed."""
_CHANGED: Final = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)


class Changing:
    """Makes changes durable, and waits until they hold on this host."""

    def __init__(
        self,
        *,
        writer: Writer,
        election: Election,
        forwarding: Forwarding,
        redirector: Redirector,
        index: Index,
        followers: dict[str, TopicFollower],
    ) -> None:
        self._writer: Final = writer
        self._election: Final = election
        self._forwarding: Final = forwarding
        self._redirector: Final = redirector
        self._index: Final = index
        self._followers: Final = followers
        self.room_for_lines: Final = asyncio.Semaphore(_LINES_UNDER_WAY)

    async def writes_here(self, request: web.Request) -> bool:
        """Whether this console is the writer; waits a moment where that is being decided. Raises Problem."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WRITER_WITHIN_S):
                while not self._writer.writes and not self._writes_elsewhere(request):  # noqa: ASYNC110 - other tasks
                    await asyncio.sleep(_LOOK_S)
        if self._writer.writes:
            return True
        if self._writes_elsewhere(request):
            return False
        raise unavailable("who writes is being decided: send it again")

    def _writes_elsewhere(self, request: web.Request) -> bool:
        """Whether another console may be asked; what one handed over is not handed on."""
        return bool(self._election.writer_url) and not self._election.elected and FORWARDED not in request.headers

    async def change(self, request: web.Request, change: Change, content: bytes) -> web.Response:
        """The answer to one change; `content` is the request's body. Raises Problem."""
        change = keyed(request, change, content)
        if not await self.writes_here(request):
            return await self._elsewhere(request, content)
        (outcome,) = await self._writer.submit([change])
        if outcome.problem is not None:
            raise outcome.problem
        response = _response(outcome)
        decision = outcome.decision
        if FORWARDED not in request.headers:
            response.headers.popall(OFFSET, None)
            if LINKS in outcome.offsets and decision is not None and decision.record is None:
                await self._wait_until_served(response, decision.key, decision.link)
        if not outcome.followed:
            _accepted(response)
        return response

    async def change_record(
        self, request: web.Request, change: Change, content: bytes, respond: Callable[[Decision], web.Response]
    ) -> web.Response:
        """The same of a change of records that has an answer of its own, and no key. Raises Problem."""
        if not await self.writes_here(request):
            return await self._elsewhere(request, content)
        (outcome,) = await self._writer.submit([change])
        if outcome.problem is not None:
            raise outcome.problem
        response = respond(outcome.made)
        if FORWARDED in request.headers and outcome.offsets:
            response.headers[OFFSET] = _offsets(outcome)
        if not outcome.followed:
            _accepted(response)
        return response

    async def submit(self, changes: list[Change]) -> list[Outcome]:
        """Many at once, answered once they are durable."""
        return await self._writer.submit(changes)

    async def lines_are_served(self, outcomes: Sequence[Outcome]) -> bool:
        """Wait until this host's redirector answers with what lines of one transaction made; False: not in time.

        It takes changes in their order: what it says of the last one holds for those before.
        """
        decisions = (one.decision for one in reversed(outcomes) if one.decision is not None)
        last = next((one for one in decisions if any(write.topic == LINKS for write in one.writes)), None)
        return last is None or await self._redirector.serves(last.key, last.link) is not False

    async def lines_elsewhere(self, request: web.Request) -> web.StreamResponse:
        """A stream of changes that the writer on another console makes."""
        return await self._forwarding.hand_over_lines(request)

    async def _elsewhere(self, request: web.Request, content: bytes) -> web.Response:
        response = await self._forwarding.hand_over(request, content)
        offsets = response.headers.pop(OFFSET, "")
        if not offsets or response.status not in _CHANGED:
            return response
        written = {topic: int(offset) for topic, _, offset in (one.partition("=") for one in offsets.split(","))}
        try:
            async with asyncio.timeout(_FOLLOWED_WITHIN_S):
                for topic, offset in written.items():
                    await self._followers[topic].reached(offset)
        except TimeoutError:
            _accepted(response)
            return response
        if LINKS in written:
            key = unquote(response.headers.get("Clicktally-Link", ""))
            link = await asyncio.to_thread(self._index.link, key)
            await self._wait_until_served(response, key, link)
        return response

    async def _wait_until_served(self, response: web.Response, key: str, link: Link | None) -> None:
        served = await self._redirector.serves(key, link)
        if served is not None:
            response.headers[SERVED] = "yes" if served else "no"
        if served is False:
            _accepted(response)


def keyed(request: web.Request, change: Change, content: bytes) -> Change:
    """The change, made once only where the request has an Idempotency-Key. Raises Problem."""
    values = request.headers.getall(IDEMPOTENCY_KEY, [])
    if not values:
        return change
    key = values[0].strip()
    if len(values) > 1 or not 0 < len(key) <= KEY_MAX_CHARS or not key.isprintable():
        raise Problem(
            "bad-request",
            f"send one {IDEMPOTENCY_KEY} of 1 to {KEY_MAX_CHARS} characters",
            parameter=IDEMPOTENCY_KEY,
        )
    request_parts = (request.method, request.raw_path, request.headers.get("If-Match", ""))
    request_hash = hash_of_request(*(part.encode("utf-8", "surrogateescape") for part in request_parts), content)
    return IdempotentChange(
        change=change, answer_key=answer_key(request[CALLER].token_id, key), request_hash=request_hash
    )


def _response(outcome: Outcome) -> web.Response:
    decision = outcome.made
    headers = {} if decision.record is not None else {"Clicktally-Link": _escaped(decision.key)}
    if decision.replayed:
        headers[REPLAYED] = "yes"
    if outcome.offsets:
        headers[OFFSET] = _offsets(outcome)
    if decision.record is not None:
        view = record_view(decision.key, decision.record)
        return json_answer(view, status=decision.status, headers=headers | {"ETag": view.etag})
    if decision.link is None:
        return web.Response(status=decision.status, headers=headers)
    headers["ETag"] = etag_of(decision.link)
    if decision.status == HTTPStatus.CREATED:
        headers["Location"] = f"/v1/links/{_escaped(decision.key.partition('/')[0])}/{_escaped(decision.link.slug)}"
    return json_answer(view_of(decision.link), status=decision.status, headers=headers)


def _offsets(outcome: Outcome) -> str:
    return ",".join(f"{topic}={offset}" for topic, offset in outcome.offsets.items())


def _accepted(response: web.Response) -> None:
    """It is durable, and on its way to this host."""
    response.set_status(HTTPStatus.ACCEPTED)


def _escaped(text: str) -> str:
    return quote(text, safe="~")
