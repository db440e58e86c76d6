"""The description says what the table of operations says, and a page draws it with nothing from elsewhere."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from console.api.callers import Callers
from console.api.door import OperationGuard, application
from console.api.limits import Buckets
from console.api.metrics import ApiMetrics
from console.api.openapi import description
from console.api.problems import TYPES, about_problem
from console.api.table import table

PAGES = Path(__file__).parents[4] / "console" / "api" / "pages"


def references(value: Any) -> set[str]:
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_operation_is_described_with_its_role_and_every_reference_leads_somewhere() -> None:
    everything = table()
    document = description(everything)
    paths = document["paths"].values()
    described = {
        operation["operationId"]: operation.get("x-role") for methods in paths for operation in methods.values()
    }
    assert described == {one.name: one.role for one in everything}
    assert references(document) <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def test_whatever_takes_a_token_may_be_refused_for_it() -> None:
    for methods in description(table())["paths"].values():
        for operation in methods.values():
            expected = {"401", "403", "429", "503", "500", "400"} if "x-role" in operation else {"500", "400"}
            assert expected <= operation["responses"].keys(), operation["operationId"]
            assert ("requestBody" not in operation) or {"413", "415", "422", "408"} <= operation["responses"].keys()


def test_a_parameter_that_may_be_left_out_is_never_null() -> None:
    listed = description(table())["paths"]["/v1/links"]["get"]["parameters"]
    campaign = next(one for one in listed if one["name"] == "campaign")
    assert campaign["schema"] == {"type": "string", "maxLength": 256}
    limit = next(one for one in listed if one["name"] == "limit")
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"], limit["schema"]["default"]) == (1, 1000, 50)


def test_the_page_of_the_api_says_what_there_is() -> None:
    page = (Path(__file__).parents[4] / "docs" / "api.md").read_text()
    rows = set(re.findall(r"^\| `([A-Z]+ /\S+)`", page, re.MULTILINE))
    assert rows == {f"{one.method} {re.sub(r':[^}]*', '', one.path)}" for one in table()}


def test_the_page_loads_its_own_files_alone() -> None:
    for path in PAGES.iterdir():
        text = path.read_text()
        assert not re.findall(r"https?://|//[a-z]+\.|@import|innerHTML|eval\(", text), path
    assert re.findall(r'(?:src|href)="([^"]*)"', (PAGES / "api.html").read_text()) == [
        "/docs/api.css",
        "/docs/api.js",
        "/v1/openapi.json",
        "/v1/openapi.json",
    ]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/docs", "text/html"),
        ("/docs/api.js", "text/javascript"),
        ("/docs/api.css", "text/css"),
        ("/v1/openapi.json", "application/json"),
        ("/problems/invalid", "application/json"),
    ],
)
async def test_what_tells_about_the_api_needs_no_token(path: str, kind: str) -> None:
    buckets = Buckets(per_second=1.0, burst=1, kept=1)
    guard = OperationGuard(Callers({}, buckets, loaded=lambda: True), buckets, ApiMetrics(CollectorRegistry()))
    app: web.Application = application(guard, table(), max_body_bytes=1000, body_within_s=1.0)
    async with TestClient(TestServer(app)) as client, client.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, kind)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        body = await answer.read()
        if path.startswith("/problems"):
            status, title = about_problem("invalid")
            assert msgspec.json.decode(body) == {"type": path, "title": title, "status": status}
        async with client.get("/problems/none") as none:
            text = await none.text()
            assert (none.status, all(name in text for name in TYPES)) == (404, True)
