"""What every answer has, over HTTP and without anything behind it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from console.api.callers import Callers
from console.api.door import OperationGuard, application
from console.api.limits import Buckets
from console.api.metrics import ApiMetrics
from console.api.operations import Answer, Method, Operation, body_of, json_answer, query_of
from console.api.wire import LinkView, ListQuery, NewLink
from tests.tokens import bearer_of, token

Client = TestClient[web.Request, web.Application]
TOKENS = {one.id: one for one in (token(1, "links:write"), token(2, "links:read"))}
WRITER = {"Authorization": f"Bearer {bearer_of(1)}"}


async def make(request: web.Request) -> web.StreamResponse:
    """Say what the body says."""
    body, _ = await body_of(request, NewLink)
    return json_answer({"destination": body.destination})


async def fail(request: web.Request) -> web.StreamResponse:
    """Meet a fault of ours, once the query is read."""
    query_of(request, ListQuery)
    raise ZeroDivisionError


_OPERATIONS: tuple[tuple[str, Method, Any], ...] = (("make", "POST", make), ("fail", "GET", fail))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    buckets = Buckets(per_second=1.0, burst=5, kept=10)
    callers = Callers(TOKENS, Buckets(per_second=1.0, burst=100, kept=10), loaded=lambda: True)
    answers = {200: Answer(meaning="it", kind=LinkView)}
    operations = [
        Operation(name=name, method=method, path="/v1/it", role="links:write", summary="", act=act, answers=answers)
        for name, method, act in _OPERATIONS
    ]
    guard = OperationGuard(callers, buckets, ApiMetrics(CollectorRegistry()))
    app = application(guard, operations, max_body_bytes=1000, body_within_s=0.2)
    async with TestClient(TestServer(app)) as connected:
        yield connected


async def answer_to(client: Client, method: str, path: str, **arguments: Any) -> tuple[int, Any]:
    async with client.request(method, path, **arguments) as answer:
        if answer.status >= 400:
            assert answer.content_type == "application/problem+json"
        return answer.status, await answer.json(content_type=None)


async def test_every_answer_is_hardened(client: Client) -> None:
    for path, status in (("/v1/it", 401), ("/elsewhere", 404)):
        async with client.get(path) as answer:
            assert answer.status == status
            assert answer.headers["Server"] == "clicktally"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_what_there_is_not_and_what_cannot_be_done_are_problems(client: Client) -> None:
    assert (await answer_to(client, "GET", "/v1/nothing"))[1]["type"] == "/problems/not-found"
    async with client.put("/v1/it") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,POST")


@pytest.mark.parametrize(
    ("body", "kind", "status", "where"),
    [
        (b"{", "application/json", 400, None),
        (b"\xff", "application/json", 400, None),
        (b"[" * 900, "application/json", 422, None),
        (b"{}", "text/plain", 415, None),
        (b"{}", "application/json", 422, None),
        (b'{"destination": 5}', "application/json", 422, "/destination"),
        (b'{"destination": "x", "tags": ["a", 1]}', "application/json", 422, "/tags/1"),
        (b'{"destination": "x", "nothing": 1}', "application/json", 422, None),
        (b'{"destination": "\\ud800"}', "application/json", 400, None),
        (b'{"destination": "x"}' + b" " * 981, "application/json", 413, None),
    ],
)
async def test_a_body_that_is_none_is_named(
    client: Client, body: bytes, kind: str, status: int, where: str | None
) -> None:
    answered, problem = await answer_to(
        client, "POST", "/v1/it", data=body, headers=WRITER | {"Content-Type": kind}
    )
    assert (answered, problem.get("pointer")) == (status, where), problem


async def test_a_body_of_exactly_the_most_bytes_is_read(client: Client) -> None:
    body = b'{"destination": "x"}' + b" " * 980
    assert await answer_to(
        client, "POST", "/v1/it", data=body, headers=WRITER | {"Content-Type": "application/json"}
    ) == (
        200,
        {"destination": "x"},
    )


async def test_a_body_that_does_not_come_is_given_up(client: Client) -> None:
    headers = WRITER | {"Host": "localhost", "Content-Type": "application/json", "Content-Length": "10"}
    reader, writer = await asyncio.open_connection(client.host, client.port)
    lines = ["POST /v1/it HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", "{"]).encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("x=1", "x"),
    ],
)
async def test_a_parameter_that_is_none_is_named(client: Client, query: str, parameter: str) -> None:
    status, problem = await answer_to(client, "GET", f"/v1/it?{query}", headers=WRITER)
    assert (status, problem["parameter"]) == (400, parameter)


async def test_a_fault_of_ours_says_no_more_than_that(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    status, problem = await answer_to(client, "GET", "/v1/it", headers=WRITER)
    assert (status, problem["type"], "ZeroDivision" in str(problem)) == (500, "/problems/failed", False)
    assert "fail could not be answered" in caplog.text


async def test_a_token_that_asks_too_often_is_told_when_to_come_back(client: Client) -> None:
    other = {"Authorization": f"Bearer {bearer_of(2)}"}
    left = []
    for _ in range(5):
        async with client.get("/v1/it", headers=other) as answer:
            assert answer.status == 403
            left.append(answer.headers["RateLimit"])
    assert left[0] == '"token";r=4;t=0'
    async with client.get("/v1/it", headers=other) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    async with client.get("/v1/it", headers=WRITER) as answer:
        assert answer.status == 500
