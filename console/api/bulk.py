"""Many changes in one request: a line each, answered by a line each, in order, as they become durable."""

import asyncio
import contextlib
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from console.api.callers import Caller
from console.api.changes import Change, Decision, Upsert
from console.api.changing import Changing
from console.api.deciding import Outcome
from console.api.link_views import etag_of, etag_of_value
from console.api.operations import CALLER, FORWARDED, NDJSON, decoded
from console.api.policy import Policy
from console.api.problems import Problem
from console.api.wire import BulkAnswer, BulkLine
from console.api.writer import CHANGES_AT_ONCE
from schemas.topics import LINKS

_GATHER_S: Final = 0.05
_CHUNK_BYTES: Final = 64 * 1024
_IN_MEMORY_BYTES: Final = 1024 * 1024
_AT_ONCE_BYTES: Final = 4 * 1024 * 1024
"""Lines of more are no transaction's worth, but several's."""


_line: Final = msgspec.json.Decoder(BulkLine).decode


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
        size_bytes = 0
        while True:
            try:
                async with asyncio.timeout(_GATHER_S if lines else self._within_s):
                    part = await self._content.readany()
            except TimeoutError as error:
                if lines:
                    yield lines
                    lines, size_bytes = [], 0
                    continue
                raise Problem(
                    "timeout", f"no line came for {self._within_s:g} s: send what is left anew"
                ) from error
            if not part and self._content.at_eof():
                break
            *whole, rest = (rest + part).split(b"\n")
            lines += whole
            size_bytes += len(part)
            while len(lines) >= CHANGES_AT_ONCE or (lines and size_bytes >= _AT_ONCE_BYTES):
                yield lines[:CHANGES_AT_ONCE]
                lines, size_bytes = lines[CHANGES_AT_ONCE:], 0
            if len(rest) > self._most_bytes:
                yield [*lines, rest[: self._most_bytes + 1]]
                return
        if rest.strip():
            lines.append(rest)
        if lines:
            yield lines


class Answers:
    """The answers' way back. A client that sends before it reads holds up nothing: they wait on disk meanwhile."""

    def __init__(self, request: web.Request) -> None:
        self._request: Final = request
        self._response: Final = web.StreamResponse(headers={"Content-Type": NDJSON})
        self._kept: Final = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by `close`
        self._file: Final = asyncio.Lock()
        self._more: Final = asyncio.Event()
        self._encode_lines: Final = msgspec.json.Encoder().encode_lines
        self._sending: asyncio.Task[None] | None = None
        self._written = self._sent = 0
        self._ended = False

    async def begin(self) -> None:
        """Send the head."""
        await self._response.prepare(self._request)
        self._sending = asyncio.create_task(self._send(), name="answers of a bulk")

    async def add(self, answers: list[BulkAnswer]) -> None:
        """Lines to be sent as soon as the client takes them. Raises ConnectionError when it has left."""
        if self._sending is not None and self._sending.done():
            self._sending.result()
        content = self._encode_lines(answers)
        async with self._file:
            await asyncio.to_thread(self._append, content)
        self._written += len(content)
        self._more.set()

    async def end(self) -> web.StreamResponse:
        """Send what is left, and the end."""
        self._ended = True
        self._more.set()
        if self._sending is not None:
            await self._sending
        await self._response.write_eof()
        return self._response

    def close(self) -> None:
        """Stop sending and let go of what waits on disk, whatever happened."""
        if self._sending is not None:
            self._sending.cancel()
        self._kept.close()

    async def _send(self) -> None:
        while True:
            self._more.clear()
            if self._sent == self._written:
                if self._ended:
                    return
                await self._more.wait()
                continue
            async with self._file:
                content = await asyncio.to_thread(self._read, self._sent)
            await self._response.write(content)
            self._sent += len(content)

    def _append(self, content: bytes) -> None:
        self._kept.seek(self._written)
        self._kept.write(content)

    def _read(self, place: int) -> bytes:
        self._kept.seek(place)
        return self._kept.read(_CHUNK_BYTES)


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
    ended: list[BulkAnswer] = []
    written: deque[asyncio.Task[list[BulkAnswer]]] = deque()
    try:
        await answers.begin()
        try:
            async for lines in Lines(request, most_bytes=line_bytes, within_s=within_s).chunks():
                parsed = _changes_of(lines, number, request[CALLER], policy, line_bytes)
                await changing.room_for_lines.acquire()
                # Tasks begin in the order of their making, so the writer has the lines in theirs.
                answered = _answered(parsed, changing, here=FORWARDED not in request.headers)
                task = asyncio.create_task(answered, name="lines of a bulk")
                task.add_done_callback(lambda _: changing.room_for_lines.release())
                written.append(task)
                while written[0].done() and len(written) > 1:
                    await answers.add(await written.popleft())
                number += len(lines)
        except Problem as problem:  # of the body as a whole: what came before it is done
            ended = [_answer_of(number + 1, Outcome(problem=problem))]
        while written:
            await answers.add(await written.popleft())
        await answers.add(ended)
        return await answers.end()
    finally:
        for task in written:
            task.cancel()
        answers.close()


class Numbered(NamedTuple):
    """A line that is not blank: its number, and what it asks, or why it asks nothing."""

    number: int
    asked: Change | Problem


def _changes_of(lines: list[bytes], before: int, caller: Caller, policy: Policy, line_bytes: int) -> list[Numbered]:
    """What each line asks; blank ones are passed over."""
    asking = [(number, line) for number, line in enumerate(lines, before + 1) if line and not line.isspace()]
    if max(map(len, lines)) <= line_bytes:
        with contextlib.suppress(
            msgspec.DecodeError, UnicodeDecodeError, RecursionError
        ):  # each says its own below
            return [
                Numbered(number, Upsert(line=_line(line), caller=caller, policy=policy)) for number, line in asking
            ]
    return [Numbered(number, _asked(line, caller, policy, line_bytes)) for number, line in asking]


def _asked(line: bytes, caller: Caller, policy: Policy, line_bytes: int) -> Change | Problem:
    if len(line) > line_bytes:
        return Problem("too-large", f"the line has more than {line_bytes} bytes; what follows it was not looked at")
    try:
        return Upsert(line=decoded(line, BulkLine), caller=caller, policy=policy)
    except Problem as problem:
        return problem


async def _answered(parsed: list[Numbered], changing: Changing, *, here: bool) -> list[BulkAnswer]:
    """An answer for each, in order, once all are durable and, `here`, answered by this host's redirector."""
    changes = [asked for _, asked in parsed if not isinstance(asked, Problem)]
    made: list[Outcome] = []
    later = False
    if changes:
        try:
            made = await changing.submit(changes)
            later = here and not await changing.lines_are_served(made)
        except Problem as problem:
            made = [Outcome(problem=problem)] * len(changes)
    outcomes = iter(made)
    return [
        _answer_of(number, Outcome(problem=asked) if isinstance(asked, Problem) else next(outcomes), later=later)
        for number, asked in parsed
    ]


def _answer_of(number: int, outcome: Outcome, *, later: bool = False) -> BulkAnswer:
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
        etag=_etag(decision),
        served=outcome.followed and not (later and decision.writes),
    )


def _etag(decision: Decision) -> str:
    if decision.link is None:
        return ""
    # What is written of a link is what its tag is made of: it need not be encoded again.
    written = next((one.value for one in decision.writes if one.topic == LINKS), None)
    return etag_of(decision.link) if written is None else etag_of_value(written)
