"""Large answers travel compressed, for who takes that; whatever tells of its own bytes travels as it is."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from console.api.callers import Callers
from console.api.door import OperationGuard, application
from console.api.limits import Buckets
from console.api.metrics import ApiMetrics
from console.api.operations import Act, Answer, Operation, json_answer

Client = TestClient[web.Request, web.Application]
LARGE = {"rows": [{"pattern": "many impressions, few clicks", "clicks": number} for number in range(2000)]}
TAKES = {"Accept-Encoding": "gzip"}


async def large(_: web.Request) -> web.StreamResponse:
    return json_answer(LARGE)


async def small(_: web.Request) -> web.StreamResponse:
    return json_answer({"rows": []})


async def tagged(_: web.Request) -> web.StreamResponse:
    return json_answer(LARGE, headers={"ETag": '"x"'})


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    buckets = Buckets(per_second=1000.0, burst=1000, kept=1)
    guard = OperationGuard(Callers({}, buckets, loaded=lambda: True), buckets, ApiMetrics(CollectorRegistry()))
    acts: dict[tuple[Literal["GET", "POST"], str], Act] = {
        ("GET", "/large"): large,
        ("GET", "/small"): small,
        ("GET", "/tagged"): tagged,
        ("POST", "/large"): large,
    }
    operations = [
        Operation(
            name=f"{method}{path}",
            method=method,
            path=path,
            role=None,
            summary="",
            act=act,
            answers={200: Answer(meaning="")},
        )
        for (method, path), act in acts.items()
    ]
    app = application(guard, operations, max_body_bytes=1000, body_within_s=1.0)
    async with TestClient(TestServer(app), auto_decompress=False) as connected:
        yield connected


async def test_a_large_answer_is_a_tenth_for_who_takes_that(client: Client) -> None:
    async with client.get("/large", headers=TAKES) as answer:
        body = await answer.read()
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    plain = json.dumps(LARGE, separators=(",", ":")).encode()
    assert gzip.decompress(body) == plain
    assert len(body) * 10 < len(plain)


@pytest.mark.parametrize("accepted", ["identity", "br", ""])
async def test_who_does_not_take_that_gets_it_plain_and_caches_know(client: Client, accepted: str) -> None:
    async with client.get("/large", headers={"Accept-Encoding": accepted}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert await answer.json() == LARGE


@pytest.mark.parametrize(("method", "path"), [("GET", "/small"), ("GET", "/tagged"), ("POST", "/large")])
async def test_small_tagged_and_made_answers_stay_as_they_are(client: Client, method: str, path: str) -> None:
    async with client.request(method, path, headers=TAKES) as answer:
        assert "Content-Encoding" not in answer.headers
        assert json.loads(await answer.read()) is not None
