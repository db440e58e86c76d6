"""Whoever sends events is told what the stream will say, with field, reason and remedy."""

import json
from typing import Any

import pytest
from aiokafka.partitioner import murmur2

from console.check_events.verdicts import MAX_RECORD_BYTES, Origin, Tally, Verdict, check_line, check_record
from schemas.event_times import MAX_AGE_DAYS, MAX_SKEW_S
from tests.builders import NOW_MS

CLICK = {"type": "click", "time_ms": NOW_MS, "link": "go.example/a"}
IMPRESSION = CLICK | {"type": "impression", "source": "api", "kind": "viewable", "count": 3}
SNAPSHOT = {
    "type": "snapshot",
    "observed_ms": NOW_MS,
    "platform": "x",
    "post": "19",
    "series": "impression_count@v2",
    "total": 7,
    "link": "go.example/a",
}
DAY_MS = 24 * 3600 * 1000


def verdicts_of(line: dict[str, Any] | bytes, topic: str = "") -> tuple[list[Verdict], Tally]:
    tally = Tally()
    value = line if isinstance(line, bytes) else json.dumps(line).encode()
    return list(check_line("f:1", topic, value, now_ms=NOW_MS, tally=tally)), tally


@pytest.mark.parametrize("line", [CLICK, IMPRESSION, SNAPSHOT, SNAPSHOT | {"link": ""}, CLICK | {"own_field": 1}])
def test_good_events_of_every_type_are_counted(line: dict[str, Any]) -> None:
    verdicts, tally = verdicts_of(line)
    assert verdicts == []
    assert tally.events == {line["type"]: 1}


@pytest.mark.parametrize(
    ("line", "topic", "reason", "field", "why"),
    [
        (b"{", "", "not_json", "", "one JSON object a line"),
        (b"\xff\xfe{}", "", "not_json", "", "UTF-8"),
        (b"[1]", "clicks", "not_an_event", "", "docs/contracts"),
        (CLICK | {"time_ms": "now"}, "", "not_an_event", "time_ms", "Expected `int`"),
        ({"type": "click", "link": "go.example/a"}, "", "not_an_event", "time_ms", "missing required field"),
        (CLICK | {"link": "a"}, "", "not_an_event", "link", "length >= 2"),
        (IMPRESSION | {"count": -1}, "", "not_an_event", "count", ">= 1"),
        (IMPRESSION | {"kind": "seen"}, "", "not_an_event", "kind", "Invalid enum value"),
        (SNAPSHOT | {"total": -1}, "", "not_an_event", "total", ">= 0"),
        (SNAPSHOT | {"side": {"reach": "5"}}, "", "not_an_event", "side[...]", "Expected `int`"),
        ({"type": "view"}, "", "not_an_event", "type", "its type is 'view'"),
        ({}, "", "not_an_event", "type", "its type is ''"),
        ({"type": "view"}, "impressions", "not_an_event", "type", "Invalid value"),
        (CLICK, "impressions", "wrong_topic", "type", "a click in topic impressions"),
        (SNAPSHOT, "clicks", "wrong_topic", "type", "a snapshot in topic clicks"),
        (CLICK | {"v": 2}, "", "unsupported_version", "v", "leave v out"),
        (CLICK | {"time_ms": NOW_MS // 1000}, "", "too_old", "time_ms", "milliseconds"),
        (SNAPSHOT | {"start_ms": 2000, "end_ms": 2000}, "", "not_an_event", "end_ms", "ends after it begins"),
        (SNAPSHOT | {"start_ms": 2000}, "", "not_an_event", "end_ms", "ends after it begins"),
        (SNAPSHOT | {"start_ms": 1, "end_ms": NOW_MS}, "", "not_an_event", "start_ms", "whole second"),
        (SNAPSHOT | {"end_ms": 1000}, "", "too_old", "end_ms", "at most 730"),
        (SNAPSHOT | {"observed_ms": NOW_MS * 1000}, "", "future", "observed_ms", "milliseconds"),
    ],
)
def test_bad_ones_are_told_where_why_and_what_to_do(
    line: dict[str, Any] | bytes, topic: str, reason: str, field: str, why: str
) -> None:
    (verdict,), tally = verdicts_of(line, topic)
    assert (verdict.reason, verdict.field) == (reason, field)
    assert why in verdict.text
    assert str(verdict).startswith(f"f:1: {reason}: ")
    assert (sum(tally.events.values()), sum(tally.bad.values())) == (0, 0), "who tells it counts it"


@pytest.mark.parametrize(("past_ms", "taken"), [(0, True), (1, False)])
def test_times_are_taken_up_to_the_streams_bounds(past_ms: int, taken: bool) -> None:
    for time_ms in (NOW_MS + int(MAX_SKEW_S * 1000) + past_ms, NOW_MS - int(MAX_AGE_DAYS * DAY_MS) - past_ms):
        verdicts, tally = verdicts_of(CLICK | {"time_ms": time_ms})
        assert (verdicts == []) is taken
        assert tally.events.total() == taken


@pytest.mark.parametrize(
    ("link", "advice"),
    [
        ("GO.example/a", "write it so"),
        ("https://go.example/a", "write it so"),
        ("go.example", "lacks its slash"),
        ("go.example/a?x=1", "ends a path"),
    ],
)
def test_a_link_that_no_report_will_find_is_advised_about_and_counts(link: str, advice: str) -> None:
    (verdict,), tally = verdicts_of(CLICK | {"link": link})
    assert (verdict.reason, verdict.field) == (None, "link")
    assert advice in verdict.text
    assert tally.events == {"click": 1}


def origin(key: bytes | None = b"go.example/a", *, partition: int | None = None, **fields: Any) -> Origin:
    right = (murmur2(b"go.example/a") & 0x7FFFFFFF) % 4
    given: dict[str, Any] = {
        "topic": "clicks",
        "partition": right if partition is None else partition,
        "offset": 9,
        "timestamp_ms": NOW_MS,
        "key": key,
        "headers": [],
        "partitions": 4,
    }
    return Origin(**given | fields)


def checked(value: bytes | None, record: Origin) -> tuple[list[Verdict], Tally]:
    tally = Tally()
    return list(check_record(value, record, tally=tally)), tally


def test_a_records_lines_are_named_by_its_place() -> None:
    good = json.dumps(CLICK).encode()
    verdicts, tally = checked(good + b"\n\nnot json\n" + good, origin())
    assert [verdict.place for verdict in verdicts] == [f"clicks-{origin().partition}-9:3"]
    assert tally.events == {"click": 2}


@pytest.mark.parametrize("value", [None, b"", b" \n"])
def test_an_empty_record_is_no_event(value: bytes | None) -> None:
    assert [verdict.reason for verdict in checked(value, origin())[0]] == ["not_json"]


def test_a_record_may_be_so_large() -> None:
    line = json.dumps(CLICK).encode()
    assert checked(line.ljust(MAX_RECORD_BYTES), origin())[0] == []
    assert [verdict.reason for verdict in checked(line.ljust(MAX_RECORD_BYTES + 1), origin())[0]] == ["too_large"]


def test_a_spool_without_its_numbers_is_told_so() -> None:
    verdicts, tally = checked(json.dumps(CLICK).encode(), origin(headers=[("spool", b"mine"), ("first", b"1")]))
    assert [verdict.reason for verdict in verdicts] == ["bad_headers"]
    assert tally.events.total() == 0


def test_another_partitioner_is_seen_by_where_records_lie() -> None:
    right = origin().partition
    (verdict,), tally = checked(json.dumps(CLICK).encode(), origin(None, partition=(right + 1) % 4))
    assert verdict.reason is None
    assert "murmur2_random" in verdict.text
    assert str(right) in verdict.text
    assert tally.events == {"click": 1}
