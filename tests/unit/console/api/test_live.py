"""Who listens hears what the last minutes hold, then what changes; who does not keep up begins anew."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from console.api.live import (
    WAITING_MOST,
    CountedRow,
    FellBehindError,
    Listener,
    Live,
    LiveRow,
    Names,
    Rows,
    changed,
    named,
    names_of,
)
from console.api.live_operations import Events, Whose
from schemas.errors import TransientError
from schemas.links import Link


def row(minute: int, clicks: int, campaign: str = "spring") -> LiveRow:
    return LiveRow(
        minute=f"2026-11-27T10:{minute:02}:00Z",
        account="",
        campaign=campaign,
        post="",
        channel="x",
        clicks=clicks,
        gross_clicks=clicks,
        impressions=0,
    )


class Counted:
    """A ClickHouse whose counts a test changes, and time that passes when the test says so."""

    def __init__(self) -> None:
        self.rows: Rows = []
        self.queries = 0
        self.fails = False
        self._tick: asyncio.Queue[None] = asyncio.Queue()
        self.links: dict[str, Names] = {}
        self.live = Live(self.ask, self.sleep, self.naming)

    async def naming(self, keys: Sequence[str]) -> Mapping[str, Names]:
        return {key: self.links.get(key, Names()) for key in keys}

    async def ask(self) -> bytes:
        self.queries += 1
        if self.fails:
            raise TransientError("away")
        return b"\n".join(msgspec.json.encode(one) for one in self.rows)

    async def sleep(self, _seconds: float) -> None:
        await self._tick.get()

    async def pass_time(self) -> None:
        self._tick.put_nowait(None)
        for _ in range(5):
            await asyncio.sleep(0)


async def heard(changes: Listener) -> Rows:
    async with asyncio.timeout(30):
        return await anext(changes)


def test_only_what_is_not_as_it_was_is_told() -> None:
    before = {one.key: one for one in (row(1, 5), row(2, 1))}
    assert changed(before, [row(1, 5), row(2, 2), row(3, 1)]) == [row(2, 2), row(3, 1)]
    assert changed({}, []) == []


async def test_a_listener_hears_the_last_minutes_then_each_change_once() -> None:
    counted = Counted()
    counted.rows = [row(1, 5)]
    async with counted.live.changes() as changes:
        assert await heard(changes) == [row(1, 5)]
        await counted.pass_time()
        counted.rows = [row(1, 6), row(2, 1)]
        await counted.pass_time()
        assert await heard(changes) == [row(1, 6), row(2, 1)]


async def test_all_who_listen_share_one_query_and_nobody_listening_asks_none() -> None:
    counted = Counted()
    counted.rows = [row(1, 5)]
    async with counted.live.changes() as one:
        assert await heard(one) == [row(1, 5)]
        async with counted.live.changes() as two:
            assert await heard(two) == [row(1, 5)]
            assert counted.queries == 1
            assert counted.live.listeners == 2
    await counted.pass_time()
    queries = counted.queries
    await counted.pass_time()
    assert (counted.queries, counted.live.listeners) == (queries, 0)
    counted.rows = [row(9, 1)]
    async with counted.live.changes() as again:
        assert await heard(again) == [row(9, 1)]


async def test_counts_go_on_after_a_failure() -> None:
    counted = Counted()
    counted.rows = [row(1, 5)]
    async with counted.live.changes() as changes:
        await heard(changes)
        counted.fails = True
        await counted.pass_time()
        counted.fails, counted.rows = False, [row(1, 6)]
        await counted.pass_time()
        assert await heard(changes) == [row(1, 6)]


async def test_who_does_not_keep_up_is_put_out_and_others_hear_on() -> None:
    counted = Counted()
    async with counted.live.changes() as slow, counted.live.changes() as quick:
        for number in range(WAITING_MOST + 1):
            counted.rows = [row(1, number)]
            await counted.pass_time()
            if counted.live.listeners == 2:
                await heard(quick)
        assert counted.live.listeners == 1
        with pytest.raises(FellBehindError):
            await heard(slow)


async def test_a_listener_who_waits_in_vain_for_a_while_misses_nothing() -> None:
    counted = Counted()
    async with counted.live.changes() as changes:
        assert await heard(changes) == []
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await anext(changes)
        counted.rows = [row(1, 5)]
        await counted.pass_time()
        assert await heard(changes) == [row(1, 5)]


async def test_who_is_let_in_no_more_is_woken_and_told_nothing_more() -> None:
    counted = Counted()
    holds = True
    async with counted.live.changes(lambda: holds) as changes:
        assert await heard(changes) == []
        waiting = asyncio.create_task(heard(changes))
        holds = False
        await counted.pass_time()
        with pytest.raises(FellBehindError):
            await waiting
        assert counted.live.listeners == 0


async def test_a_link_newer_than_the_dictionary_is_told_by_its_names_and_only_once() -> None:
    counted = Counted()
    new = CountedRow(**msgspec.structs.asdict(row(1, 2, campaign="")), unnamed="go.example/new")
    counted.rows = [row(1, 5), new]
    counted.links = {"go.example/new": Names(campaign="spring", channel="x")}
    async with counted.live.changes() as changes:
        assert [(one.campaign, one.clicks) for one in await heard(changes)] == [("spring", 7)]
        counted.rows = [row(1, 7)]  # the dictionary has it by now
        await counted.pass_time()
        counted.rows = [row(1, 8)]
        await counted.pass_time()
        assert await heard(changes) == [row(1, 8)]


def test_names_of_a_link_are_those_of_the_dictionary() -> None:
    link = Link(domain="go.example", slug="a", destination="https://example.com/", channel=" X\u0130 ", post="p")
    assert names_of(link) == Names("", "", "p", "x\u0130")
    assert names_of(None) == Names()
    assert named([], {}) == []


def test_an_event_is_written_once_for_all_who_are_told_the_same() -> None:
    events = Events()
    rows = [row(1, 5), row(1, 7, campaign="autumn")]
    spring = Whose(None, "spring")
    event = events.event(rows, spring)
    assert event.startswith(b"event: counts\ndata: [{")
    assert event.endswith(b"}]\n\n")
    assert b"autumn" not in event
    assert events.event(rows, Whose(None, "spring")) is event
    assert events.event(rows, Whose("acme", None)) == b""
    assert events.event(rows, Whose(None, None, (("campaign", "autumn"),))).count(b"minute") == 1
    assert events.event([row(1, 6)], spring) != event


def test_a_scope_names_a_channel_as_people_write_it() -> None:
    one = row(1, 5)
    assert one.channel == one.channel.lower() != ""
    assert Whose(None, None, (("channel", f" {one.channel.upper()} "),)).has(one)
    assert not Whose(None, None, (("channel", "another"),)).has(one)
