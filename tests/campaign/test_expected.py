"""The independent computation against cases that were counted by hand."""

from collections import Counter
from itertools import permutations
from typing import Final

from tests.campaign.cast import DAY_MS, HOUR_MS
from tests.campaign.counted import compare
from tests.campaign.expected import changes, day_of, newest_totals, unmatched
from tests.campaign.stated import StatedTotal

BORN_MS: Final = 1_790_000_000_000 // DAY_MS * DAY_MS
LINK: Final = "go.example/a"
LINKS: Final = {("x", "1"): LINK, ("facebook", "2"): LINK, ("google-ads", "3"): "go.example/b"}
FIRST: Final = StatedTotal("x", "1", "impression_count", 0, 0, BORN_MS + HOUR_MS, 100, BORN_MS)
MORE: Final = FIRST._replace(observed_ms=BORN_MS + DAY_MS, total=160)
LESS: Final = FIRST._replace(observed_ms=BORN_MS + 3 * DAY_MS, total=150)
RETIRED: Final = StatedTotal(
    "facebook", "2", "post_impressions", 0, 0, BORN_MS + 9 * DAY_MS, 50, BORN_MS + 8 * DAY_MS
)
SUCCESSOR: Final = RETIRED._replace(metric="post_media_view", observed_ms=BORN_MS + 8 * DAY_MS, total=60)
AD: Final = StatedTotal("google-ads", "3", "impressions/day", BORN_MS, BORN_MS + DAY_MS, BORN_MS + 2 * DAY_MS, 40)
AD_REVISED: Final = AD._replace(observed_ms=BORN_MS + 9 * DAY_MS, total=38)


def day(number: int) -> str:
    return day_of(BORN_MS + number * DAY_MS)


def logged(*stated: StatedTotal) -> list[tuple[str, StatedTotal]]:
    return [(LINKS[one.platform, one.post], one) for one in stated]


def test_growth_falls_into_the_day_in_which_it_was_read_and_a_lower_total_is_a_revision() -> None:
    changed = changes(logged(FIRST, MORE, LESS))
    assert changed.impressions == {
        (LINK, "snapshot", day(0)): 100,
        (LINK, "snapshot", day(1)): 60,
        (LINK, "revision", day(3)): -10,
    }
    assert changed.revisions == {(LINK, "x", "1", day(3), "fell", -10): 1}


def test_an_older_reading_and_a_second_one_of_the_same_change_nothing() -> None:
    assert changes(logged(LESS, FIRST, MORE, LESS)).impressions == {(LINK, "opening", day(3)): 150}


def test_a_first_total_of_a_post_that_is_two_days_old_is_growth_and_of_an_older_one_an_opening() -> None:
    for late_ms, source in ((0, "snapshot"), (1, "opening")):
        one = FIRST._replace(observed_ms=BORN_MS + 2 * DAY_MS + late_ms)
        assert changes(logged(one)).impressions == {(LINK, source, day(2)): 100}


def test_a_successor_takes_the_place_of_a_retired_metric_whenever_that_was_read() -> None:
    for order in permutations((RETIRED, SUCCESSOR)):
        assert newest_totals(order, LINKS) == {LINK: 60}
    assert changes(logged(RETIRED, SUCCESSOR)).revisions == {
        (LINK, "facebook", "2", day(8), "redefined", 10): 1,
    }
    assert not changes(logged(SUCCESSOR, RETIRED)).revisions


def test_a_day_of_a_report_is_corrected_where_it_belongs() -> None:
    changed = changes(logged(AD, AD_REVISED))
    assert changed.impressions == {
        ("go.example/b", "snapshot", day(0)): 40,
        ("go.example/b", "revision", day(0)): -2,
    }


def test_a_life_takes_the_place_of_its_days() -> None:
    of_day = StatedTotal("x", "1", "impressions/day", BORN_MS, BORN_MS + DAY_MS, BORN_MS + DAY_MS, 90)
    changed = changes(logged(of_day, MORE, of_day._replace(observed_ms=BORN_MS + 2 * DAY_MS, total=95)))
    assert changed.impressions == {(LINK, "snapshot", day(0)): 90, (LINK, "revision", day(0)): -90} | {
        (LINK, "snapshot", day(1)): 160
    }
    assert changed.revisions == {(LINK, "x", "1", day(0), "outranked", -90): 1}
    assert newest_totals([of_day, MORE], LINKS) == {LINK: 160}


def test_the_differences_of_any_order_add_up_to_the_newest_totals() -> None:
    stated = (FIRST, MORE, LESS, RETIRED, SUCCESSOR, AD, AD_REVISED)
    wanted = newest_totals(stated, LINKS)
    assert wanted == {LINK: 150 + 60, "go.example/b": 38}
    for order in permutations(stated):
        added: Counter[str] = Counter()
        for (link, _, _), count in changes(logged(*order, order[0])).impressions.items():
            added[link] += count
        assert added == wanted


def test_a_post_without_a_link_changes_nothing_and_is_listed_by_its_newest_total() -> None:
    stray = FIRST._replace(post="9")
    assert not changes([("", stray)]).impressions
    assert unmatched([stray, stray._replace(observed_ms=BORN_MS, total=7), FIRST], LINKS) == {("x", "9"): 100}


def test_what_is_not_there_is_missing_and_what_is_there_too_often_is_extra() -> None:
    difference = compare(Counter({("a",): 5, ("b",): -3, ("c",): 1}), Counter({("a",): 3, ("b",): -1, ("c",): 1}))
    assert (difference.missing, difference.extra) == (2, 2)
    assert difference.wrong == {("a",): (5, 3), ("b",): (-3, -1)}
    assert compare(Counter(), Counter({("d",): 4})).extra == 4
    assert compare(Counter({("e",): -1}), Counter()).extra == 1
