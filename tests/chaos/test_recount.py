"""The harness must be able to fail: a lost, a doubled and an invented click are found, a clean run is clean."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from deploy.local.replay.classes import Rules, StoredClick, misjudged
from tests.chaos import findings
from tests.chaos.findings import Findings, audit, compare
from tests.chaos.ledger import Item, Ledger, Post, merge
from tests.chaos.recount import DAY_MS, Raw, recount

NOW_MS = 1_790_000_000_000
LINK = "go.example/a"
NAME = f"click {LINK}"
CLICKS = ("clicks", 0)


def line(seq: int, **fields: Any) -> bytes:
    return json.dumps({"type": "click", "time_ms": NOW_MS, "link": LINK, "seq": seq} | fields).encode()


def raw(offset: int, *lines: bytes, spool: str = "00aa", topic: str = "clicks", key: bytes | None = None) -> Raw:
    headers = (("spool", spool.encode()), ("first", b"1"), ("last", b"9"), ("prev", b"0")) if spool else ()
    return Raw(topic, 0, offset, NOW_MS, headers, key, b"\n".join(lines))


LOG = [raw(0, line(1), line(2)), raw(1, line(3)), raw(2, line(2), line(3))]
"""Three clicks; two were sent again."""


@dataclass
class Tables:
    """What ClickHouse holds after all of LOG was counted as it should be."""

    counted: dict[str, int] = field(default_factory=lambda: {NAME: 3})
    events: list[tuple[int, int, int]] = field(default_factory=lambda: [(0, 0, 1), (0, 1, 2), (1, 0, 3)])
    markers: list[tuple[int, int, int]] = field(default_factory=lambda: [(0, 1, 1), (2, 2, 1)])
    gaps: list[tuple[int, int, int]] = field(default_factory=list)
    clicks: list[list[Any]] = field(default_factory=list)
    """What CLICKS_SQL says, where a test is about classes."""
    by_class: dict[str, int] = field(default_factory=dict)
    judged_twice: list[list[Any]] = field(default_factory=list)

    def select(self, query: str) -> list[list[Any]]:
        if query == findings.ALL_CLICKS:
            return self.clicks
        if "uniqExact(class)" in query:
            return self.judged_twice
        if "concat(class" in query:
            return [[name, count] for name, count in self.by_class.items()]
        if "FROM events" in query:
            return [["clicks", 0, offset, index, "00aa", seq, NAME, 1] for offset, index, seq in self.events]
        if "kind = 0" in query:
            return [[name, count] for name, count in self.counted.items()]
        rows = self.markers if "kind = 2" in query else self.gaps
        return [["clicks@1", 0, *row] for row in rows]


def ledger(answered: int = 3, unanswered: int = 0) -> Ledger:
    ledger = Ledger()
    ledger.note("click", LINK, answered=True, count=answered)
    ledger.note("click", LINK, answered=False, count=unanswered)
    return ledger


def test_a_run_in_which_all_was_counted_once_is_clean() -> None:
    findings = compare(Tables(), ledger(), LOG)
    assert findings.clean, findings.words
    assert (findings.counted, findings.lost, findings.doubled) == (3, 0, 0)


def test_an_unanswered_click_may_be_counted_or_not() -> None:
    assert compare(Tables(), ledger(answered=2, unanswered=1), LOG).clean
    assert compare(Tables(), ledger(answered=3, unanswered=1), LOG).clean


def test_a_click_that_was_answered_and_not_counted_is_lost() -> None:
    findings = compare(Tables(), ledger(answered=4), LOG)
    assert (findings.lost, findings.doubled) == (1, 0)


def test_a_click_that_is_counted_and_was_never_made_is_doubled() -> None:
    findings = compare(Tables(), ledger(answered=2), LOG)
    assert (findings.lost, findings.doubled) == (0, 1)


def test_a_delta_too_many_is_doubled_and_one_too_few_is_lost() -> None:
    assert compare(Tables(counted={NAME: 4}), ledger(), LOG).doubled == 1
    assert compare(Tables(counted={NAME: 2}), ledger(), LOG).lost == 1


def test_counts_that_merely_moved_to_another_link_are_found() -> None:
    findings = compare(Tables(counted={NAME: 2, "click go.example/b": 1}), ledger(), LOG)
    assert (findings.lost, findings.doubled) == (1, 1)


def test_an_identity_that_stands_twice_in_events_is_doubled() -> None:
    findings = compare(Tables(events=[(0, 0, 1), (0, 1, 2), (1, 0, 3), (2, 1, 3)]), ledger(), LOG)
    assert findings.doubled == 1


def test_an_event_that_is_not_in_events_is_lost() -> None:
    assert compare(Tables(events=[(0, 0, 1), (0, 1, 2)]), ledger(), LOG).lost == 1


@pytest.mark.parametrize(
    ("markers", "wrong"),
    [
        ([(0, 0, 1), (2, 2, 1)], "holes"),
        ([(0, 1, 1), (1, 2, 1)], "overlaps"),
        ([(0, 1, 2), (2, 2, 1)], "doubles"),
    ],
)
def test_the_audit_finds_what_is_wrong_with_a_chain(markers: list[tuple[int, int, int]], wrong: str) -> None:
    audited = audit({CLICKS: markers}, {})
    assert {name: getattr(audited, name) for name in ("holes", "overlaps", "doubles")} == Counter(
        {"holes": 0, "overlaps": 0, "doubles": 0, wrong: 1}
    )
    assert not compare(Tables(markers=markers), ledger(), LOG).clean


def test_a_gap_that_is_told_is_no_hole_and_what_lay_in_it_need_not_be_counted() -> None:
    tables = Tables(counted={NAME: 1}, events=[(2, 0, 3)], markers=[(0, 0, 1), (2, 2, 1)], gaps=[(1, 1, 1)])
    log = [raw(0, b"garbage"), raw(1, line(1), line(2)), raw(2, line(3))]
    letters = [raw(0, topic="dead-letters", key=b"clicks-0-0-0")]
    findings = compare(tables, ledger(answered=3), log + letters)
    assert findings.clean, findings.words
    assert findings.audit.gap_records == 1


def test_a_hole_that_is_not_told_loses_what_lay_in_it() -> None:
    tables = Tables(counted={NAME: 1}, events=[(2, 0, 3)], markers=[(0, 0, 1), (2, 2, 1)])
    findings = compare(tables, ledger(answered=3), [raw(0, b"x"), raw(1, line(1), line(2)), raw(2, line(3))])
    assert (findings.lost, findings.audit.holes) == (2, 1)


def test_a_dead_letter_that_is_in_no_topic_is_lost() -> None:
    assert compare(Tables(), ledger(), [*LOG, raw(3, b"garbage")]).lost == 1


def test_the_recount_knows_good_lines_among_poison_and_clocks_that_jumped() -> None:
    counted = recount(
        [
            raw(0, b"garbage", line(0), b'{"type":"impression"}', spool=""),
            raw(1, line(0, time_ms=NOW_MS + DAY_MS), line(0, time_ms=NOW_MS - 100 * DAY_MS), spool=""),
        ],
        {},
    )
    assert counted.sure == {NAME: 1}
    assert Counter(counted.dead.values()) == {"poison": 2, "future": 1, "too_old": 1}


def test_of_snapshots_the_newest_total_of_each_post_counts_and_what_retention_took_may() -> None:
    def total(at: int, total: int, post: str = "1") -> bytes:
        snapshot = {
            "type": "snapshot",
            "platform": "x",
            "post": post,
            "series": "views",
            "link": LINK,
            "total": total,
        }
        return json.dumps(snapshot | {"observed_ms": NOW_MS + at}).encode()

    log = [
        raw(0, total(1, 10), total(3, 30), total(2, 20), total(3, 30), spool="", topic="impressions"),
        raw(
            1, total(4, 5, post="2"), total(-800 * DAY_MS, 9), b'{"type":"snapshot"}', spool="", topic="impressions"
        ),
        raw(2, total(9, 90), total(1, 10), spool="", topic="impressions"),
    ]
    counted = recount(log, {})
    assert counted.sure == {f"snapshot {LINK}": 95}
    assert Counter(counted.dead.values()) == {"too_old": 1, "poison": 1}
    taken = recount(log, {("impressions", 0): [(2, 2)]})
    assert (taken.sure, taken.perhaps, taken.taken) == tuple({f"snapshot {LINK}": n} for n in (35, 60, 60))


def test_a_post_with_a_key_counts_once_however_often_it_was_acknowledged() -> None:
    keyed_ledger = Ledger()
    keyed_ledger.settle(Post("key", [Item(LINK, 5, "counted"), Item(LINK, 1, "future")], acknowledged=2, maybe=1))
    assert (keyed_ledger.tally("api", LINK).answered, keyed_ledger.tally("api", LINK).unanswered) == (5, 0)
    assert keyed_ledger.dead_letters == {"future": 1}


def test_a_post_without_a_key_counts_once_for_each_try_and_may_for_each_without_answer() -> None:
    keyless_ledger = Ledger()
    keyless_ledger.settle(Post("", [Item(LINK, 5, "counted")], acknowledged=1, maybe=1))
    assert (keyless_ledger.tally("api", LINK).answered, keyless_ledger.tally("api", LINK).unanswered) == (5, 5)


def test_ledgers_add_up() -> None:
    assert merge([ledger(1), ledger(2, 3)]).tallies[NAME] == ledger(3, 3).tallies[NAME]


def test_findings_with_words_are_not_clean() -> None:
    assert Findings().clean
    assert not Findings(words=["something"]).clean
    assert "FINAL" in findings._EVENTS


def tap(offset: int, at_ms: int, traffic_class: str, reason: str = "", **fields: Any) -> StoredClick:
    """A stored click of one visitor on one link, so long after NOW_MS."""
    place: dict[str, Any] = {
        "partition": 0,
        "offset": offset,
        "line": 0,
        "visitor": 7,
        "link": LINK,
        "received_s": NOW_MS // 1000,
    }
    judged = {"time_ms": NOW_MS + at_ms, "traffic_class": traffic_class, "reason": reason}
    return StoredClick(**(place | judged | fields))


TAPS = [tap(0, 0, "human"), tap(1, 9_999, "duplicate", "double_click"), tap(2, 10_000, "human")]


def test_clicks_of_the_classes_that_the_rules_give_are_well_judged() -> None:
    tables = Tables(clicks=[[*one] for one in TAPS], by_class={f"human {LINK}": 2, f"duplicate {LINK}": 1})
    found = compare(tables, ledger(), LOG)
    assert found.clean, found.words
    assert found.by_class == {"human": 2, "duplicate": 1}


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_click_of_another_class_is_found(wrong: int) -> None:
    taps = list(TAPS)
    other = "human" if taps[wrong].traffic_class == "duplicate" else "duplicate"
    taps[wrong] = taps[wrong]._replace(traffic_class=other)
    assert [words.split()[2] for words in misjudged(taps, Rules())] == [str(wrong)]
    assert misjudged(taps, Rules(), since_s=NOW_MS // 1000 + 1) == []


def test_a_click_is_judged_by_those_of_two_minutes_before() -> None:
    late = NOW_MS // 1000 + 120
    assert misjudged([TAPS[0], tap(1, 1, "duplicate", received_s=late)], Rules()) == []
    assert misjudged([TAPS[0], tap(1, 1, "human", received_s=late + 1)], Rules()) == []


def test_one_click_too_many_of_a_minute_is_a_bot_and_nothing_else() -> None:
    clicks = [tap(0, 0, "human", line=line, link=f"go.example/{line}") for line in range(3)]
    rules = Rules(clicks_per_minute=3)
    assert misjudged([*clicks, tap(1, 0, "bot", "rate")], rules) == []
    assert len(misjudged([*clicks, tap(1, 0, "human")], rules)) == 1


def test_who_has_no_visitor_and_what_is_a_bot_is_never_a_repeat() -> None:
    others = [tap(0, 0, "bot", "user_agent"), tap(0, 0, "prefetch", "purpose"), tap(0, 0, "human", visitor=0)]
    assert misjudged([*others, *others, tap(1, 1, "human")], Rules()) == []


def test_what_retention_took_makes_no_click_a_duplicate() -> None:
    tables = Tables(
        clicks=[[*tap(1, 0, "human")], [*tap(2, 1, "human")]], gaps=[(1, 1, 1)], by_class={f"human {LINK}": 1}
    )
    assert not any("misjudged" in words for words in compare(tables, ledger(), LOG).words)


def test_a_class_that_is_counted_otherwise_than_stored_is_found() -> None:
    tables = Tables(clicks=[[*one] for one in TAPS], by_class={f"human {LINK}": 3})
    assert any("counted and stored differ" in words for words in compare(tables, ledger(), LOG).words)


def test_an_event_that_was_judged_twice_and_differently_is_found() -> None:
    tables = Tables(judged_twice=[["clicks", 0, 0, 0, ["human", "duplicate"]]])
    assert any("judged twice" in words for words in compare(tables, ledger(), LOG).words)
