"""What this process wrote is applied without being read, where nothing of others' lies between; else it is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.api.own_records import Change, OwnQueue, OwnRecords


def own(first: int, *keys: str) -> OwnRecords:
    return OwnRecords(first, [(key, b"{}") for key in keys])


def keys(changes: list[Change]) -> list[str]:
    return [key for key, _ in changes]


def test_transactions_in_a_row_are_taken_at_once_each_with_its_mark_behind_it() -> None:
    queue = OwnQueue()
    for one in (own(5, "a", "b"), own(8, "c"), own(10, "d")):
        queue.add(one)
    changes, transactions, end = queue.take(5)
    assert (keys(changes), transactions, end) == (["a", "b", "c", "d"], 3, 11)
    queue.add(own(12, "e"))
    assert keys(queue.take(11).changes) == ["e"]


@pytest.mark.parametrize("first", [4, 6, 7])
def test_the_first_is_taken_only_where_all_before_it_is_applied(first: int) -> None:
    queue = OwnQueue()
    queue.add(own(first, "a"))
    assert queue.take(5).transactions == 0
    assert (queue.clear(), queue.read_to) == (1, first + 1)


def test_one_offset_between_is_a_mark_only_right_behind_what_we_wrote() -> None:
    queue = OwnQueue()
    queue.add(own(5, "a"))
    assert queue.take(5).end == 6
    queue.add(own(9, "b"))  # 6 is the mark, 7 is somebody's
    assert queue.take(6).transactions == 0
    queue.clear()
    queue.add(own(11, "c"))  # 10 may be anything, for 9 was read
    assert queue.take(8).transactions == 0


def test_of_a_topic_that_is_opened_anew_no_mark_is_known() -> None:
    queue = OwnQueue()
    queue.add(own(5, "a"))
    queue.take(5)
    queue.add(own(7, "b"))
    assert queue.restart() == 1
    queue.add(own(7, "c"))  # 6 was the mark, in the topic of before
    assert queue.take(6).transactions == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=8))
def test_what_is_taken_and_what_is_read_make_the_topic(written: list[tuple[bool, int]]) -> None:
    """The topic's records by offset, None for a mark; others write single records, or none of ours come."""
    topic: list[str | None] = []
    queue, applied, position = OwnQueue(), list[str](), 0
    for is_own, count in written:
        first = len(topic)
        topic += [f"k{first + place}" for place in range(count)]
        if is_own:
            queue.add(OwnRecords(first, [(f"k{first + place}", b"") for place in range(count)]))
            topic.append(None)
        taken = queue.take(position)
        applied += keys(taken.changes)
        position = taken.end
        if queue.clear():
            applied += [key for key in topic[position:] if key is not None]
            position = len(topic)
    applied += [key for key in topic[position:] if key is not None]
    assert applied == [key for key in topic if key is not None]
