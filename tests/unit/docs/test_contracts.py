"""What other producers are told of an event's fields is what its type says."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from redirector.serve.snapshot_query import PARAMETERS
from schemas.events import FIELDS, Click, Impression
from schemas.fields import Field
from schemas.platforms.known import READERS
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS, IMPRESSIONS
from stream.decode import MAX_RECORD_BYTES
from stream.settings import StreamSettings
from tests.builders import read_record

CONTRACTS = Path(__file__).resolve().parents[3] / "docs" / "contracts"
PAGES = [("click", CLICKS), ("impression", IMPRESSIONS)]


def field_table(kind: str) -> str:
    """The fields of a kind of event as a page shows them."""
    rows = [
        f'| `type` | `"{kind}"` | needed | what it is |',
        *(_row(field) for field in FIELDS if kind in field.types),
    ]
    return "\n".join(["| field | value | if left out | meaning |", "|---|---|---|---|", *rows])


def _row(field: Field) -> str:
    if field.wire == "code":
        value = ", ".join(f'`"{code}"`' for code in field.codes)
    elif field.wire == "text":
        value = f"text, {field.least} to {field.most} characters"
    else:
        most = "2^53 - 1" if field.most == 2**53 - 1 else f"{field.most:,}"
        value = f"whole number, {field.least} to {most}"
    default = "needed" if field.needed else f"`{json.dumps(field.default)}`"
    return f"| `{field.name}` | {value} | {default} | {field.meaning} |"


def snapshot_table() -> str:
    """The fields of a snapshot as its page shows them."""
    schema = json.loads((CONTRACTS.parents[1] / "schemas" / "json" / "snapshot.json").read_text())["$defs"][
        "Snapshot"
    ]
    rows = ['| `type` | `"snapshot"` | needed | what it is |']
    for name, shown in schema["properties"].items():
        if name != "type":
            default = "needed" if name in schema["required"] else f"`{json.dumps(shown['default'])}`"
            rows.append(f"| `{name}` | {_value(shown)} | {default} | {shown['description']} |")
    return "\n".join(["| field | value | if left out | meaning |", "|---|---|---|---|", *rows])


def _value(shown: dict[str, Any]) -> str:
    match shown["type"]:
        case "string":
            return f"text, {shown.get('minLength', 0)} to {shown['maxLength']} characters"
        case "integer":
            return f"whole number, {shown['minimum']} to 2^53 - 1"
        case "array":
            return f"list of texts, at most {shown['maxItems']}"
        case "object":
            return f"numbers by name, at most {shown['maxProperties']}"
        case other:
            assert other == "boolean"
            return "true or false"


def test_the_fields_of_a_snapshot_are_what_its_type_says() -> None:
    assert snapshot_table() in (CONTRACTS / "snapshots.md").read_text(), f"it should be:\n{snapshot_table()}"


def test_the_example_of_a_snapshot_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", (CONTRACTS / "snapshots.md").read_text(), re.DOTALL)
    assert msgspec.json.decode(example, type=Snapshot).total == 4210


def test_every_platform_that_has_a_reader_is_on_the_page_of_the_door() -> None:
    page = (CONTRACTS / "snapshots-api.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| .*\| .*\| .*\|", page, re.MULTILINE)
    assert set(READERS) <= set(rows)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_on_the_page_of_the_door(name: str) -> None:
    assert f"| `{name}` |" in (CONTRACTS / "snapshots-api.md").read_text()


@pytest.mark.parametrize(("kind", "topic"), PAGES)
def test_the_table_of_fields_is_what_the_type_says(kind: str, topic: str) -> None:
    assert field_table(kind) in (CONTRACTS / f"{topic}.md").read_text(), f"it should be:\n{field_table(kind)}"


@pytest.mark.parametrize(("kind", "topic"), PAGES)
def test_the_example_is_an_event(kind: str, topic: str) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", (CONTRACTS / f"{topic}.md").read_text(), re.DOTALL)
    assert msgspec.json.decode(example, type=Click if kind == "click" else Impression)
    assert len(read_record(topic, example.encode()).events) == 1


@pytest.mark.parametrize("topic", [topic for _, topic in PAGES])
def test_the_limits_are_the_defaults_of_the_stream(topic: str) -> None:
    settings, page = StreamSettings.load({}), (CONTRACTS / f"{topic}.md").read_text()
    assert f"more than {settings.max_skew_s:g} s ahead" in page
    assert f"more than {settings.max_age_days:g} days behind" in page
    assert f"{MAX_RECORD_BYTES >> 20} MiB is the most" in page
