import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Event
from schemas.topics import CLICKS
from stream.columns import ColumnsPool, EventColumns
from stream.decode import decode
from stream.scanner import TEXTS, scanner
from tests.builders import click, events_of, impression, ndjson

ODD = msgspec.json.encode(click())[:-1] + b',"colour":1}'


def room_left(columns: EventColumns) -> int:
    return int((columns._rooms - columns._ends).min())


def test_there_is_room_for_whatever_records_hold_and_odd_lines_are_no_exception() -> None:
    rng, columns = random.Random(5), EventColumns()
    for _ in range(400):
        size = rng.choice([1, 30, 300])
        sizes = {name: rng.choice([0, 0, 100]) for name in ("utm_source", "utm_term", "utm_content")}
        texts: dict[str, Any] = {name: "x" * chars for name, chars in sizes.items()}
        texts |= {"ua": "x" * rng.choice([0, 500]), "referrer": "r" * rng.choice([0, 500])}
        usual = msgspec.json.encode(click(**texts))
        lines = [usual] * size
        for _ in range(rng.choice([0, 1, 3])):
            lines.insert(rng.randrange(1, size + 1), ODD)
        before = len(columns)
        decode(CLICKS, b"\n".join(lines), columns)
        assert len(columns) == before + len(lines)
        assert room_left(columns) >= 0


def test_rows_that_are_not_kept_leave_no_trace() -> None:
    events: list[Event] = [click(f"go.example/{number}", seq=number, referrer="r" * number) for number in range(9)]
    columns = EventColumns()
    columns.extend(events, range(9))
    columns.keep(3, np.array([True, False, False, True, False, True]))
    assert events_of(columns, {}) == [*events[:4], events[6], events[8]]
    assert columns.number("line").tolist() == [0, 1, 2, 3, 6, 8]
    columns.keep(0, np.zeros(6, np.bool_))
    assert events_of(columns, {}) == []
    columns.extend(events[:2], [0, 1])
    assert events_of(columns, {}) == events[:2]


sparse = st.fixed_dictionaries(
    {"seq": st.integers(1, 9)},
    optional={name: st.sampled_from(["", "a", "ü" * 2]) for name in ("country", "network", "utm_term", "click_id")}
    | {"destination": st.integers(0, 3), "scan": st.integers(0, 1)},
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.lists(sparse, max_size=6), st.randoms(use_true_random=False), st.booleans()), max_size=6)
)
def test_rare_fields_keep_their_row_however_rows_come_and_go(
    turns: list[tuple[list[dict[str, Any]], random.Random, bool]],
) -> None:
    columns, kept = EventColumns(), list[Event]()
    scan = scanner()
    assert scan is not None, "run make setup"
    for fields, rng, scanned in turns:
        events: list[Event] = [click(**one) for one in fields]
        start = len(columns)
        if scanned:
            value = ndjson(events)
            columns.reserve(len(events), len(value))
            assert scan.scan(value, 0, 0, impressions=False, layout=columns.layout) == len(value)
        else:
            columns.extend(events, range(len(events)))
        wanted = [rng.random() < 0.6 for _ in events]
        columns.keep(start, np.array(wanted, np.bool_))
        kept += [event for event, is_wanted in zip(events, wanted, strict=True) if is_wanted]
        for name in TEXTS:
            assert columns.is_blank(name) == (not any(getattr(event, name) for event in kept))
        if rng.random() < 0.5:
            assert events_of(columns, {}) == kept
    assert events_of(columns, {}) == kept
    columns.clear()
    assert all(map(columns.is_blank, TEXTS))


def test_columns_that_are_used_again_remember_nothing() -> None:
    columns = EventColumns()
    columns.extend([click(country="DE", click_id="1")], [0])
    columns.clear()
    columns.extend([click(), click(country="FR")], [0, 1])
    assert events_of(columns, {}) == [click(), click(country="FR")]


def test_a_pool_gives_the_same_memory_again_and_keeps_few() -> None:
    pool = ColumnsPool(spares=1)
    first, second = pool.take(), pool.take()
    first.extend([impression()], [0])
    pool.give_back(first)
    pool.give_back(second)
    assert pool.take() is first
    assert len(first) == 0
    assert pool.take() is not second


def test_more_text_than_arrow_can_point_into_is_refused_with_what_to_do() -> None:
    columns = EventColumns()
    with pytest.raises(OverflowError, match="CLICKTALLY_STREAM_BUFFER_EVENTS"):
        columns.reserve(1, 2**31)
