"""Posts get their links as soon as these are known, whoever asks how often and whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from schemas.clickhouse.unmatched import LinksNow, Unmatched
from schemas.errors import TransientError
from schemas.matching import PostIndex, link_keys
from schemas.retry import RetryPolicy
from schemas.snapshots import Snapshot
from stream.tables.matcher import SENT_AGAIN_AFTER_S, Matcher, matched
from stream.tables.metrics import MatcherMetrics

POST = "1900000000000000001"


def total(
    number: int = 1, *, observed_ms: int = 1, post: str = POST, start_ms: int = 0, **fields: object
) -> Snapshot:
    made = Snapshot(
        observed_ms=observed_ms,
        platform="x",
        post=post,
        series="impression_count@v2",
        total=number,
        start_ms=start_ms,
        end_ms=start_ms and start_ms + 1,
    )
    return msgspec.structs.replace(made, **fields)


class Table:
    """The table of snapshots, and the links, in memory: what is sent is in it when `flush` was called."""

    def __init__(self, *rows: Snapshot) -> None:
        self.rows = list(rows)
        self.sent: list[Snapshot] = []
        self.accounts: dict[str, str] = {}
        self.posts: dict[str, PostIndex] = {}
        self.page = 100
        self.fails = 0

    def link(self, name: str, *, account: str = "", post_id: str = "") -> None:
        self.accounts[name] = account
        self.posts.setdefault(account, PostIndex()).add(name, post_id=post_id, post_url="", channel="")

    async def unmatched(self) -> AsyncIterator[list[Unmatched]]:
        groups: dict[tuple[object, ...], list[Snapshot]] = {}
        for row in self.rows:
            groups.setdefault((row.platform, row.post, row.series, row.start_ms, row.end_ms), []).append(row)
        unmatched = []
        for rows in groups.values():
            without = max((row for row in rows if not row.link), key=lambda row: row.observed_ms, default=None)
            linked_ms = max((row.observed_ms for row in rows if row.link), default=0)
            if without is not None and without.observed_ms > linked_ms:
                same = [
                    row
                    for row in self.rows
                    if row.link and (row.platform, row.post) == (without.platform, without.post)
                ]
                unmatched.append(
                    Unmatched(without, max(same, key=lambda row: row.observed_ms).link if same else "")
                )
        for start in range(0, len(unmatched), self.page):
            yield unmatched[start : start + self.page]

    async def links_for(self, totals: Sequence[Unmatched]) -> LinksNow:
        named = {key for one in totals for key in link_keys(one.snapshot.urls)} | {one.before for one in totals}
        return LinksNow({name: self.accounts[name] for name in named if name in self.accounts}, self.posts)

    async def send(self, snapshots: Sequence[Snapshot]) -> None:
        if self.fails:
            self.fails -= 1
            raise TransientError("Kafka is away")
        self.sent.extend(snapshots)

    def flush(self) -> None:
        self.rows.extend(self.sent)
        self.sent.clear()


class Clock:
    """A clock that stands."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def matcher(table: Table, clock: Clock | None = None) -> Matcher:
    return Matcher(
        table,
        table.send,
        MatcherMetrics(CollectorRegistry()),
        every_s=10.0,
        retry=RetryPolicy(first_s=0.1, longest_s=1.0),
        clock=clock or Clock(),
    )


async def test_the_newest_total_is_sent_once_its_link_exists() -> None:
    table = Table(total(5, observed_ms=1), total(7, observed_ms=2))
    one = matcher(table)
    await one.look()
    assert table.sent == []
    table.link("go.example/a", post_id=POST)
    await one.look()
    assert table.sent == [total(7, observed_ms=2, link="go.example/a")]


async def test_what_was_sent_is_not_sent_again_before_it_could_be_in_the_table() -> None:
    table, clock = Table(total(5)), Clock()
    table.link("go.example/a", post_id=POST)
    one = matcher(table, clock)
    await one.look()
    clock.now += SENT_AGAIN_AFTER_S
    await one.look()
    assert len(table.sent) == 1
    clock.now += 1
    await one.look()
    assert len(table.sent) == 2
    table.flush()
    await matcher(table, clock).look()
    assert table.sent == []


async def test_each_period_of_a_post_has_its_newest_total() -> None:
    table = Table(total(5, start_ms=10), total(6, start_ms=20), total(9, observed_ms=2, start_ms=20))
    table.page = 1
    table.link("go.example/a", post_id=POST)
    await matcher(table).look()
    assert [(one.start_ms, one.total) for one in table.sent] == [(10, 5), (20, 9)]


async def test_later_totals_follow_the_link_that_their_post_has() -> None:
    table = Table(total(5, link="go.example/a"), total(6, observed_ms=2, urls=("https://go.example/b",)))
    table.link("go.example/a")
    table.link("go.example/b", post_id=POST)
    await matcher(table).look()
    assert [(one.link, one.total) for one in table.sent] == [("go.example/a", 6)]


@pytest.mark.parametrize(("account", "link"), [("", "go.example/a"), ("acme", "go.example/b"), ("other", "")])
async def test_a_total_of_an_account_gets_no_link_of_anothers(account: str, link: str) -> None:
    table = Table(total(5, account=account))
    table.link("go.example/a", account="beta", post_id=POST)
    table.link("go.example/b", account="acme", post_id=POST)
    await matcher(table).look()
    assert [one.link for one in table.sent] == ([link] if link else [])
    named = [Unmatched(total(5, account=account, urls=("https://go.example/b",)), "")]
    linked = matched(named, LinksNow({"go.example/b": "acme"}, {}))
    assert [one.link for one in linked] == ([] if account == "other" else ["go.example/b"])
    kept = [Unmatched(total(5, account=account), "go.example/b")]
    assert bool(matched(kept, LinksNow({"go.example/b": "acme"}, {}))) is (account != "other")


async def test_a_failure_loses_nothing() -> None:
    table = Table(total(5))
    table.link("go.example/a", post_id=POST)
    table.fails = 1
    one = matcher(table)
    with pytest.raises(TransientError):
        await one.look()
    await one.look()
    assert len(table.sent) == 1


async def test_a_pass_that_took_long_is_followed_by_a_longer_rest() -> None:
    table, clock = Table(total(5)), Clock()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise asyncio.CancelledError

    real = table.links_for

    async def slow(totals: Sequence[Unmatched]) -> LinksNow:
        clock.now += 0.4 if not pauses else 2.0
        return await real(totals)

    table.links_for = slow  # type: ignore[method-assign] # a fake's
    one = Matcher(
        table,
        table.send,
        MatcherMetrics(CollectorRegistry()),
        every_s=10.0,
        retry=RetryPolicy(first_s=0.1, longest_s=1.0),
        clock=clock,
        sleep=sleep,
    )
    with pytest.raises(asyncio.CancelledError):
        await one.run()
    assert pauses == pytest.approx([10.0, 40.0])


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("total"), st.integers(0, 2), st.integers(1, 9)),
            st.just(("link", 0, 0)),
            st.just(("look", 0, 0)),
            st.just(("crash", 0, 0)),
            st.just(("flush", 0, 0)),
        ),
        max_size=40,
    )
)
def test_in_whichever_order_things_come_each_posts_newest_total_has_its_link_in_the_end(
    steps: list[tuple[str, int, int]],
) -> None:
    table = Table()

    def link_all() -> None:
        for index in range(3):
            table.link(f"go.example/{index}", post_id=f"{POST}{index}")

    async def live() -> None:
        one = matcher(table)
        for step, post, number in steps:
            if step == "total":
                table.rows.append(total(number, observed_ms=len(table.rows) + 1, post=f"{POST}{post}"))
            elif step == "link":
                link_all()
            elif step == "look":
                await one.look()
            elif step == "crash":
                one = matcher(table)
            else:
                table.flush()
        link_all()
        await matcher(table).look()
        table.flush()

    asyncio.run(live())
    for index in range(3):
        rows = [row for row in table.rows if row.post == f"{POST}{index}"]
        newest = max(rows, key=lambda row: (row.observed_ms, row.link), default=None)
        assert newest is None or newest.link == f"go.example/{index}"
        assert len({row.total for row in rows if newest is not None and row.observed_ms == newest.observed_ms}) <= 1
