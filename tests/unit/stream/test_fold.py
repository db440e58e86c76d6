from typing import Any, NamedTuple

import msgspec
import pytest

from schemas.batches import Headers
from schemas.counters import DELTA, SPOOL_TTL_S, Chain
from schemas.events import Event
from schemas.idempotency import KEY_TTL_S
from schemas.topics import CLICKS, IMPRESSIONS
from stream.chain import Flushed
from stream.deltas import Record, Tally
from stream.fold import Fold
from tests.builders import (
    BOT,
    BOUNDS,
    DAY_MS,
    LINK,
    MINUTE,
    NOW_MS,
    WINDOW_START_MS,
    batch,
    batch_headers,
    click,
    counter_block,
    event_block,
    impression,
    ndjson,
    new_fold,
    numbered,
    record,
)
from tests.fakes import rows_of

NOW_S = NOW_MS // 1000


pytestmark = pytest.mark.usefixtures("with_and_without_the_scanner")


class CounterKey(NamedTuple):
    """Whose count; `minute` counts windows since 1970."""

    link: str
    minute: int
    traffic_class: str
    source: str
    impression_kind: str


HUMAN_CLICK = CounterKey(LINK, MINUTE, "human", "", "")


def deltas_of(fold: Fold, topic: str, column: str) -> dict[CounterKey, int]:
    block = counter_block(Flushed(Chain(topic, 1, 0), -1, 0, 0), fold.deltas, fold.dedup)
    value_of = {}
    for row in rows_of(block):
        if row["kind"] == DELTA and row[column]:
            minute = row["window_start"] // 60
            key = CounterKey(row["link"], minute, row["class"], row["source"], row["impression_kind"])
            assert key not in value_of
            value_of[key] = row[column]
    return value_of


def clicks_of(*records: Record) -> dict[CounterKey, int]:
    fold = new_fold()
    for one in records:
        fold.add(one)
    return deltas_of(fold, CLICKS, "clicks")


def judged_events(fold: Fold, topic: str = CLICKS) -> list[dict[str, Any]]:
    """The events of the next flush, in the order of the log."""
    rows = rows_of(event_block(fold.deltas, topic))
    return sorted(rows, key=lambda row: (row["record_offset"], row["event_index"]))


def reasons(fold: Fold) -> list[tuple[int, int, str]]:
    return [(one.offset, poison.index, poison.reason) for one, poison in fold.deltas.poison]


#                     :00            :30 = now         :60
#   ...---------------|--- window of now ---|--- next window ---...


def test_a_window_begins_with_its_minute_and_ends_before_the_next() -> None:
    times = [WINDOW_START_MS - 1, WINDOW_START_MS, WINDOW_START_MS + 59_999, WINDOW_START_MS + 60_000]
    counted = clicks_of(record([click(time_ms=time_ms) for time_ms in times]))
    assert counted == {
        HUMAN_CLICK._replace(minute=MINUTE - 1): 1,
        HUMAN_CLICK: 2,
        HUMAN_CLICK._replace(minute=MINUTE + 1): 1,
    }


def test_clicks_are_counted_by_link_window_and_traffic_class() -> None:
    events: list[Event] = [
        click(),
        click(),
        click("go.example/b"),
        click(ua=BOT),
        click(ua=""),
        click(purpose="prefetch"),
    ]
    assert clicks_of(record(events)) == {
        HUMAN_CLICK: 2,
        HUMAN_CLICK._replace(link="go.example/b"): 1,
        HUMAN_CLICK._replace(traffic_class="bot"): 1,
        HUMAN_CLICK._replace(traffic_class="unknown"): 1,
        HUMAN_CLICK._replace(traffic_class="prefetch"): 1,
    }


def test_impressions_are_counted_by_source_and_kind_as_often_as_they_say() -> None:
    fold = new_fold()
    shown = [
        impression(),
        impression(count=4),
        impression(ua=BOT),
        impression(source="beacon", kind="viewable"),
        impression(source="beacon", kind="viewable", ua=BOT, count=2),
    ]
    fold.add(record(shown, topic=IMPRESSIONS))
    assert not deltas_of(fold, IMPRESSIONS, "clicks")
    assert deltas_of(fold, IMPRESSIONS, "impressions") == {
        (LINK, MINUTE, "human", "pixel", "served"): 5,
        (LINK, MINUTE, "bot", "pixel", "served"): 1,
        (LINK, MINUTE, "human", "beacon", "viewable"): 1,
        (LINK, MINUTE, "bot", "beacon", "viewable"): 2,
    }


@pytest.mark.parametrize("source", ["api", "platform"])
def test_reported_impressions_are_human_whoever_reports_them(source: str) -> None:
    fold = new_fold()
    fold.add(record([impression(source=source, kind="platform", ua="curl/8", count=900)], topic=IMPRESSIONS))
    assert deltas_of(fold, IMPRESSIONS, "impressions") == {(LINK, MINUTE, "human", source, "platform"): 900}
    assert [(row["class"], row["reason"]) for row in judged_events(fold, IMPRESSIONS)] == [("human", "reported")]


@pytest.mark.parametrize(
    ("age_ms", "late"), [(30_000, 0), (90_000, 0), (90_001, 1), (DAY_MS, 1), (90 * DAY_MS, 1)], ids=str
)
def test_an_event_is_late_when_its_window_has_been_over_for_longer_than_allowed(age_ms: int, late: int) -> None:
    fold = new_fold()
    # The window of the event at -90,000 ended exactly a minute before now.
    tally = fold.add(record([click(time_ms=NOW_MS - age_ms)], at_ms=NOW_MS))
    assert (tally.counted, tally.late) == (1, late)
    assert fold.deltas.lateness_ms == [age_ms] * late


@pytest.mark.parametrize(
    ("time_ms", "reason"),
    [
        (NOW_MS + BOUNDS.max_skew_ms, None),
        (NOW_MS + BOUNDS.max_skew_ms + 1, "future"),
        (2**53 - 1, "future"),
        (NOW_MS - BOUNDS.max_age_ms, None),
        (NOW_MS - BOUNDS.max_age_ms - 1, "too_old"),
        (0, "too_old"),
    ],
)
def test_events_out_of_time_are_dead_letters_and_their_neighbours_are_counted(
    time_ms: int, reason: str | None
) -> None:
    fold = new_fold()
    odd = click(time_ms=time_ms)
    tally = fold.add(record([click(), odd, click()], offset=5))
    assert tally == Tally(
        records=1, counted=2 + (reason is None), dead_letters=int(reason is not None), late=tally.late
    )
    assert reasons(fold) == ([(5, 1, reason)] if reason else [])
    if reason:
        (_, poison) = fold.deltas.poison[0]
        assert msgspec.json.decode(poison.value)["time_ms"] == time_ms
        assert [row["event_index"] for row in judged_events(fold)] == [0, 2]


def test_a_batch_that_is_sent_again_counts_once() -> None:
    fold = new_fold()
    first = fold.add(batch("aa", numbered(1, 5)))
    again = fold.add(batch("aa", numbered(1, 5), offset=1))
    assert (first.counted, first.resent) == (5, 0)
    assert (again.counted, again.resent) == (0, 5)
    assert [part.rows for part in fold.deltas.parts] == [5]


def test_a_resend_that_was_cut_differently_is_trimmed_to_what_is_new() -> None:
    fold = new_fold()
    fold.add(batch("aa", numbered(1, 5)))
    tally = fold.add(batch("aa", numbered(3, 9), prev=2, offset=1))
    assert (tally.counted, tally.resent, tally.gaps) == (4, 3, 0)
    assert [(row["seq"], row["event_index"]) for row in judged_events(fold)[5:]] == [(6, 3), (7, 4), (8, 5), (9, 6)]


def test_what_was_counted_before_a_restart_is_known_from_the_dedup_state() -> None:
    fold = new_fold([("aa", 5, NOW_S - 100)])
    assert fold.add(batch("aa", numbered(4, 6), prev=3)).counted == 1


def test_a_spool_that_is_older_than_its_memory_is_new_again() -> None:
    fold = new_fold([("aa", 5, NOW_S - SPOOL_TTL_S - 1)])
    assert fold.add(batch("aa", numbered(4, 6), prev=0)).counted == 3


def test_a_batch_whose_predecessor_is_missing_is_a_gap() -> None:
    fold = new_fold()
    assert fold.add(batch("aa", numbered(1, 2))).gaps == 0
    assert fold.add(batch("aa", numbered(7, 9), prev=6, offset=1)).gaps == 1
    assert fold.add(batch("aa", numbered(10, 11), prev=9, offset=2)).gaps == 0


def test_seqs_that_went_to_other_partitions_are_no_gap() -> None:
    fold = new_fold()
    fold.add(batch("aa", [click(seq=3), click(seq=8)]))
    assert fold.add(batch("aa", [click(seq=20), click(seq=21)], prev=8, offset=1)).gaps == 0


@pytest.mark.parametrize(
    "last_line",
    [b'{"type":"click","link":"a/b","seq":3}', ndjson([click(seq=3, time_ms=1)]), ndjson([click(seq=3, v=2)])],
    ids=["no event", "too old", "newer"],
)
def test_a_batch_that_ends_in_poison_leaves_no_gap_behind(last_line: bytes) -> None:
    fold = new_fold()
    headers = batch_headers("aa", 1, 3)
    tally = fold.add(record(ndjson(numbered(1, 2)) + last_line, headers=headers))
    assert (tally.counted, tally.dead_letters) == (2, 1)
    assert fold.add(batch("aa", numbered(4, 5), prev=3, offset=1)).gaps == 0


def test_events_with_a_spool_of_their_own_are_known_by_it() -> None:
    fold = new_fold()
    derived = [impression(seq=seq, spool="k1") for seq in (1, 2)]
    assert fold.add(record(derived, topic=IMPRESSIONS)).counted == 2
    retry = [*derived, impression(seq=3, spool="k1")]
    tally = fold.add(record(retry, topic=IMPRESSIONS, offset=1))
    assert (tally.counted, tally.resent) == (1, 2)


def test_an_idempotency_key_is_forgotten_after_two_days() -> None:
    fold = new_fold([("k1", 2, NOW_S - KEY_TTL_S - 1)])
    assert fold.add(record([impression(seq=1, spool="k1")], topic=IMPRESSIONS)).counted == 1


def test_one_batch_may_mix_its_own_spool_with_others() -> None:
    fold = new_fold()
    mixed: list[Event] = [
        click(seq=4),
        click(seq=1, spool="k1"),
        click(seq=5),
        click(seq=1, spool="k2"),
        click(seq=2, spool="k1"),
    ]
    headers = batch_headers("aa", 4, 5)
    assert fold.add(record(mixed, headers=headers)).counted == 5
    assert fold.add(record(mixed, headers=headers, offset=1)).resent == 5
    assert fold.deltas.spools == {"aa", "k1", "k2"}
    assert sorted(fold.dedup.row(spool)[:2] for spool in fold.deltas.spools) == [("aa", 5), ("k1", 2), ("k2", 1)]


def test_records_without_identity_are_counted_each_time_they_come() -> None:
    fold = new_fold()
    for offset in range(3):
        assert fold.add(record([click(seq=7)], offset=offset)).counted == 1
    assert not fold.deltas.spools


@pytest.mark.parametrize(
    "headers",
    [
        [("spool", b"aa")],
        [("spool", b"aa"), ("first", b"x"), ("last", b"2"), ("prev", b"0")],
        [("spool", b"aa"), ("first", None), ("last", b"2"), ("prev", b"0")],
        [("spool", b""), ("first", b"1"), ("last", b"2"), ("prev", b"0")],
        [("spool", b"\xff"), ("first", b"1"), ("last", b"2"), ("prev", b"0")],
        [("spool", b"aa"), ("first", b"3"), ("last", b"2"), ("prev", b"0")],
        [("spool", b"aa"), ("first", b"3"), ("last", b"4"), ("prev", b"3")],
        [("spool", b"aa"), ("first", b"0"), ("last", b"4"), ("prev", b"0")],
        [("spool", b"aa"), ("first", b"1"), ("last", b"9" * 30), ("prev", b"0")],
        [("spool", b"aa"), ("first", b"1"), ("last", b"9" * 9000), ("prev", b"0")],
    ],
)
def test_a_batch_with_broken_headers_is_one_dead_letter(headers: Headers) -> None:
    fold = new_fold()
    value = ndjson(numbered(1, 2))
    assert fold.add(record(value, headers=headers)) == Tally(records=1, dead_letters=1)
    assert reasons(fold) == [(0, 0, "bad_headers")]
    assert fold.deltas.poison[0][1].value == value


def test_headers_of_others_are_nobody_s_business() -> None:
    fold = new_fold()
    headers = [("traceparent", b"00-\xff"), ("first", b"x"), ("spool", None)]
    assert fold.add(record([click()], headers=headers)).counted == 1  # type: ignore[arg-type] # as Kafka may give them


def test_the_books_of_every_record_balance() -> None:
    fold = new_fold([("aa", 2, NOW_S)])
    value = (
        ndjson([*numbered(1, 4), click(seq=5, time_ms=1)])
        + b"garbage\n"
        + ndjson([click(seq=7, time_ms=NOW_MS - DAY_MS)])
    )
    tally = fold.add(record(value, headers=batch_headers("aa", 1, 7)))
    assert tally == Tally(records=1, counted=3, resent=2, dead_letters=2, late=1)
    assert tally.settled == 7
    assert fold.deltas.tally == tally


def test_taken_deltas_leave_the_dedup_state_behind() -> None:
    fold = new_fold()
    fold.add(batch("aa", numbered(1, 3)))
    taken = fold.take_deltas()
    assert taken.tally.counted == 3
    assert fold.deltas.tally == Tally()
    assert fold.add(batch("aa", numbered(1, 3), offset=1)).resent == 3


def test_a_flush_knows_the_broker_s_times_of_its_first_and_last_record() -> None:
    fold = new_fold()
    for offset, at_ms in enumerate((NOW_MS, NOW_MS + 10, NOW_MS + 20)):
        fold.add(record(b"garbage", offset=offset, at_ms=at_ms))
    assert (fold.deltas.first_timestamp_ms, fold.deltas.last_timestamp_ms) == (NOW_MS, NOW_MS + 20)
