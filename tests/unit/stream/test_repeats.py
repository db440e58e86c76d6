"""Duplicates and visitors who click too often, by the rules; what no cut or restart may change."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import TRAFFIC_CLASSES, Click
from schemas.topics import CLICKS
from stream.repeats import REMEMBERED_S, RepeatLimits, Repeats
from stream.state import StateRow
from tests.builders import BOT, LINK, NOW_MS, WINDOW_START_MS, click, judged_flush, new_fold, record

pytestmark = pytest.mark.usefixtures("with_and_without_the_scanner")

WINDOW_MS = 10_000
LIMITS = RepeatLimits(window_ms=WINDOW_MS, clicks_per_minute=120)
OTHER = "go.example/other"


class Partition:
    """A log of clicks, flushed record by record unless told otherwise; the table's rows of this fold by slot."""

    def __init__(self, limits: RepeatLimits = LIMITS, most: int = 1000) -> None:
        self.limits, self.most = limits, most
        self.repeats = Repeats(limits, most)
        self.fold = new_fold()
        self.offset = 0
        self.slots: dict[int, StateRow] = {}

    def add(self, clicks: Sequence[Click], *, at_ms: int = NOW_MS) -> None:
        """One record."""
        self.fold.add(record(clicks, offset=self.offset, at_ms=at_ms))
        self.offset += 1

    def flush(self) -> list[tuple[str, str]]:
        """(class, reason) of each click since the last flush, in the order of the log."""
        deltas = self.fold.take_deltas()
        judged = judged_flush(deltas, self.repeats)
        for row in deltas.states.get(self.repeats.kind, []):
            assert row.recent is not None
            before = self.slots.get(row.scope)
            assert before is None or before.recent is None or before.recent < row.recent
            self.slots[row.scope] = row
        texts = judged.reasons.texts.to_pylist()
        return [
            (TRAFFIC_CLASSES[code], texts[reason])
            for code, reason in zip(judged.classes.tolist(), judged.reasons.codes.tolist(), strict=True)
        ]

    def restart(self) -> None:
        """Begin again with what the table holds."""
        now_s = self.fold.dedup.now_s
        self.repeats, self.fold = Repeats(self.limits, self.most), new_fold(now_s=now_s)
        self.repeats.restore(row for row in self.slots.values() if row.touched_s >= now_s - REMEMBERED_S)

    def verdicts(self, clicks: Sequence[Click], *, at_ms: int = NOW_MS) -> list[tuple[str, str]]:
        """One record and its flush."""
        self.add(clicks, at_ms=at_ms)
        return self.flush()


def tap(after_ms: int = 0, link: str = LINK, **fields: Any) -> Click:
    """A person's click, so long after the first second of a minute."""
    return click(link, time_ms=WINDOW_START_MS + after_ms, **({"visitor": 7} | fields))


def classes_of(*clicks: Click, limits: RepeatLimits = LIMITS) -> list[str]:
    """In one flush; and the same in one flush each, with a restart before each, whatever the test is about."""
    whole = [name for name, _ in Partition(limits).verdicts(clicks)]
    cut = Partition(limits)
    apart = []
    for one in clicks:
        apart += [name for name, _ in cut.verdicts([one])]
        cut.restart()
    assert whole == apart
    return whole


@pytest.mark.parametrize(
    ("apart_ms", "second"), [(0, "duplicate"), (1, "duplicate"), (9_999, "duplicate"), (10_000, "human")]
)
def test_a_double_tap_is_one_human_click_and_a_duplicate(apart_ms: int, second: str) -> None:
    assert classes_of(tap(), tap(apart_ms)) == ["human", second]


def test_the_reasons_are_stored() -> None:
    partition = Partition(RepeatLimits(window_ms=WINDOW_MS, clicks_per_minute=2))
    assert partition.verdicts([tap(), tap(), tap()]) == [
        ("human", ""),
        ("duplicate", "double_click"),
        ("bot", "rate"),
    ]


def test_the_window_begins_with_the_click_that_counts_and_does_not_slide() -> None:
    taps = [tap(after_ms) for after_ms in range(0, 40_000, 8_000)]
    assert classes_of(*taps) == ["human", "duplicate", "human", "duplicate", "human"]


def test_another_link_or_another_visitor_is_no_duplicate() -> None:
    assert classes_of(tap(), tap(1, OTHER), tap(2, visitor=8)) == ["human"] * 3


def test_who_asked_not_to_be_followed_is_never_a_duplicate() -> None:
    assert classes_of(tap(visitor=0), tap(1, visitor=0)) == ["human", "human"]


def test_the_click_after_a_prefetch_is_human() -> None:
    assert classes_of(tap(purpose="prefetch"), tap(500), tap(900)) == ["prefetch", "human", "duplicate"]


def test_a_bot_makes_no_click_a_duplicate_and_is_none() -> None:
    assert classes_of(tap(ua=BOT), tap(1), tap(2, ua=BOT)) == ["bot", "human", "bot"]


def test_an_office_is_a_bot_however_often_it_clicks() -> None:
    assert classes_of(tap(network="office"), tap(1, network="office")) == ["bot", "bot"]


def test_duplicate_comes_before_unknown() -> None:
    assert classes_of(tap(ua=""), tap(1, ua="")) == ["unknown", "duplicate"]


def test_a_click_that_came_to_the_log_later_is_a_duplicate_though_it_was_made_before() -> None:
    assert classes_of(tap(5_000), tap(0)) == ["human", "duplicate"]
    assert classes_of(tap(10_000), tap(0), tap(9_999)) == ["human", "human", "duplicate"]


def test_late_clicks_are_judged_among_themselves_whatever_was_clicked_since() -> None:
    hour = 3_600_000
    assert classes_of(tap(), tap(-hour), tap(1 - hour), tap(1)) == ["human", "human", "duplicate", "duplicate"]


@pytest.mark.parametrize("start_ms", range(0, 40_000, 3_999))
def test_a_window_may_lie_anywhere(start_ms: int) -> None:
    taps = [tap(start_ms + after_ms) for after_ms in (0, 9_999, -9_999, 10_000, -10_000)]
    assert classes_of(*taps) == ["human", "duplicate", "duplicate", "human", "human"]


def test_beyond_so_many_clicks_of_a_minute_a_visitor_is_a_bot_until_the_next() -> None:
    limits = RepeatLimits(window_ms=WINDOW_MS, clicks_per_minute=3)
    taps = [tap(number, f"go.example/{number}") for number in range(5)] + [tap(60_000), tap(1, visitor=8)]
    assert classes_of(*taps, limits=limits) == ["human"] * 3 + ["bot"] * 2 + ["human"] * 2


def test_duplicates_count_towards_the_rate_and_bots_do_not() -> None:
    limits = RepeatLimits(window_ms=WINDOW_MS, clicks_per_minute=2)
    taps = [tap(), tap(1, ua=BOT), tap(2), tap(3, OTHER)]
    assert classes_of(*taps, limits=limits) == ["human", "bot", "duplicate", "bot"]


def test_a_click_beyond_the_rate_makes_none_a_duplicate() -> None:
    limits = RepeatLimits(window_ms=WINDOW_MS, clicks_per_minute=1)
    assert classes_of(tap(55_000), tap(59_000, OTHER), tap(61_000, OTHER), limits=limits) == [
        "human",
        "bot",
        "human",
    ]


def test_zero_switches_either_rule_off() -> None:
    taps = [tap(), tap(1), tap(2, OTHER)]
    assert classes_of(*taps, limits=RepeatLimits(0, 0)) == ["human"] * 3
    assert classes_of(*taps, limits=RepeatLimits(0, 2)) == ["human", "human", "bot"]
    assert classes_of(*taps, limits=RepeatLimits(WINDOW_MS, 0)) == ["human", "duplicate", "human"]


@pytest.mark.parametrize(("after_s", "second"), [(REMEMBERED_S, "duplicate"), (REMEMBERED_S + 1, "human")])
def test_a_click_is_remembered_for_two_minutes_after_it_came(after_s: int, second: str) -> None:
    partition = Partition()
    partition.verdicts([tap()], at_ms=NOW_MS)
    assert partition.verdicts([tap(1)], at_ms=NOW_MS + after_s * 1000) == [
        (second, "double_click" if second == "duplicate" else "")
    ]


@pytest.mark.parametrize(("others", "second"), [(9, "duplicate"), (10, "human")])
def test_of_more_clicks_than_are_remembered_the_oldest_are_forgotten(others: int, second: str) -> None:
    clicks = [tap(visitor=1), *(tap(visitor=2 + number) for number in range(others)), tap(1, visitor=1)]
    assert Partition(most=10).verdicts(clicks)[-1][0] == second
    partition = Partition(most=10)
    partition.verdicts(clicks[:-1])
    assert len(partition.repeats) == min(others + 1, 10)
    partition.restart()
    assert partition.verdicts(clicks[-1:])[0][0] == second


def test_the_table_s_rows_are_taken_again_as_soon_as_they_are_forgotten() -> None:
    partition = Partition()
    for second in range(3 * REMEMBERED_S):
        partition.verdicts([tap(second * 1000, visitor=second + 1)], at_ms=NOW_MS + second * 1000)
    assert len(partition.slots) == REMEMBERED_S + 1
    assert len(partition.repeats) == REMEMBERED_S + 1


taps = st.builds(
    tap,
    st.integers(-15_000, 45_000),
    st.sampled_from([LINK, OTHER]),
    visitor=st.integers(0, 2),
    ua=st.sampled_from([click().ua, click().ua, BOT, ""]),
)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.lists(taps, min_size=1, max_size=5), st.sampled_from([0, 1, 30, 61, 130])), max_size=12),
    st.sets(st.integers(0, 12)),
    st.booleans(),
    st.sampled_from([RepeatLimits(WINDOW_MS, 4), RepeatLimits(1, 0), RepeatLimits(60_000, 2), RepeatLimits(0, 1)]),
    st.sampled_from([3, 1000]),
)
def test_any_cut_and_restart_gives_what_the_rules_say(
    log: list[tuple[list[Click], int]], cuts: set[int], restart: bool, limits: RepeatLimits, most: int
) -> None:
    partition, verdicts, at_ms = Partition(limits, most), list[str](), NOW_MS
    arrived: list[tuple[Click, int]] = []
    for place, (clicks, pause_s) in enumerate(log):
        at_ms += pause_s * 1000
        partition.add(clicks, at_ms=at_ms)
        arrived += [(one, at_ms // 1000) for one in clicks]
        if place in cuts:
            verdicts += [name for name, _ in partition.flush()]
            if restart:
                partition.restart()
    verdicts += [name for name, _ in partition.flush()]
    assert verdicts == by_the_rules(arrived, limits, most)


def by_the_rules(arrived: list[tuple[Click, int]], limits: RepeatLimits, most: int) -> list[str]:
    """Classes by looking at all that is remembered, each time."""
    classes: list[str] = []
    seen: list[tuple[Click, int, str, int]] = []
    for one, at_s in arrived:
        lately = [before for before in seen[max(0, len(seen) - most) :] if before[1] >= at_s - REMEMBERED_S]
        mine = [before for before in lately if before[0].visitor == one.visitor]
        nth = 1 + max(
            (n for before, _, _, n in mine if before.time_ms // 60_000 == one.time_ms // 60_000), default=0
        )
        if one.ua == BOT:
            name = "bot"
        elif not one.visitor:
            name = "human" if one.ua else "unknown"
        else:
            near = [
                before
                for before, _, what, _ in mine
                if what in {"human", "unknown"}
                and before.link == one.link
                and abs(before.time_ms - one.time_ms) < limits.window_ms
            ]
            if limits.clicks_per_minute and nth > limits.clicks_per_minute:
                name = "bot"
            else:
                name = "duplicate" if near else "human" if one.ua else "unknown"
            seen.append((one, at_s, name, nth))
        classes.append(name)
    return classes


def test_only_clicks_have_repeats() -> None:
    assert Repeats.topics == (CLICKS,)


def test_after_a_restart_no_row_takes_the_slot_of_one_that_is_needed() -> None:
    partition = Partition()
    for second in range(0, 200, 20):
        partition.verdicts([tap(visitor=second + 1)], at_ms=NOW_MS + second * 1000)
        partition.restart()
    needed = {row.recent[:2] for row in partition.slots.values() if row.recent}
    assert {(NOW_MS // 1000 + 20 * offset, offset) for offset in range(4, 10)} <= needed
