"""Events judged anew: what leaves one class comes to another, and what did not change stays as it was counted."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.classify import Request, Verdict
from stream.recount.again import Cell, Stored, changes, corrections, difference
from stream.repeats import RepeatLimits

LIMITS = RepeatLimits(window_ms=10_000, clicks_per_minute=3)
HUMAN, BOT = Verdict("human", ""), Verdict("bot", "user_agent")
DOUBLE, RATE = Verdict("duplicate", "double_click"), Verdict("bot", "rate")
MINUTE_MS = 60_000


def judge_as(verdict: Verdict) -> Callable[[Request], Verdict]:
    return lambda _request: verdict


def by_agent(request: Request) -> Verdict:
    """An agent is named after the class that it has now."""
    return Verdict(request.ua, "")  # type: ignore[arg-type] # a test's agents are classes


def stored(
    first: Verdict = BOT,
    *,
    ua: str = "human",
    time_ms: int = 0,
    visitor: int = 7,
    link: str = "go.example/a",
    partition: int = 0,
    received_s: int | None = None,
    impression_kind: str = "",
) -> Stored:
    return Stored(
        partition=partition,
        time_ms=time_ms,
        received_s=time_ms // 1000 if received_s is None else received_s,
        link=link,
        visitor=visitor,
        source="pixel" if impression_kind else "",
        impression_kind=impression_kind,
        counted=1,
        request=Request(ua),
        first=first,
    )


def by_class(moved: Counter[Cell]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for cell, count in moved.items():
        sums[cell.traffic_class] += count
    return {name: count for name, count in sums.items() if count}


@pytest.mark.parametrize(
    ("first", "now", "changed"),
    [
        (HUMAN, HUMAN, False),
        (HUMAN, Verdict("human", "app"), False),
        (HUMAN, BOT, True),
        (BOT, HUMAN, True),
        (BOT, Verdict("bot", "network"), False),
        (DOUBLE, HUMAN, False),
        (DOUBLE, Verdict("unknown", "no_user_agent"), False),
        (DOUBLE, BOT, True),
        (RATE, HUMAN, False),
        (RATE, BOT, True),
        (Verdict("prefetch", "purpose"), HUMAN, True),
    ],
)
def test_a_request_has_changed_when_its_events_may_have_another_class(
    first: Verdict, now: Verdict, *, changed: bool
) -> None:
    assert changes(Request("x"), first, judge_as(now)) is changed


def test_a_person_who_is_a_bot_now_takes_every_click_along() -> None:
    events = [stored(HUMAN, ua="bot"), stored(DOUBLE, ua="bot", time_ms=1), stored(RATE, ua="bot", time_ms=2)]
    moved = corrections(events, by_agent, LIMITS, since_ms=0)
    assert by_class(moved) == {"human": -1, "duplicate": -1, "bot": 2}
    assert sum(moved.values()) == 0


def test_what_was_a_duplicate_of_a_person_stays_one() -> None:
    assert corrections([stored(DOUBLE), stored(RATE)], by_agent, LIMITS, since_ms=0) == Counter()


@pytest.mark.parametrize(("apart_ms", "counted"), [(9_999, 1), (10_000, 2), (10_001, 2)])
def test_clicks_of_a_person_who_was_a_bot_are_looked_at_for_double_taps(apart_ms: int, counted: int) -> None:
    events = [stored(time_ms=0), stored(time_ms=apart_ms)]
    assert by_class(corrections(events, by_agent, LIMITS, since_ms=0))["human"] == counted


@pytest.mark.parametrize(("clicks", "counted"), [(3, 3), (4, 3)])
def test_clicks_of_a_person_who_was_a_bot_are_looked_at_for_their_rate(clicks: int, counted: int) -> None:
    events = [stored(link=f"go.example/{number}", time_ms=number) for number in range(clicks)]
    assert by_class(corrections(events, by_agent, LIMITS, since_ms=0))["human"] == counted


def test_a_click_before_the_day_makes_the_days_first_one_a_duplicate_and_moves_nothing_itself() -> None:
    events = [stored(time_ms=MINUTE_MS - 1_000), stored(time_ms=MINUTE_MS + 1_000)]
    moved = corrections(events, by_agent, LIMITS, since_ms=MINUTE_MS)
    assert by_class(moved) == {"bot": -1, "duplicate": 1}


@pytest.mark.parametrize(("later_s", "counted"), [(120, 1), (121, 2)])
def test_a_click_that_came_too_long_after_the_other_is_not_known_as_its_double(later_s: int, counted: int) -> None:
    """As in the stream: late events are not compared with what it has forgotten."""
    events = [stored(time_ms=0, received_s=0), stored(time_ms=1, received_s=later_s)]
    assert by_class(corrections(events, by_agent, LIMITS, since_ms=0))["human"] == counted


def test_nobody_and_other_partitions_make_no_duplicates() -> None:
    events = [stored(visitor=0), stored(visitor=0), stored(partition=0), stored(partition=1)]
    assert by_class(corrections(events, by_agent, LIMITS, since_ms=0)) == {"bot": -4, "human": 4}


def test_impressions_move_too_and_are_never_duplicates() -> None:
    events = [stored(impression_kind="served"), stored(impression_kind="served")]
    moved = corrections(events, by_agent, LIMITS, since_ms=0)
    assert moved == {
        Cell("go.example/a", 0, "pixel", "served", "bot"): -2,
        Cell("go.example/a", 0, "pixel", "served", "human"): 2,
    }


def test_a_visitors_number_may_be_as_large_as_sixty_four_bits() -> None:
    assert by_class(corrections([stored(visitor=2**64 - 1)] * 2, by_agent, LIMITS, since_ms=0))["human"] == 1


CELLS = st.dictionaries(
    st.builds(
        Cell, st.sampled_from("ab"), st.sampled_from([0, 60]), st.just(""), st.just(""), st.sampled_from("xy")
    ),
    st.integers(-5, 5).filter(bool),
).map(Counter)


@given(CELLS, CELLS)
def test_what_is_missing_added_to_what_is_there_is_what_was_wanted(
    wanted: Counter[Cell], present: Counter[Cell]
) -> None:
    after = Counter(present)
    for cell, more in difference(wanted, present).items():
        after[cell] += more
    assert {cell: count for cell, count in after.items() if count} == dict(wanted)
    assert difference(wanted, wanted) == Counter()


EVENTS = st.lists(
    st.builds(
        stored,
        st.sampled_from([HUMAN, BOT, DOUBLE, RATE]),
        ua=st.sampled_from(["human", "bot", "unknown"]),
        time_ms=st.integers(0, 3 * MINUTE_MS),
        visitor=st.integers(0, 2),
        link=st.sampled_from(["go.example/a", "go.example/b"]),
    ),
    max_size=12,
)


@given(EVENTS)
def test_corrections_only_move_cell_by_cell(events: list[Stored]) -> None:
    sums: Counter[tuple[str, int]] = Counter()
    for cell, count in corrections(events, by_agent, LIMITS, since_ms=0).items():
        sums[cell.link, cell.window_s] += count
    assert not any(sums.values())
