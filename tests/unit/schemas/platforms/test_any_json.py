"""Whatever comes: a reader gives snapshots that can travel, complaints, or PayloadError. It raises nothing else."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.platforms.known import READERS
from schemas.platforms.reading import PayloadError, Reading, Unsaid
from schemas.snapshots import Snapshot
from tests.builders import NOW_MS
from tests.fuzz.mutations import Mutator
from tests.unit.schemas.platforms.payloads import PAYLOADS

NAMES = st.sampled_from(
    (
        *("data", "errors", "id", "elements", "results", "items", "all", "insights", "values", "value", "name"),
        *(
            "metrics",
            "public_metrics",
            "impression_count",
            "statistics",
            "viewCount",
            "adGroupAd",
            "ad",
            "segments",
        ),
        *("date", "error", "code", "reports", "post", "total", "platform", "day", "side"),
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("2026-11-01"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=6),
    max_leaves=20,
)
UNSAID = Unsaid(observed_ms=NOW_MS, post="1", posts=("urn:li:share:1",), version="v1")


def read(platform: str, raw: bytes) -> Reading | None:
    try:
        reading = READERS[platform](raw, UNSAID)
    except PayloadError as error:
        assert str(error)  # noqa: PT017 - any other is a failure
        return None
    for placed in reading.placed:
        assert msgspec.json.decode(msgspec.json.encode(placed.snapshot), type=Snapshot) == placed.snapshot
    msgspec.json.encode(reading.complaints)
    return reading


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(READERS)), VALUES)
def test_no_json_value_makes_a_reader_raise_anything_else(platform: str, value: Any) -> None:
    read(platform, msgspec.json.encode(value))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PAYLOADS), st.data())
def test_no_value_in_the_place_of_a_right_one_does(payload: tuple[str, object], data: st.DataObject) -> None:
    platform, value = payload
    read(platform, msgspec.json.encode(_wounded(value, data)))


def _wounded(value: Any, data: st.DataObject) -> Any:
    """The value with another one somewhere in it."""
    if isinstance(value, dict) and value:
        name = data.draw(st.sampled_from(sorted(value)))
        return value | {name: _wounded(value[name], data)}
    if isinstance(value, list) and value:
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], _wounded(value[place], data), *value[place + 1 :]]
    return data.draw(VALUES)


@pytest.mark.parametrize("platform", sorted(READERS))
def test_no_wounded_bytes_do(platform: str) -> None:
    valid = [msgspec.json.encode(payload) for name, payload in PAYLOADS if name == platform]
    for line in Mutator(random.Random(platform).randrange(2**32), valid).lines(500):
        read(platform, line)


@pytest.mark.parametrize("platform", sorted(READERS))
@pytest.mark.parametrize(
    "raw", [b"", b"[", b"{", b"null", b"[" * 100_000, b'{"data":' * 5000, b'{"data":[' + b"[" * 5000, b"\xff", b"1"]
)
def test_no_rubbish_does(platform: str, raw: bytes) -> None:
    reading = read(platform, raw)
    assert reading is None or reading.placed == []


@pytest.mark.parametrize(("platform", "payload"), PAYLOADS)
def test_each_answer_gives_snapshots_of_its_platform(platform: str, payload: object) -> None:
    reading = read(platform, msgspec.json.encode(payload))
    assert reading is not None
    assert {placed.snapshot.platform for placed in reading.placed} <= {platform, "bluesky", "taboola"}
