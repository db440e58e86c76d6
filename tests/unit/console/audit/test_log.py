"""Heads and dead letters against what Kafka holds."""

from collections import Counter

from console.audit.chain import Chain, Place, Stretch
from console.audit.findings import Finding
from console.audit.log import Log, Waiting, check_dead_letters, check_log, waiting
from schemas.covered import Head

AT = ("clicks", 0)
PLACE = Place("clicks@1", 0)
NOW_S = 1_000_000


def chains(last: int = 99) -> dict[Place, Chain]:
    return {PLACE: Chain(Head(last, NOW_S))}


def wrong(log: Log, of: dict[Place, Chain], before: Waiting | None = None) -> list[Finding]:
    findings = [one for one in check_log(log, of, before) if one.severity != "ok"]
    assert all(one.advice and one.runbook for one in findings)
    return findings


def log(start: int = 0, end: int = 100, *, aging: int = 0, time_s: float = NOW_S + 0.9) -> Log:
    return Log(starts={AT: start}, aging={AT: aging}, ends={AT: end}, times={AT: time_s})


def test_a_head_between_start_and_end_is_fine_also_at_both_ends() -> None:
    assert wrong(log(), chains()) == []
    assert wrong(log(start=100), chains()) == []
    assert wrong(log(start=100, end=500, aging=100), chains()) == []


def test_a_head_beyond_the_end_means_a_topic_created_anew() -> None:
    assert [(one.severity, one.name) for one in wrong(log(end=99), chains())] == [("broken", "recreated")]


def test_a_record_at_the_head_younger_than_its_count_means_the_same() -> None:
    assert [one.name for one in wrong(log(end=700, time_s=NOW_S + 1), chains())] == ["recreated"]


def test_a_head_before_the_start_means_records_taken_by_retention() -> None:
    (taken,) = wrong(log(start=107, end=200), chains())
    assert (taken.severity, taken.name) == ("broken", "taken")
    assert "took 7 records" in taken.what


def test_uncounted_records_near_the_end_of_retention_are_told_in_time() -> None:
    assert [(one.severity, one.name) for one in wrong(log(end=200, aging=101), chains())] == [("warning", "aging")]


def test_a_head_that_did_not_move_while_records_wait_is_stalled() -> None:
    assert [one.name for one in wrong(log(end=200), chains(), waiting(log(end=150), chains()))] == ["stalled"]
    assert wrong(log(end=200), chains(99), waiting(log(end=150), chains(98))) == []
    assert wrong(log(end=100), chains(), waiting(log(end=100), chains())) == []


def test_records_that_came_since_the_earlier_look_are_no_stall() -> None:
    assert wrong(log(end=200), chains(), waiting(log(end=100), chains())) == []


def test_a_partition_with_records_and_no_head_is_not_counted() -> None:
    assert [(one.severity, one.name) for one in wrong(log(), {})] == [("warning", "uncounted")]
    assert wrong(log(start=100), {}) == []


def test_a_head_without_a_partition_is_found() -> None:
    assert [one.name for one in wrong(Log(), chains())] == ["topic_gone"]


def letters(*offsets: int) -> Log:
    return Log(dead_letters={AT: {(offset, 0) for offset in offsets}}, reasons=Counter(not_json=len(offsets)))


def flushes_with_letters(count: int) -> dict[Place, Chain]:
    return {PLACE: Chain(Head(99, NOW_S), [Stretch(50, 99, dead_letters=count)])}


def test_as_many_letters_as_the_flushes_say_are_fine_and_told_by_reason() -> None:
    # 10 lies before the first flush that is looked at, 120 is not durable yet.
    (fine,) = check_dead_letters(letters(10, 50, 99, 120), flushes_with_letters(2), comparable=True)
    assert (fine.severity, fine.what) == ("ok", "4 not_json")


def test_letters_that_are_gone_or_too_many_are_found() -> None:
    (missing,) = check_dead_letters(letters(50), flushes_with_letters(2), comparable=True)
    assert (missing.severity, missing.name) == ("broken", "missing")
    (too_many,) = check_dead_letters(letters(50, 60, 70), flushes_with_letters(2), comparable=True)
    assert (too_many.severity, too_many.name) == ("warning", "too_many")


def test_letters_are_not_compared_beyond_their_topics_memory() -> None:
    (fine,) = check_dead_letters(letters(), flushes_with_letters(2), comparable=False)
    assert fine.severity == "ok"
    assert "not compared" in fine.what
