"""What is handed to the console that writes arrives there once, and nobody is told more than is known of it."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from console.api.election import Election
from console.api.forwarding import Forwarding
from console.api.metrics import ApiMetrics
from console.api.problems import Problem

Client = TestClient[web.Request, web.Application]


class WriterThatBreaksOff:
    """Takes requests whole, and cuts the connection before it answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, await request.read()))
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@pytest.fixture
def writer() -> WriterThatBreaksOff:
    return WriterThatBreaksOff()


@pytest.fixture
async def election(writer: WriterThatBreaksOff) -> AsyncIterator[Any]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", writer.handle)
    async with TestServer(app) as running:
        yield SimpleNamespace(writer_url=str(running.make_url("/")))


@pytest.fixture
async def console(election: Any) -> AsyncIterator[Client]:
    """Hands everything over."""
    async with aiohttp.ClientSession() as session:
        metrics = ApiMetrics(CollectorRegistry())
        forwarding = Forwarding(session, cast(Election, election), metrics, within_s=5.0)

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                if request.path.endswith("/bulk"):
                    return await forwarding.hand_over_lines(request)
                return await forwarding.hand_over(request, await request.read())
            except Problem as problem:
                return problem.response()

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        async with TestClient(TestServer(app)) as connected:
            yield connected


async def problem_of(console: Client, method: str, path: str, body: bytes) -> str:
    async with console.request(method, path, data=body) as answer:
        told: str = (await answer.json(content_type=None))["type"]
    return told


@pytest.mark.parametrize(
    ("method", "body"), [("DELETE", b""), ("DELETE", b"{}"), ("PATCH", b"{}"), ("POST", b"{}")]
)
async def test_a_request_is_handed_over_once_and_what_became_of_it_is_unknown(
    console: Client, writer: WriterThatBreaksOff, method: str, body: bytes
) -> None:
    assert await problem_of(console, method, "/v1/links/a/b", body) == "/problems/unknown-outcome"
    assert writer.requests == [(method, body)]


async def test_lines_that_arrived_are_not_said_to_be_undone(console: Client, writer: WriterThatBreaksOff) -> None:
    assert await problem_of(console, "POST", "/v1/links/bulk", b"{}\n") == "/problems/unknown-outcome"
    assert writer.requests == [("POST", b"{}\n")]


async def test_what_never_left_may_be_sent_again(console: Client, election: Any) -> None:
    election.writer_url = "http://127.0.0.1:1"
    for path in ("/v1/links", "/v1/links/bulk"):
        assert await problem_of(console, "POST", path, b"{}") == "/problems/unavailable"
