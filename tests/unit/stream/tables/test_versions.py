"""Where copying goes on, and when everything is read again: at the boundaries."""

from typing import Any

import pytest

from stream.tables.versions import EPOCH_SHIFT, Start, Unseen, before_epoch, version_of, where_to_start

NOW_MS = 1_000_000_000
HOUR_MS = 3_600_000


def start(stored: int | None, unseen: Unseen | None = None, **changes: Any) -> Start:
    given: dict[str, Any] = {
        "beginning": 0,
        "end": 10,
        "now_ms": NOW_MS,
        "rebuild_after_ms": 12 * HOUR_MS,
        "least_epoch": 0,
    } | changes
    return where_to_start(stored, given.pop("beginning"), given.pop("end"), unseen, **given)


@pytest.mark.parametrize(("least_epoch", "epoch"), [(0, 1), (1, 1), (2, 2)])
def test_an_empty_table_begins_where_the_topic_does(least_epoch: int, epoch: int) -> None:
    assert start(None, beginning=3, least_epoch=least_epoch) == Start(epoch, 3)


@pytest.mark.parametrize("offset", [0, 8, 9])
def test_copying_goes_on_behind_the_highest_version(offset: int) -> None:
    assert start(version_of(2, offset)) == Start(2, offset + 1)


def test_a_topic_that_ends_before_the_table_was_made_anew_and_is_read_as_a_new_epoch() -> None:
    begin = start(version_of(2, 10))
    assert begin == Start(3, 0, "the table holds offset 10, the topic ends at 10")


def test_offsets_that_are_gone_from_the_topic_may_have_been_deletions() -> None:
    assert start(version_of(1, 4), beginning=5) == Start(1, 5)
    assert start(version_of(1, 4), beginning=6) == Start(2, 6, "offsets 5 to 5 are gone from the topic")


def test_what_waited_for_so_long_that_deletions_may_be_compacted_away_is_read_again() -> None:
    in_time = Unseen(7, NOW_MS - 12 * HOUR_MS)
    too_late = Unseen(7, NOW_MS - 12 * HOUR_MS - 1)
    assert start(version_of(1, 4), in_time) == Start(1, 5)
    assert start(version_of(1, 4), too_late) == Start(2, 0, "offset 7 has waited for 43200 s")


@pytest.mark.parametrize(("least_epoch", "expected"), [(1, Start(2, 5)), (2, Start(2, 5)), (3, 3), (5, 5)])
def test_an_operator_can_order_an_epoch_once(least_epoch: int, expected: Start | int) -> None:
    begin = start(version_of(2, 4), least_epoch=least_epoch)
    if isinstance(expected, int):
        assert (begin.epoch, begin.offset, bool(begin.why)) == (expected, 0, True)
        assert start(version_of(expected, 4), least_epoch=least_epoch) == Start(expected, 5)
    else:
        assert begin == expected


def test_a_sweep_lies_between_two_epochs_and_a_table_that_holds_nothing_later_begins_the_second() -> None:
    assert version_of(1, (1 << EPOCH_SHIFT) - 2) < before_epoch(2) < version_of(2, 0)
    assert start(before_epoch(2)) == Start(2, 0)
