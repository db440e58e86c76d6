"""What every sink promises to the chain; the fake and the real one pass the same tests."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.counters import Chain
from schemas.events import Event
from schemas.idempotency import KEY_TTL_S
from schemas.snapshots import Snapshot
from schemas.topics import IMPRESSIONS
from stream.chain import NO_HEAD, Flushed
from stream.dedup import DedupState
from stream.deltas import Deltas
from stream.repeats import REMEMBERED_S, RepeatLimits, Repeats
from stream.rows import Block
from stream.sink import Sink
from stream.snapshot_rows import snapshot_rows
from stream.snapshots import SnapshotFold
from stream.state import StateRow
from stream.totals import reading_of
from tests.builders import (
    BOUNDS,
    LINK,
    NOW_MS,
    batch,
    click,
    counter_block,
    event_block,
    judged_flush,
    new_fold,
    numbered,
    record,
    snapshot,
)
from tests.unit.stream.latest_by_link import LatestByLink

NOW_S = NOW_MS // 1000
CHAIN = Chain("clicks", 1, 0)


class Look(Protocol):
    """What is in the tables, asked past the sink."""

    async def clicks(self) -> int:
        """Sum of clicks over the deltas."""

    async def parts(self) -> int:
        """Parts of the counter table."""

    async def events(self) -> int:
        """Rows of `events`, once identical ones have collapsed."""

    async def snapshots(self) -> int:
        """Rows of `snapshots`, once identical ones have collapsed."""


@dataclass
class Subject:
    """A sink under test."""

    sink: Sink
    look: Look

    async def insert(
        self, head: int, last: int, *, token: str = "", spool: str = "aa", clicks: int = 3, at_ms: int = NOW_MS
    ) -> Block:
        """Insert a flush of one batch on top of `head`; returns its events' block."""
        flushed = Flushed(CHAIN, head, head + 1, last)
        return await self.insert_events(flushed, numbered(1, clicks, time_ms=at_ms), token, spool, at_ms)

    async def insert_events(
        self, flushed: Flushed, events: Sequence[Event], token: str, spool: str, at_ms: int
    ) -> Block:
        """Insert a flush of these events."""
        fold = new_fold()
        if spool:
            fold.add(batch(spool, events, offset=flushed.first, at_ms=at_ms))
        else:
            fold.add(record(events, offset=flushed.first, at_ms=at_ms))
        deltas = fold.take_deltas()
        await self.sink.insert_counters(
            flushed, counter_block(flushed, deltas, fold.dedup), token or f"t{flushed.first}"
        )
        return event_block(deltas)

    async def head(self) -> int:
        """The head of the chain."""
        return await self.sink.read_head(CHAIN)


class SinkContract:
    """Subclass it with a fixture `subject`."""

    async def test_an_empty_table_has_no_head_and_no_state(self, subject: Subject) -> None:
        assert await subject.head() == NO_HEAD
        state = await subject.sink.read_state(CHAIN)
        assert (state.head, state.dedup) == (NO_HEAD, [])

    async def test_a_flush_on_top_of_the_head_is_kept_and_moves_it(self, subject: Subject) -> None:
        await subject.insert(NO_HEAD, 4)
        assert (await subject.head(), await subject.look.clicks()) == (4, 3)
        await subject.insert(4, 9, spool="bb")
        assert (await subject.head(), await subject.look.clicks()) == (9, 6)

    async def test_a_flush_on_top_of_another_head_is_not_kept_and_told_nothing(self, subject: Subject) -> None:
        await subject.insert(NO_HEAD, 4)
        for head, last in ((NO_HEAD, 4), (NO_HEAD, 9), (3, 9), (5, 9)):
            await subject.insert(head, last, token=f"other-{head}-{last}")
        assert (await subject.head(), await subject.look.clicks()) == (4, 3)

    async def test_of_two_flushes_with_one_token_one_is_kept(self, subject: Subject) -> None:
        await asyncio.gather(*[subject.insert(NO_HEAD, last, token="same", clicks=last + 1) for last in (2, 3, 4)])
        head = await subject.head()
        assert head in {2, 3, 4}
        assert await subject.look.clicks() == head + 1

    async def test_a_known_token_keeps_nothing_even_where_the_condition_holds(self, subject: Subject) -> None:
        await subject.insert(NO_HEAD, 4, token="same")
        await subject.insert(4, 9, token="same")
        assert await subject.head() == 4

    async def test_each_flush_is_one_part(self, subject: Subject) -> None:
        many: list[Event] = [
            click(f"go.example/{number}", time_ms=NOW_MS - number % 7 * 60_000) for number in range(5000)
        ]
        before = await subject.look.parts()
        await subject.insert_events(Flushed(CHAIN, NO_HEAD, 0, 0), many, "a", "", NOW_MS)
        assert await subject.look.parts() - before == 1
        assert await subject.look.clicks() == 5000

    async def test_partitions_and_epochs_have_heads_of_their_own(self, subject: Subject) -> None:
        await subject.insert(NO_HEAD, 4)
        for chain in (Chain("clicks", 1, 1), Chain("clicks", 2, 0), Chain("impressions", 1, 0)):
            assert await subject.sink.read_head(chain) == NO_HEAD

    async def test_head_and_dedup_state_are_read_together(self, subject: Subject) -> None:
        await subject.insert(NO_HEAD, 4, spool="aa", clicks=3)
        await subject.insert(4, 9, spool="bb", clicks=5)
        await subject.insert(9, 12, spool="aa", clicks=7, at_ms=NOW_MS + 5000)
        state = await subject.sink.read_state(CHAIN)
        assert (state.head, sorted(state.dedup)) == (12, [("aa", 7, NOW_S + 5), ("bb", 5, NOW_S)])
        assert state.now_s == NOW_S + 5
        assert (await subject.sink.read_state(CHAIN._replace(partition=1))).dedup == []

    async def test_the_state_never_tells_a_head_without_its_dedup_rows(self, subject: Subject) -> None:
        async def write() -> None:
            for number in range(12):
                await subject.insert(number - 1, number, spool="aa", clicks=number + 1)

        writing = asyncio.create_task(write())
        while not writing.done():
            state = await subject.sink.read_state(CHAIN)
            assert state.head + 1 == sum(seq for _, seq, _ in state.dedup)
        await writing

    async def test_keys_are_forgotten_two_days_before_the_head_and_not_by_the_wall_clock(
        self, subject: Subject
    ) -> None:
        long_ago = NOW_MS - 30 * 24 * 3600 * 1000
        await subject.insert(NO_HEAD, 0, spool="k1", at_ms=long_ago)
        await subject.insert(0, 1, spool="aa", at_ms=long_ago + KEY_TTL_S * 1000)
        state = await subject.sink.read_state(CHAIN)
        assert sorted(spool for spool, _, _ in state.dedup) == ["aa", "k1"]
        await subject.insert(1, 2, spool="k2", at_ms=long_ago + KEY_TTL_S * 1000 + 1000)
        state = await subject.sink.read_state(CHAIN)
        assert sorted(spool for spool, _, _ in state.dedup) == ["aa", "k2"]

    async def test_a_key_that_is_used_again_after_its_life_has_the_place_of_its_latest_one(
        self, subject: Subject
    ) -> None:
        later = NOW_MS + KEY_TTL_S * 1000 + 1000
        await subject.insert(NO_HEAD, 0, spool="k1", clicks=5)
        await subject.insert(0, 1, spool="k1", clicks=2, at_ms=later)
        state = await subject.sink.read_state(CHAIN)
        assert state.dedup == [("k1", 2, later // 1000)]

    async def test_the_state_outlives_the_epoch(self, subject: Subject) -> None:
        await subject.insert(NO_HEAD, 4)
        state = await subject.sink.read_state(CHAIN._replace(epoch=2))
        assert (state.head, state.dedup) == (NO_HEAD, [("aa", 3, NOW_S)])

    async def test_events_collapse_with_earlier_copies_of_themselves(self, subject: Subject) -> None:
        events = await subject.insert(NO_HEAD, 4)
        for _ in range(3):
            await subject.sink.insert_events(events)
        assert await subject.look.events() == 3

    async def test_names_with_quotes_and_other_letters_come_through(self, subject: Subject) -> None:
        odd = "gö.example/a'b\\\"\n{topic}"
        flushed = Flushed(CHAIN, NO_HEAD, 0, 0)
        events = await subject.insert_events(flushed, [click(odd, seq=1, ua="it's\0 \\N")], "t", "s'\\", NOW_MS)
        await subject.sink.insert_events(events)
        assert (await subject.look.clicks(), await subject.look.events()) == (1, 1)
        assert (await subject.sink.read_state(CHAIN)).dedup == [("s'\\", 1, NOW_S)]

    async def test_the_last_flushes_are_read_back_oldest_first(self, subject: Subject) -> None:
        for first in range(3):
            await subject.insert(first - 1, first, clicks=first + 1)
        assert await subject.sink.read_last_flushes(CHAIN, 2) == [(2, 0), (3, 0)]
        assert await subject.sink.read_last_flushes(CHAIN, 9) == [(1, 0), (2, 0), (3, 0)]
        assert await subject.sink.read_last_flushes(CHAIN._replace(partition=1), 9) == []

    async def test_every_fold_is_read_back_with_the_head_and_for_as_long_as_it_says(self, subject: Subject) -> None:
        second = LatestByLink()
        for at, link in enumerate(("a.example/old", "a.example/new", "a.example/new")):
            fold = new_fold(folds=[second])
            now_ms = NOW_MS + at * 2000 * second.ttl_s // 3
            fold.add(record([click(link, time_ms=now_ms)], offset=at, at_ms=now_ms))
            deltas = fold.take_deltas()
            await self._insert_deltas(subject, at, deltas)
        ttls = {second.kind: second.ttl_s}
        state = await subject.sink.read_state(CHAIN, ttls)
        last_s = NOW_S + 2 * 2 * second.ttl_s // 3
        assert state.states == {second.kind: [StateRow(link="a.example/new", value=last_s, touched_s=last_s)]}
        assert (state.head, state.now_s) == (2, last_s)
        assert (await subject.sink.read_state(CHAIN)).states == {}

    async def test_of_the_readings_of_a_scope_the_highest_is_read_back(self, subject: Subject) -> None:
        fold = SnapshotFold(BOUNDS)
        totals: list[list[Snapshot]] = [
            [snapshot(total=5, post="it's"), snapshot(total=7, start_ms=NOW_MS - 5000, end_ms=NOW_MS - 1)],
            [snapshot(total=3, post="it's", observed_ms=NOW_MS + 1), snapshot("b.example/x", total=9)],
            [snapshot(total=8, start_ms=NOW_MS - 5000, end_ms=NOW_MS - 1)],
        ]
        for at, snapshots in enumerate(totals):
            deltas_of = new_fold(folds=[fold])
            deltas_of.add(record(snapshots, offset=at, topic=IMPRESSIONS))
            await self._insert_deltas(subject, at, deltas_of.take_deltas())
        state = await subject.sink.read_state(CHAIN, {fold.kind: fold.ttl_s})
        assert (state.head, list(state.states)) == (2, [fold.kind])
        rows = {(row.link, row.source, row.spool, row.window_s, row.scope): row for row in state.states[fold.kind]}
        place = reading_of(snapshot())[:2]
        assert {key: row.reading for key, row in rows.items()} == {
            (LINK, "x", "it's", 0, 0): (*place, NOW_MS + 1, 3),
            (LINK, "x", "1", NOW_S - 5, NOW_MS - 1): (*place, NOW_MS, 8),
            ("b.example/x", "x", "1", 0, 0): (*place, NOW_MS, 9),
        }
        assert {row.touched_s for row in rows.values()} == {NOW_S}
        restored = SnapshotFold(BOUNDS)
        restored.restore(state.states[fold.kind], state.now_s)
        assert restored.totals() == fold.totals()

    async def test_of_a_slot_of_remembered_clicks_the_newest_are_read_back_as_they_were(
        self, subject: Subject
    ) -> None:
        repeats, now_ms = Repeats(RepeatLimits()), NOW_MS
        fold, rows = new_fold(), list[StateRow]()
        for at, after_s in enumerate((0, 1, REMEMBERED_S)):
            now_ms += after_s * 1000
            fold.add(record([click(visitor=2**53 - 1 - at, time_ms=now_ms)], offset=at, at_ms=now_ms))
            deltas = fold.take_deltas()
            judged_flush(deltas, repeats)
            rows += deltas.states[repeats.kind]
            await self._insert_deltas(subject, at, deltas)
        state = await subject.sink.read_state(CHAIN, {repeats.kind: repeats.ttl_s})
        first, *needed = rows
        assert first.scope == needed[-1].scope
        assert sorted(state.states[repeats.kind]) == sorted(needed)
        restored = Repeats(RepeatLimits())
        restored.restore(state.states[repeats.kind])
        again = new_fold(now_s=state.now_s)
        taps = [click(visitor=2**53 - 1 - at, time_ms=now_ms) for at in (2, 0)]
        again.add(record(taps, offset=3, at_ms=now_ms))
        assert judged_flush(again.take_deltas(), restored).by_class() == {"duplicate": 1, "human": 1}

    async def test_snapshots_collapse_with_earlier_copies_of_themselves(self, subject: Subject) -> None:
        fold = new_fold(folds=[SnapshotFold(BOUNDS)])
        side = {"reach": 5, "spend": -1}
        fold.add(record([snapshot(side=side, urls=("a", "b")), snapshot("")], topic=IMPRESSIONS))
        block = snapshot_rows(fold.take_deltas().snapshots, Chain(IMPRESSIONS, 1, 0))
        for _ in range(3):
            await subject.sink.insert_snapshots(block)
        assert await subject.look.snapshots() == 2

    async def _insert_deltas(self, subject: Subject, offset: int, deltas: Deltas) -> None:
        flushed = Flushed(CHAIN, offset - 1, offset, offset)
        await subject.sink.insert_counters(flushed, counter_block(flushed, deltas, DedupState()), f"t{offset}")
