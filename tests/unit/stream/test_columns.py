import random

import msgspec
import numpy as np
import pytest

from schemas.events import Event
from schemas.topics import CLICKS
from stream.columns import ColumnsPool, EventColumns
from stream.decode import decode
from stream.scanner import TEXTS
from tests.builders import click, events_of, impression

ODD = msgspec.json.encode(click())[:-1] + b',"colour":1}'


def room_left(columns: EventColumns) -> int:
    return min(len(columns._bytes[name]) - int(columns._offsets[name][len(columns)]) for name in TEXTS)


def test_there_is_room_for_whatever_records_hold_and_odd_lines_are_no_exception() -> None:
    rng, columns = random.Random(5), EventColumns()
    for _ in range(400):
        size = rng.choice([1, 30, 300])
        usual = msgspec.json.encode(click(ua="x" * rng.choice([0, 500]), referrer="r" * rng.choice([0, 500])))
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
