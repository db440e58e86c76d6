"""Who listens hears what the last minutes hold, then what changes; who does not keep up begins anew."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from console.api.live import WAITING_MOST, FellBehindError, Live, LiveRow, Rows, changed
from schemas.errors import TransientError


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
        self.live = Live(self.ask, self.sleep)

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


async def heard(changes: AsyncIterator[Rows]) -> Rows:
    async with asyncio.timeout(1):
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
