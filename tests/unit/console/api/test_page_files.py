"""The built page as browsers get it."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import brotli
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from yarl import URL

from console.api.callers import Callers
from console.api.door import OperationGuard, application
from console.api.limits import Buckets
from console.api.metrics import ApiMetrics
from console.api.operations import Answer, Operation, json_answer
from console.api.page_files import PageFiles

Client = TestClient[web.Request, web.Application]
DOCUMENT = b"<!doctype html><title>clicktally</title>" + b" " * 1000
SCRIPT = b"console.log(1);" * 100
HASHED = "/assets/index-DAytIahN.js"
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Encoding": "identity"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    place = tmp_path / "built"
    (place / "assets").mkdir(parents=True)
    (place / "index.html").write_bytes(DOCUMENT)
    (place / HASHED.strip("/")).write_bytes(SCRIPT)
    (place / "icon.svg").write_bytes(b"<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (place / "out.txt").symlink_to(tmp_path / "secret.txt")
    return place


@pytest.fixture
async def client(built: Path) -> AsyncIterator[Client]:
    buckets = Buckets(per_second=1.0, burst=1, kept=1)
    guard = OperationGuard(Callers({}, buckets, loaded=lambda: True), buckets, ApiMetrics(CollectorRegistry()))

    async def act(_: web.Request) -> web.StreamResponse:
        return json_answer({})

    api = Operation(
        name="it", method="POST", path="/v1/it", role=None, summary="", act=act, answers={200: Answer(meaning="")}
    )
    app = application(guard, (api, *PageFiles(built).operations()), max_body_bytes=1000, body_within_s=1.0)
    async with TestClient(TestServer(app), auto_decompress=False) as connected:
        yield connected


@pytest.mark.parametrize("path", ["/", "/campaigns/spring", "/links/go.example/a.b", "/sign-in", "/v1x"])
async def test_every_address_of_the_page_is_its_document(client: Client, path: str) -> None:
    async with client.get(path, headers=BROWSER) as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "text/html", DOCUMENT)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set(policy.split())
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status"), [("/v1", 404), ("/v1/it", 405), ("/v1/none", 404), ("/docs/none", 404), ("/problems/", 404)]
)
async def test_no_address_of_the_api_is_the_pages(client: Client, path: str, status: int) -> None:
    async with client.get(path, headers=BROWSER) as answer:
        assert (answer.status, answer.content_type) == (status, "application/problem+json")


async def test_a_file_that_there_is_not_is_not_the_document(client: Client) -> None:
    for path in ("/assets/none.js", "/none.png", "/out.txt"):
        async with client.get(path) as answer:
            assert answer.status == 404, path


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "//secret.txt",
        "/assets/../../secret.txt",
    ],
)
async def test_nothing_outside_of_the_directory_is_served(client: Client, path: str) -> None:
    url = URL(f"http://{client.host}:{client.port}{path}", encoded=True)
    async with client.session.get(url) as answer:
        assert answer.status == 404
        assert b"secret\n" not in await answer.read()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("BR", "br"),
    ],
)
async def test_a_file_comes_in_the_best_coding_that_is_taken(
    client: Client, accepted: str, coding: str | None
) -> None:
    async with client.get(HASHED, headers={"Accept-Encoding": accepted}) as answer:
        body = await answer.read()
        assert answer.headers.get("Content-Encoding") == coding
        assert (answer.headers["Vary"], answer.headers["Content-Length"]) == ("Accept-Encoding", str(len(body)))
        read = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
        assert (read(body), len(body) < 100) == (SCRIPT, coding is not None)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    known = {"If-None-Match": f'"x", W/{answer.headers["ETag"]}', "Accept-Encoding": accepted}
    async with client.get(HASHED, headers=known) as again:
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    async with client.head(HASHED, headers={"Accept-Encoding": accepted}) as head:
        assert (head.status, await head.read()) == (200, b"")
        assert head.headers["Content-Length"] == answer.headers["Content-Length"]


async def test_small_files_are_sent_as_they_are_and_asked_for_again(client: Client) -> None:
    async with client.get("/icon.svg", headers={"Accept-Encoding": "br"}) as answer:
        assert (answer.content_type, await answer.read()) == ("image/svg+xml", b"<svg/>")
        assert (answer.headers["Cache-Control"], "Content-Encoding" in answer.headers) == ("no-cache", False)


@pytest.mark.parametrize("built", [Path("/nonexistent")])
async def test_a_page_that_is_not_built_says_how_it_is(client: Client) -> None:
    async with client.get("/", headers=BROWSER) as answer:
        assert (answer.status, "make page" in await answer.text()) == (503, True)
