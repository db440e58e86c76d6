from datetime import UTC, datetime

import pytest

from schemas.counters import DEDUP, DELTA, GAP, HEAD, MARKER, Chain
from schemas.topics import IMPRESSIONS
from stream.chain import NO_HEAD, Flushed
from stream.deltas import Record
from stream.fold import Fold
from stream.rows import COUNTER_COLUMNS
from tests.builders import (
    BOT,
    DAY_MS,
    LINK,
    NOW_MS,
    RULES,
    WINDOW_START_MS,
    batch,
    click,
    counter_block,
    event_block,
    impression,
    new_fold,
    numbered,
    record,
)
from tests.fakes import Row, rows_of

NOW_S = NOW_MS // 1000
FLUSHED = Flushed(Chain("clicks", 1, 0), head=NO_HEAD, first=0, last=9)
NEUTRAL: Row = {name: "" if kind == "String" else 0 for name, kind in COUNTER_COLUMNS.items()}


def flushed_rows(fold: Fold, flushed: Flushed = FLUSHED) -> dict[int, list[Row]]:
    rows_of_kind: dict[int, list[Row]] = {DELTA: [], HEAD: [], MARKER: [], DEDUP: [], GAP: []}
    for row in rows_of(counter_block(flushed, fold.take_deltas(), fold.dedup)):
        rows_of_kind[row.pop("kind")].append({name: value for name, value in row.items() if value != NEUTRAL[name]})
    return rows_of_kind


def fold_of(*records: Record) -> Fold:
    fold = new_fold()
    for one in records:
        fold.add(one)
    return fold


def month_of(flushed: dict[int, list[Row]]) -> set[int]:
    return {row.pop("flush_month") for rows in flushed.values() for row in rows}


def test_a_flush_is_one_block_with_the_columns_of_the_counter_table() -> None:
    fold = fold_of(batch("aa", numbered(1, 5)))
    block = counter_block(FLUSHED, fold.take_deltas(), fold.dedup)
    rows = rows_of(block)
    assert len(rows) == 4
    assert list(rows[0]) == list(COUNTER_COLUMNS)


def test_each_kind_holds_what_it_says_and_is_neutral_elsewhere() -> None:
    fold = fold_of(batch("aa", [*numbered(1, 3), click(seq=4, ua=BOT)]), record(b"garbage", offset=1))
    flushed = flushed_rows(fold)
    assert len(month_of(flushed)) == 1
    delta = {"link": LINK, "window_start": WINDOW_START_MS // 1000, "rules": RULES.number}
    assert flushed[DELTA] == [delta | {"class": "human", "clicks": 3}, delta | {"class": "bot", "clicks": 1}]
    assert flushed[HEAD] == [{"topic": "clicks@1", "last_offset": 9, "touched_at": NOW_S}]
    assert flushed[MARKER] == [
        flushed[HEAD][0] | {"batches": 1, "records": 2, "events": 4, "dead_letters": 1},
    ]
    assert flushed[DEDUP] == [{"topic": "clicks", "spool": "aa", "last_seq": 4, "touched_at": NOW_S}]
    assert flushed[GAP] == []


def test_impressions_have_their_source_and_kind() -> None:
    shown = [impression(count=7), impression(source="platform", kind="platform", count=100)]
    flushed = flushed_rows(fold_of(record(shown, topic=IMPRESSIONS)))
    impressions = {(row["source"], row["impression_kind"]): row["impressions"] for row in flushed[DELTA]}
    assert impressions == {("pixel", "served"): 7, ("platform", "platform"): 100}
    assert all("clicks" not in row for row in flushed[DELTA])


def test_a_flush_of_nothing_but_dead_letters_moves_the_head_all_the_same() -> None:
    flushed = flushed_rows(fold_of(record(b"garbage")))
    assert flushed[DELTA] == []
    assert (len(flushed[HEAD]), len(flushed[MARKER])) == (1, 1)


def test_records_that_retention_took_are_named_by_a_row() -> None:
    flushed = flushed_rows(fold_of(record(offset=30)), Flushed(Chain("clicks", 1, 0), head=9, first=25, last=30))
    (gap,) = flushed[GAP]
    assert (gap["first_offset"], gap["last_offset"], gap["batches"]) == (10, 24, 1)
    assert flushed[MARKER][0]["first_offset"] == 25


def test_the_first_flush_of_a_topic_that_begins_later_is_no_gap() -> None:
    flushed = flushed_rows(
        fold_of(record(offset=30)), Flushed(Chain("clicks", 1, 0), head=NO_HEAD, first=25, last=30)
    )
    assert flushed[GAP] == []


def test_dedup_rows_are_those_of_the_flush_even_if_later_records_advance_the_state() -> None:
    fold = fold_of(batch("aa", numbered(1, 5)))
    block = counter_block(FLUSHED, fold.take_deltas(), fold.dedup)
    fold.add(batch("aa", numbered(6, 9), prev=5, offset=1))
    assert [row["last_seq"] for row in rows_of(block) if row["kind"] == DEDUP] == [5]


def test_only_spools_of_this_flush_have_dedup_rows() -> None:
    fold = fold_of(batch("aa", numbered(1, 5)))
    fold.take_deltas()
    fold.add(batch("bb", numbered(1, 2), offset=1))
    assert [row["spool"] for row in flushed_rows(fold)[DEDUP]] == ["bb"]


@pytest.mark.parametrize("day", [1, 15, 28])
def test_the_table_partition_is_the_month_of_the_flush_s_first_record(day: int) -> None:
    at_ms = int(datetime(2026, 2, day, 23, 59, tzinfo=UTC).timestamp() * 1000)
    flushed = flushed_rows(fold_of(record(at_ms=at_ms), record(offset=1, at_ms=at_ms + 40 * DAY_MS)))
    assert month_of(flushed) == {(datetime(2026, 2, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days}


def test_the_largest_numbers_fit_into_their_columns() -> None:
    most = 2**53 - 1
    fold = fold_of(batch("aa", [click(seq=most, visitor=most)]))
    (row,) = rows_of(event_block(fold.deltas))
    assert (row["seq"], row["visitor"]) == (most, most)
    assert flushed_rows(fold)[DEDUP][0]["last_seq"] == most
