"""Lines in, lines out: whoever sends all before reading anything is answered all the same."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from console.api.bulk import bulk
from console.api.changes import Change, Decision, Upsert, Write
from console.api.changing import Changing
from console.api.deciding import Outcome
from console.api.operations import CALLER, NDJSON
from console.api.problems import Problem
from console.api.writer import CHANGES_AT_ONCE
from schemas.links import Link
from tests.unit.console.api.worlds import ANYBODY, POLICY

LINE = b'{"domain": "go.example", "slug": "a", "delete": true}'
LONG = "x" * 400
LINK = Link(domain="go.example", slug="a", destination="https://example.com/")


class Made:
    """A writer that takes everything, and notes how much at once."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.served = True
        self.room_for_lines = asyncio.Semaphore(8)

    async def writes_here(self, _request: web.Request) -> bool:
        return True

    async def lines_are_served(self, _outcomes: list[Outcome]) -> bool:
        return self.served

    async def submit(self, changes: list[Change]) -> list[Outcome]:
        self.counts.append(len(changes))
        return [Outcome(decision=Decision(writes=(), status=204, key=LONG, link=None))] * len(changes)


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
async def client(made: Made) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        request[CALLER] = ANYBODY
        try:
            return await bulk(request, cast(Changing, made), POLICY, line_bytes=1_000, within_s=0.3)
        except Problem as problem:
            return problem.response()

    app = web.Application()
    app.router.add_post("/bulk", handle)
    async with TestClient(TestServer(app, socket_factory=small_socket)) as connected:
        yield connected


def small_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Whose buffers hold little, so that a test need not send much to fill them."""
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    made.bind((host, port))
    return made


async def answers(client: TestClient[web.Request, web.Application], body: bytes) -> list[dict[str, Any]]:
    async with client.post("/bulk", data=body, headers={"Content-Type": NDJSON}) as answer:
        assert (answer.status, answer.content_type) == (200, NDJSON)
        return [msgspec.json.decode(line) for line in (await answer.read()).splitlines()]


async def test_a_client_that_sends_all_before_it_reads_is_answered_in_full(
    client: TestClient[web.Request, web.Application], made: Made
) -> None:
    count = 50_000
    body = b"\n".join([LINE] * count)
    connection = small_socket("127.0.0.1", 0, socket.AF_INET)
    connection.connect(("127.0.0.1", client.port))
    reader, writer = await asyncio.open_connection(sock=connection)
    head = f"POST /bulk HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    async with asyncio.timeout(60):
        await writer.drain()  # nothing is read before all is sent
        received = await reader.read()
    writer.close()
    lines = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", received)  # without the marks of chunks
    assert lines.count(b'"status":204') == count
    assert (sum(made.counts), max(made.counts)) == (count, CHANGES_AT_ONCE)


async def test_lines_are_read_on_while_those_before_are_written_and_answered_in_order(
    client: TestClient[web.Request, web.Application], made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[list[str]] = []
    another = asyncio.Event()

    async def submit(changes: list[Change]) -> list[Outcome]:
        mine = [cast(Upsert, one).line.slug for one in changes]
        came.append(mine)
        if len(came) == 2:
            another.set()
        await another.wait()
        return [Outcome(decision=Decision(writes=(), status=204, key=slug, link=None)) for slug in mine]

    monkeypatch.setattr(made, "submit", submit)
    slugs = [f"s{number}" for number in range(2 * CHANGES_AT_ONCE + 1)]
    body = b"".join(b'{"domain": "go.example", "slug": "%s", "delete": true}\n' % slug.encode() for slug in slugs)
    answered = await asyncio.wait_for(answers(client, body), 60)
    assert [slug for part in came for slug in part] == slugs
    assert [one["line"] for one in answered] == list(range(1, len(slugs) + 1))


async def test_blank_lines_are_counted_and_not_answered(client: TestClient[web.Request, web.Application]) -> None:
    answered = await answers(client, b"\n" + LINE + b"\n\n  \r\n" + LINE + b"\r\n")
    assert [one["line"] for one in answered] == [2, 5]


@pytest.mark.parametrize(("size", "status"), [(1_000, 204), (1_001, 413)])
async def test_a_line_has_a_most_and_one_beyond_ends_the_stream(
    client: TestClient[web.Request, web.Application], size: int, status: int
) -> None:
    answered = await answers(client, LINE + b" " * (size - len(LINE)) + b"\n" + LINE)
    assert answered[0]["status"] == status
    assert len(answered) == 2


async def test_a_line_without_end_is_not_kept(client: TestClient[web.Request, web.Application], made: Made) -> None:
    answered = await answers(client, LINE + b"\n" + b"x" * 1_000_000)
    assert [one["status"] for one in answered] == [204, 413]
    assert sum(made.counts) == 1


async def test_bad_lines_say_why_between_good_ones(client: TestClient[web.Request, web.Application]) -> None:
    lines = [LINE, b"{", b"[]", b'{"domain": "go.example"}', json.dumps({"slug": 1}).encode(), LINE]
    answered = await answers(client, b"\n".join(lines))
    assert [one["status"] for one in answered] == [204, 400, 422, 422, 422, 204]
    assert all(one["problem"] for one in answered[1:-1])


async def test_a_line_that_does_not_come_ends_the_stream_with_what_to_do(
    client: TestClient[web.Request, web.Application],
) -> None:
    answered_all = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LINE + b"\n"
        await answered_all.wait()

    async with client.post("/bulk", data=slow(), headers={"Content-Type": NDJSON}) as answer:
        answered = [msgspec.json.decode(line) for line in (await answer.read()).splitlines()]
        answered_all.set()
    assert [(one["line"], one["status"]) for one in answered] == [(1, 204), (2, 408)]


async def test_what_is_no_stream_of_lines_is_refused(client: TestClient[web.Request, web.Application]) -> None:
    async with client.post("/bulk", data=LINE, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 415


@pytest.mark.parametrize("served", [True, False])
async def test_lines_that_the_redirector_does_not_answer_with_yet_say_so(
    client: TestClient[web.Request, web.Application],
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    *,
    served: bool,
) -> None:
    async def submit(changes: list[Change]) -> list[Outcome]:
        assert len(changes) == 2
        one = Decision(writes=(Write("links", "a", b"{}"),), status=201, key="a", link=LINK)
        same = Decision(writes=(), status=200, key="a", link=LINK)
        return [Outcome(decision=decision) for decision in (one, same)]

    monkeypatch.setattr(made, "submit", submit)
    made.served = served
    answered = await answers(client, LINE + b"\n" + LINE)
    assert [(one["status"], one.get("served", True)) for one in answered] == [(201, served), (200, True)]


async def test_lines_that_are_durable_and_not_followed_say_so(
    client: TestClient[web.Request, web.Application], made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def submit(_: list[Change]) -> list[Outcome]:
        decision = Decision(writes=(Write("links", "a", b"{}"),), status=201, key="a", link=LINK)
        return [Outcome(decision=decision, followed=False)]

    monkeypatch.setattr(made, "submit", submit)
    assert [(one["status"], one["served"]) for one in await answers(client, LINE)] == [(201, False)]
