"""What other producers are told of an event's fields is what its type says."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from schemas.events import FIELDS, Click, Impression
from schemas.fields import Field
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
