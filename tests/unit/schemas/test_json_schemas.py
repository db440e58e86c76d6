"""The JSON Schemas that producers in other languages build on."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from schemas.events import Click, Impression
from schemas.json_schemas import DIRECTORY, json_schemas
from schemas.links import Link
from schemas.snapshots import Snapshot

CLICK = Click(
    time_ms=1_795_478_400_000,
    link="go.example/hello",
    seq=7,
    visitor=42,
    ua="Mozilla/5.0",
    referrer="https://news.example/",
    purpose="prefetch",
)
IMPRESSION = Impression(
    time_ms=1_795_478_400_000, link="go.example/hello", source="api", kind="viewable", count=3, spool="abc", seq=1
)
SNAPSHOT = Snapshot(
    observed_ms=1_795_478_400_000,
    platform="x",
    post="1900000000000000001",
    series="impression_count@v2",
    total=4210,
    urls=("https://go.example/hello",),
    side={"link_clicks": 3},
)
LINK = Link(domain="go.example", slug="hello", destination="https://example.com/", campaign="spring", status=301)


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema: dict[str, Any] = json.loads((DIRECTORY / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_files_are_what_the_types_say() -> None:
    written = {path.name: path.read_text("utf-8") for path in DIRECTORY.glob("*.json")}
    assert written == json_schemas(), "run `make schemas` and commit schemas/json/"


@pytest.mark.parametrize(
    ("name", "value"),
    [("click.json", CLICK), ("impression.json", IMPRESSION), ("snapshot.json", SNAPSHOT), ("link.json", LINK)],
)
def test_what_we_write_validates(name: str, value: msgspec.Struct) -> None:
    validator(name).validate(json.loads(msgspec.json.encode(value)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("click.json", {"type": "click", "link": "go.example/hello"}),
        ("click.json", {"type": "impression", "time_ms": 1, "link": "go.example/hello"}),
        ("click.json", {"type": "click", "time_ms": -1, "link": "go.example/hello"}),
        ("impression.json", {"type": "impression", "time_ms": 1, "link": "a/b", "source": "fax", "kind": "served"}),
        ("snapshot.json", {"type": "snapshot", "observed_ms": 1, "platform": "x", "post": "1", "series": "a"}),
        (
            "snapshot.json",
            {"type": "snapshot", "observed_ms": 1, "platform": "x", "post": "1", "series": "a", "total": -1},
        ),
        ("link.json", {"domain": "go.example", "slug": "a", "destination": "https://x.com", "status": 200}),
    ],
)
def test_what_we_would_refuse_does_not(name: str, value: dict[str, object]) -> None:
    assert not validator(name).is_valid(value)


def test_fields_of_a_newer_producer_are_allowed() -> None:
    validator("click.json").validate({"type": "click", "time_ms": 1, "link": "go.example/a", "new": True})
