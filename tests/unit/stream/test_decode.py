import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import DETAIL_MAX_CHARS, KEPT_BYTES
from schemas.topics import CLICKS, IMPRESSIONS
from stream import decode as decode_module
from tests.builders import click, impression, ndjson, read_record

CLICK = msgspec.json.encode(click())
IMPRESSION = msgspec.json.encode(impression())
NEWER = msgspec.json.encode(click(v=2))
POISON = {
    b"garbage": "not_json",
    b'{"type":"click"': "not_json",
    b"\xff\xfe": "not_json",
    b'{"type":"click","q":' + b"[" * 100_000: "not_json",
    CLICK + CLICK: "not_json",
    b"[]": "not_an_event",
    b"17": "not_an_event",
    b"{}": "not_an_event",
    b'{"type":"click","time_ms":1}': "not_an_event",
    b'{"type":"click","time_ms":-1,"link":"a/b"}': "not_an_event",
    b'{"type":"click","time_ms":1,"link":"x"}': "not_an_event",
    b'{"type":"click","time_ms":1,"link":"a/b","ua":"\xff"}': "not_an_event",
    b'{"type":"view","time_ms":1,"link":"a/b"}': "not_an_event",
    b'{"type":"click","time_ms":1,"link":"a/b","v":"one"}': "not_an_event",
    IMPRESSION: "wrong_topic",
    NEWER: "unsupported_version",
    b'{"type":"click","v":%d}' % 10**300: "unsupported_version",
}


pytestmark = pytest.mark.usefixtures("with_and_without_the_scanner")


@pytest.mark.parametrize(("line", "reason"), POISON.items(), ids=lambda value: str(value)[:40])
def test_every_kind_of_poison_has_its_reason_and_leaves_its_neighbours_alone(line: bytes, reason: str) -> None:
    decoded = read_record(CLICKS, CLICK + b"\n" + line + b"\n" + CLICK + b"\n")
    assert decoded.events == [click(), click()]
    assert decoded.indexes == [0, 2]
    (poison,) = decoded.poison
    assert (poison.index, poison.reason, poison.value) == (1, reason, line)
    assert 0 < len(poison.detail) <= DETAIL_MAX_CHARS


@pytest.mark.parametrize("field", ["seq", "time_ms"])
@pytest.mark.parametrize("number", [2**53, 2**63, 2**64, 10**25])
def test_a_number_that_no_column_can_hold_is_poison(field: str, number: int) -> None:
    line = b'{"type":"click","link":"a/b","time_ms":1,"%s":%d}' % (field.encode(), number)
    assert [poison.reason for poison in read_record(CLICKS, line).poison] == ["not_an_event"]


@pytest.mark.parametrize("value", [None, b"", b"\n", b" \r\n \n"])
def test_an_empty_record_is_one_dead_letter(value: bytes | None) -> None:
    decoded = read_record(CLICKS, value)
    assert decoded.events == []
    assert [(one.index, one.reason) for one in decoded.poison] == [(0, "not_json")]


def test_an_impression_belongs_into_its_own_topic() -> None:
    assert read_record(IMPRESSIONS, IMPRESSION).events == [impression()]
    assert read_record(IMPRESSIONS, CLICK).poison[0].reason == "wrong_topic"


def test_a_record_may_be_one_event_without_a_newline() -> None:
    assert read_record(CLICKS, CLICK).events == [click()]


def test_blank_lines_and_carriage_returns_between_events_are_nothing() -> None:
    decoded = read_record(CLICKS, CLICK + b"\r\n\n" + CLICK + b"\r\n \n")
    assert decoded.events == [click(), click()]
    assert decoded.poison == []


def test_unknown_fields_are_ignored() -> None:
    newer = CLICK[:-1] + b',"colour":{"of":["the","sky"]}}'
    assert read_record(CLICKS, newer).events == [click()]


@pytest.mark.parametrize(
    "odd",
    [CLICK + CLICK + b"\n", (CLICK + b"\n" + CLICK).replace(b",", b",\n")],
    ids=["two on a line", "torn lines"],
)
def test_what_lies_on_a_line_does_not_depend_on_its_neighbours(odd: bytes) -> None:
    alone, beside = read_record(CLICKS, odd), read_record(CLICKS, odd + b"\ngarbage\n")
    assert alone.events == beside.events == []
    assert [one.value for one in alone.poison] == [one.value for one in beside.poison[:-1]]


def test_a_record_that_is_too_large_is_one_dead_letter_of_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "MAX_RECORD_BYTES", 1000)
    value = ndjson([click()] * 100)
    decoded = read_record(CLICKS, value)
    (poison,) = decoded.poison
    assert (poison.index, poison.reason) == (0, "too_large")
    assert value.startswith(poison.value)
    assert len(poison.value) <= KEPT_BYTES
    assert str(len(value)) in poison.detail


lines = st.one_of(
    st.sampled_from([CLICK, IMPRESSION, NEWER, *[one for one in POISON if len(one) < 1000]]), st.binary(max_size=60)
)


def test_a_blank_line_before_two_events_on_one_does_not_make_them_two_lines() -> None:
    decoded = read_record(CLICKS, b"\n" + CLICK + CLICK)
    assert [(one.index, one.reason) for one in decoded.poison] == [(1, "not_json")]
    assert decoded.events == []


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=400), st.lists(lines, max_size=12).map(b"\n".join)))
def test_whatever_the_bytes_every_line_is_an_event_or_a_dead_letter(value: bytes) -> None:
    decoded = read_record(CLICKS, value)
    wanted = [index for index, line in enumerate(value.split(b"\n")) if line.strip()]
    if not wanted:
        assert [(one.index, one.reason) for one in decoded.poison] == [(0, "not_json")]
        return
    assert len(decoded.events) + len(decoded.poison) == len(wanted)
    assert sorted([*decoded.indexes, *(one.index for one in decoded.poison)]) == wanted


odd_or_usual = st.sampled_from(
    [
        CLICK,
        CLICK,
        CLICK[:-1] + b',"colour":1}',
        CLICK.replace(b"launch", b"laun\\u0063h"),
        b"garbage",
        CLICK + b"\r",
    ]
)


@settings(deadline=None)
@given(st.lists(odd_or_usual, min_size=1, max_size=60))
def test_odd_lines_among_usual_ones_keep_their_place(lines: list[bytes]) -> None:
    decoded = read_record(CLICKS, b"\n".join(lines))
    assert decoded.events == [click()] * len(decoded.events)
    assert decoded.indexes == [index for index, line in enumerate(lines) if line != b"garbage"]
    assert [one.index for one in decoded.poison] == [
        index for index, line in enumerate(lines) if line == b"garbage"
    ]


def test_one_event_over_several_lines_is_poison_alone_and_beside_others() -> None:
    tall = msgspec.json.format(CLICK, indent=1)
    many = b"\n".join([CLICK[:-1] + b',"colour":1}'] * 40)
    for value in (tall, CLICK + b"\n" + tall, tall + b"\n" + CLICK, many + b"\n" + tall):
        decoded = read_record(CLICKS, value)
        assert len(decoded.poison) == len(tall.splitlines())
        assert len(decoded.events) == len(value.splitlines()) - len(decoded.poison)


@pytest.mark.parametrize("usual_after", [1, 2, 3, 5, 8, 100])
def test_where_usual_lines_begin_again_makes_no_difference(usual_after: int) -> None:
    odd = CLICK[:-1] + b',"colour":1}'
    decoded = read_record(CLICKS, b"\n".join(([odd] * usual_after + [CLICK]) * 3))
    assert decoded.events == [click()] * 3 * (usual_after + 1)
    assert decoded.indexes == list(range(3 * (usual_after + 1)))
