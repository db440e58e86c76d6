"""Many changes in one request: a line each, answered by a line each, in order, as they become durable."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from aiohttp import web

from console.api.callers import Caller
from console.api.changes import Change, Upsert
from console.api.changing import Changing
from console.api.link_views import etag_of
from console.api.operations import CALLER, NDJSON, decoded
from console.api.policy import Policy
from console.api.problems import Problem
from console.api.wire import BulkAnswer, BulkLine
from console.api.writer import CHANGES_AT_ONCE, Outcome

_GATHER_S: Final = 0.05
_HELD_BYTES: Final = 256 * 1024
_IN_MEMORY_BYTES: Final = 1024 * 1024


class Lines:
    """The lines of a body as they come, without their ends."""

    def __init__(self, request: web.Request, *, most_bytes: int, within_s: float) -> None:
        self._content: Final = request.content
        self._most_bytes: Final = most_bytes
        self._within_s: Final = within_s

    async def chunks(self) -> AsyncIterator[list[bytes]]:
        """Whatever lines there are, up to one transaction's worth, without waiting long for more.

        A line of more bytes than may be ends the body: it comes as b"" and is the last. Raises Problem when a line
        does not come.
        """
        rest = b""
        lines: list[bytes] = []
        while True:
            try:
                async with asyncio.timeout(_GATHER_S if lines else self._within_s):
                    part = await self._content.readany()
            except TimeoutError as error:
                if lines:
                    yield lines
                    lines = []
                    continue
                raise Problem(
                    "timeout", f"no line came for {self._within_s:g} s: send what is left anew"
                ) from error
            if not part and self._content.at_eof():
                break
            *whole, rest = (rest + part).split(b"\n")
            lines += whole
            while len(lines) >= CHANGES_AT_ONCE:
                yield lines[:CHANGES_AT_ONCE]
                lines = lines[CHANGES_AT_ONCE:]
            if len(rest) > self._most_bytes:
                yield [*lines, rest[: self._most_bytes + 1]]
                return
        if rest.strip():
            lines.append(rest)
        if lines:
            yield lines


class Answers:
    """The answers' way back. While a client sends and does not read, they wait on disk."""

    def __init__(self, request: web.Request) -> None:
        self._request: Final = request
        self._response: Final = web.StreamResponse(headers={"Content-Type": NDJSON})
        self._kept: Final = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by `end`
        self._keeps = False
        self._encode: Final = msgspec.json.Encoder().encode

    async def begin(self) -> None:
        """Send the head."""
        await self._response.prepare(self._request)

    async def add(self, answers: list[BulkAnswer]) -> None:
        """Send lines, or keep them where the client does not read yet."""
        content = b"".join(self._encode(one) + b"\n" for one in answers)
        transport = self._request.transport
        if transport is None:
            raise ConnectionResetError("the client left")
        if self._keeps or transport.get_write_buffer_size() > _HELD_BYTES:
            self._keeps = True
            await asyncio.to_thread(self._kept.write, content)
        else:
            await self._response.write(content)

    async def end(self) -> web.StreamResponse:
        """Send what was kept, and the end."""
        self._kept.seek(0)
        while content := await asyncio.to_thread(self._kept.read, _HELD_BYTES):
            await self._response.write(content)
        await self._response.write_eof()
        return self._response

    def close(self) -> None:
        """Whatever happened."""
        self._kept.close()


async def bulk(
    request: web.Request, changing: Changing, policy: Policy, *, line_bytes: int, within_s: float
) -> web.StreamResponse:
    """The answer to a body of lines. Raises Problem before the first."""
    if request.content_type != NDJSON:
        raise Problem("unsupported-media-type", f"send lines of JSON as {NDJSON}, and say so in Content-Type")
    if not await changing.writes_here(request):
        return await changing.lines_elsewhere(request)
    answers = Answers(request)
    number = 0
    try:
        await answers.begin()
        try:
            async for lines in Lines(request, most_bytes=line_bytes, within_s=within_s).chunks():
                parsed = _changes_of(lines, number, request[CALLER], policy, line_bytes)
                await answers.add(await _answered(parsed, changing))
                number += len(lines)
        except Problem as problem:  # of the body as a whole: what came before it is done
            await answers.add([_answer_of(number + 1, Outcome(problem=problem))])
        return await answers.end()
    finally:
        answers.close()


def _changes_of(
    lines: list[bytes], before: int, caller: Caller, policy: Policy, line_bytes: int
) -> dict[int, Change | Problem]:
    """What each line that is not blank asks, or why it asks nothing, by its number."""
    asked: dict[int, Change | Problem] = {}
    for number, line in enumerate(lines, before + 1):
        if not line.strip():
            continue
        if len(line) > line_bytes:
            asked[number] = Problem(
                "too-large", f"the line has more than {line_bytes} bytes; what follows it was not looked at"
            )
            continue
        try:
            asked[number] = Upsert(line=decoded(line, BulkLine), caller=caller, policy=policy)
        except Problem as problem:
            asked[number] = problem
    return asked


async def _answered(asked: dict[int, Change | Problem], changing: Changing) -> list[BulkAnswer]:
    """An answer for each, in order, once all are durable."""
    outcomes = {number: Outcome(problem=one) for number, one in asked.items() if isinstance(one, Problem)}
    changes = {number: one for number, one in asked.items() if not isinstance(one, Problem)}
    if changes:
        try:
            made = await changing.submit(list(changes.values()))
        except Problem as problem:
            made = [Outcome(problem=problem)] * len(changes)
        outcomes.update(zip(changes, made, strict=True))
    return [_answer_of(number, outcomes[number]) for number in sorted(outcomes)]


def _answer_of(number: int, outcome: Outcome) -> BulkAnswer:
    if outcome.problem is not None:
        details = outcome.problem.details
        return BulkAnswer(line=number, status=details.status, problem=details.detail, pointer=details.pointer)
    decision = outcome.decision
    if decision is None:
        return BulkAnswer(line=number, status=500, problem="this is a fault of ours; the log says more")
    return BulkAnswer(
        line=number,
        status=decision.status,
        link=decision.key,
        etag="" if decision.link is None else etag_of(decision.link),
    )
