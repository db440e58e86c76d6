"""Snapshots on their way through the stream: what is counted of them, exactly once, whatever happens."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.counters import DELTA, SNAPSHOT
from schemas.events import Event
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS, IMPRESSIONS
from stream.chain import Done
from stream.deltas import Record
from stream.folds import FOLDS
from stream.partition import Partition
from stream.periods import LIFE
from stream.snapshots import SnapshotFold, refusal
from tests.builders import (
    BOUNDS,
    DAY_MS,
    LINK,
    NOW_MS,
    WINDOW_START_MS,
    batch,
    impression,
    new_fold,
    record,
    snapshot,
)
from tests.fakes import Trouble
from tests.unit.stream.worlds import World

WINDOW_S = WINDOW_START_MS // 1000
DAY_START_MS = NOW_MS // DAY_MS * DAY_MS - DAY_MS


def day(total: int, *, days_ago: int = 0, **fields: Any) -> Snapshot:
    """Yesterday's total of an ad, or that of an earlier day."""
    start_ms = DAY_START_MS - days_ago * DAY_MS
    return snapshot(total=total, start_ms=start_ms, end_ms=start_ms + DAY_MS, series="impressions/day", **fields)


def snapshots_record(snapshots: Sequence[Event | Snapshot], *, offset: int = 0, at_ms: int = NOW_MS) -> Record:
    return record(snapshots, offset=offset, topic=IMPRESSIONS, at_ms=at_ms)


@pytest.fixture
def world() -> World:
    return World(folds=FOLDS)


async def loaded(world: World) -> Partition:
    partition = Partition(IMPRESSIONS, 0, world.shared)
    await partition.load(0, 1000, cause="assigned")
    return partition


async def count(world: World, *flushes: Sequence[Event | Snapshot]) -> None:
    partition = await loaded(world)
    for events in flushes:
        partition.add(snapshots_record(events, offset=partition.next_offset))
        assert isinstance(await partition.flush(), Done)


def windows(world: World) -> dict[tuple[int, str], int]:
    """Impressions by (window, source)."""
    sums: Counter[tuple[int, str]] = Counter()
    for row in world.sink.rows(DELTA):
        assert (row["class"], row["impression_kind"], row["clicks"]) == ("human", "platform", 0)
        sums[row["window_start"], row["source"]] += row["impressions"]
    return {place: total for place, total in sums.items() if total}


async def test_a_lifetime_total_counts_by_its_difference_in_the_minute_in_which_it_was_read(world: World) -> None:
    later = snapshot(observed_ms=NOW_MS + 60_000, total=130)
    await count(world, [snapshot(total=100)], [later, later])
    assert windows(world) == {(WINDOW_S, "snapshot"): 100, (WINDOW_S + 60, "snapshot"): 30}
    assert world.sink.marked("events") == 3


async def test_a_day_counts_in_its_own_window_and_is_corrected_there(world: World) -> None:
    await count(world, [day(40), day(50, days_ago=6)], [day(38, observed_ms=NOW_MS + 1), day(60, days_ago=6)])
    assert windows(world) == {
        (DAY_START_MS // 1000, "snapshot"): 40,
        (DAY_START_MS // 1000, "revision"): -2,
        (DAY_START_MS // 1000 - 6 * 86_400, "snapshot"): 60,
    }


@pytest.mark.parametrize(
    ("published_ms", "source"),
    [
        (NOW_MS - BOUNDS.opening_after_ms, "snapshot"),
        (NOW_MS - BOUNDS.opening_after_ms - 1, "opening"),
        (NOW_MS + 5000, "snapshot"),
        (0, "opening"),
    ],
)
async def test_the_first_total_is_an_opening_where_the_post_is_old_or_of_unknown_age(
    world: World, published_ms: int, source: str
) -> None:
    await count(world, [snapshot(published_ms=published_ms)])
    assert windows(world) == {(WINDOW_S, source): 100}


async def test_a_snapshot_without_a_link_is_kept_and_counts_when_it_comes_again_with_one(world: World) -> None:
    await count(world, [snapshot("")])
    assert windows(world) == {}
    assert [row["link"] for row in world.sink.snapshot_rows.values()] == [""]
    await count(world, [snapshot(), snapshot()], [snapshot()])
    assert windows(world) == {(WINDOW_S, "snapshot"): 100}
    assert len(world.sink.snapshot_rows) == 4


async def test_the_row_of_a_snapshot_says_what_the_platform_said_and_what_it_changed(world: World) -> None:
    before = snapshot(platform="facebook", series="post_impressions", total=10)
    whole = snapshot(
        platform="facebook",
        series="post_media_view@v25",
        observed_ms=NOW_MS + 60_000,
        total=7,
        source="api",
        account="acme",
        profile="page",
        permalink="https://facebook.example/1",
        other_ids=("2", "3"),
        urls=("https://go.example/launch",),
        side={"reach": 5, "clicks": -1},
        provisional=True,
    )
    await count(world, [before], [whole])
    row = list(world.sink.snapshot_rows.values())[-1]
    assert (row["platform"], row["series"], row["total"]) == ("facebook", "post_media_view@v25", 7)
    assert dict(row["side"]) == {"reach": 5, "clicks": -1}
    assert (row["other_ids"], row["urls"]) == (["2", "3"], ["https://go.example/launch"])
    assert row["metric_before"] == "post_impressions"
    (difference,) = row["differences"]
    assert (difference["source"], difference["why"], difference["impressions"]) == ("revision", "redefined", -3)
    assert difference["window_start"].timestamp() == WINDOW_S + 60
    assert (row["record_offset"], row["event_index"], row["topic"], row["partition"]) == (1, 0, IMPRESSIONS, 0)


def test_impressions_and_snapshots_share_a_record_and_a_spool() -> None:
    fold = new_fold(folds=[SnapshotFold(BOUNDS)])
    events: list[Event | Snapshot] = [
        snapshot(seq=1),
        impression(seq=2),
        snapshot(seq=3, total=120, observed_ms=NOW_MS + 1),
        impression(seq=4),
        snapshot(seq=5, link=""),
    ]
    first = fold.add(batch("aa", events, topic=IMPRESSIONS))
    assert (first.counted, first.resent) == (5, 0)
    again = fold.add(batch("aa", events[2:], prev=2, offset=1, topic=IMPRESSIONS))
    assert (again.counted, again.resent, again.gaps) == (0, 3, 0)
    deltas = fold.take_deltas()
    assert [kept.snapshot.seq for kept in deltas.snapshots] == [1, 3, 5]
    assert [kept.line for kept in deltas.snapshots] == [0, 2, 4]
    assert deltas.columns.number("seq").tolist() == [2, 4]


def test_a_snapshot_of_a_key_of_its_own_counts_once() -> None:
    fold = new_fold(folds=[SnapshotFold(BOUNDS)])
    events: list[Event | Snapshot] = [snapshot(seq=1, spool="k1"), impression(seq=2, spool="k1")]
    tallies = [fold.add(snapshots_record(events, offset=offset)) for offset in range(2)]
    assert [(one.counted, one.resent) for one in tallies] == [(2, 0), (0, 2)]


def test_a_snapshot_belongs_into_the_topic_of_impressions() -> None:
    fold = new_fold()
    fold.add(record([snapshot()], topic=CLICKS))
    assert [poison.reason for _, poison in fold.deltas.poison] == ["wrong_topic"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"observed_ms": NOW_MS + BOUNDS.max_skew_ms}, None),
        ({"observed_ms": NOW_MS + BOUNDS.max_skew_ms + 1}, "future"),
        ({"observed_ms": NOW_MS - BOUNDS.snapshot_max_age_ms}, None),
        ({"observed_ms": NOW_MS - BOUNDS.snapshot_max_age_ms - 1}, "too_old"),
        ({"start_ms": 0, "end_ms": NOW_MS - BOUNDS.snapshot_max_age_ms}, None),
        ({"start_ms": 0, "end_ms": NOW_MS - BOUNDS.snapshot_max_age_ms - 1}, "too_old"),
        ({"start_ms": NOW_MS + BOUNDS.max_skew_ms, "end_ms": NOW_MS + DAY_MS}, None),
        ({"start_ms": NOW_MS + BOUNDS.max_skew_ms + 1000, "end_ms": NOW_MS + DAY_MS}, "future"),
        ({"start_ms": 2000, "end_ms": 2000}, "not_an_event"),
        ({"start_ms": 2000}, "not_an_event"),
        ({"start_ms": 2001, "end_ms": NOW_MS}, "not_an_event"),
        ({"start_ms": 2000, "end_ms": NOW_MS + 1}, None),
    ],
)
def test_a_snapshot_that_cannot_be_counted_is_a_dead_letter_with_the_reason(
    fields: dict[str, Any], reason: str | None
) -> None:
    refused = refusal(snapshot(**fields), NOW_MS, BOUNDS)
    assert (refused and refused.reason) == reason
    if reason is not None:
        fold = new_fold()
        tally = fold.add(snapshots_record([impression(), snapshot(**fields)]))
        assert (tally.counted, tally.dead_letters) == (1, 1)
        ((_, poison),) = fold.deltas.poison
        assert (poison.index, poison.reason) == (1, reason)
        assert poison.value == msgspec.json.encode(snapshot(**fields))


feeds = st.lists(
    st.one_of(
        st.builds(
            snapshot,
            st.sampled_from([LINK, "go.example/other", ""]),
            total=st.integers(0, 50),
            observed_ms=st.integers(NOW_MS - 200_000, NOW_MS),
            post=st.sampled_from(["1", "2"]),
            series=st.sampled_from(["impression_count@v2", "non_public_metrics.impression_count", "strange"]),
            published_ms=st.sampled_from([0, NOW_MS]),
        ),
        st.builds(
            day,
            st.integers(0, 50),
            days_ago=st.integers(0, 3),
            observed_ms=st.integers(NOW_MS - 200_000, NOW_MS),
            post=st.sampled_from(["2", "3"]),
        ),
    ),
    max_size=15,
)
troubles = st.lists(st.sampled_from(["refused", "applied, then cut off", "burned"]), max_size=4)


def counts_now(feed: Sequence[Snapshot]) -> Counter[str]:
    """Impressions by link, by a rule that knows no differences."""
    newest: dict[tuple[object, ...], Snapshot] = {}
    order = {"impression_count@v2": 2, "non_public_metrics.impression_count": 1, "strange": 0}
    for one in feed:
        key = (one.link, one.post, one.start_ms, one.end_ms)
        best = newest.get(key, one)
        newest[key] = max(best, one, key=lambda each: (order.get(each.series, 3), each.observed_ms, each.total))
    lives = {(one.link, one.post) for one in newest.values() if one.is_lifetime}
    sums: Counter[str] = Counter()
    for one in newest.values():
        if one.link and (one.is_lifetime or (one.link, one.post) not in lives):
            sums[one.link] += one.total
    return +sums


@settings(deadline=None, max_examples=60)
@given(st.tuples(feeds, feeds), st.integers(1, 4), troubles, st.booleans(), st.randoms(use_true_random=False))
def test_however_it_is_cut_repeated_shuffled_and_interrupted_the_differences_are_the_newest_totals(
    parts: tuple[list[Snapshot], list[Snapshot]], size: int, trouble: list[Trouble], restart: bool, random: Random
) -> None:
    feed = [*parts[0], *parts[1], *parts[0]]
    random.shuffle(feed)
    world = World(folds=FOLDS)
    world.sink.trouble = deque(trouble)

    async def play() -> None:
        partition = await loaded(world)
        for at in range(0, len(feed), size):
            partition.add(snapshots_record(feed[at : at + size], offset=partition.next_offset))
            if random.random() < 0.7:
                await partition.flush()
            if restart:
                reached = partition.next_offset
                partition = await loaded(world)
                for lost in range(partition.next_offset, reached):
                    partition.add(snapshots_record(feed[lost * size : (lost + 1) * size], offset=lost))
        await partition.flush()

    asyncio.run(play())
    sums: Counter[str] = Counter()
    for row in world.sink.rows(DELTA):
        sums[row["link"]] += row["impressions"]
    assert +sums == counts_now(feed)
    assert all(total >= 0 for total in sums.values())


async def test_the_state_of_a_post_says_what_counts_of_it(world: World) -> None:
    await count(world, [snapshot(total=5), day(3, post="2")], [snapshot(observed_ms=NOW_MS + 1, total=4)])
    rows = sorted(world.sink.rows(SNAPSHOT), key=lambda row: (row["spool"], row["reading"]["observed_ms"]))
    assert [(row["link"], row["source"], row["spool"], row["reading"]["total"]) for row in rows] == [
        (LINK, "x", "1", 5),
        (LINK, "x", "1", 4),
        (LINK, "x", "2", 3),
    ]
    assert [(row["window_start"], row["first_offset"]) for row in rows] == [
        tuple(LIFE),
        tuple(LIFE),
        (DAY_START_MS // 1000, DAY_START_MS + DAY_MS),
    ]


async def test_large_snapshots_fill_the_buffers_by_what_they_weigh(world: World) -> None:
    partition = await loaded(world)
    small, large = snapshot(), snapshot(urls=("x" * 2000,) * 30)
    partition.add(snapshots_record([small]))
    assert (partition.buffered_events, partition.buffered_weight) == (1, 1)
    partition.add(snapshots_record([large], offset=1))
    assert partition.buffered_events == 2
    assert 110 < partition.buffered_weight < 130
    await partition.flush()
    assert partition.buffered_weight == 0


async def test_partitions_of_clicks_keep_no_snapshots(world: World) -> None:
    partition = Partition(CLICKS, 0, world.shared)
    await partition.load(0, 10, cause="assigned")
    assert partition.fold_entries == {"repeats": 0}
    assert (await loaded(world)).fold_entries == {"snapshots": 0}
