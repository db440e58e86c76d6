"""What is committed is made, whether this console's index has it by then or not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaTimeoutError
from prometheus_client import CollectorRegistry

from console.api import writer as writer_module
from console.api.changes import Upsert
from console.api.deciding import Outcome
from console.api.index import Index
from console.api.metrics import ApiMetrics
from console.api.own_records import OwnRecords
from console.api.wire import BulkLine
from console.api.writer import Writer
from schemas.kafka import KafkaAccess
from schemas.topics import LINKS
from tests.unit.console.api.worlds import ANYBODY, POLICY


class Follower:
    """A topic whose records are applied when a test says."""

    def __init__(self) -> None:
        self.position = 0
        self.applied = asyncio.Event()

    async def to_end(self) -> None:
        """It is empty."""

    def expect(self) -> None:
        """A transaction begins."""

    def expect_no_more(self) -> None:
        """It came to nothing."""

    def take(self, own: OwnRecords) -> None:
        assert own.changes

    async def reached(self, offset: int) -> None:
        assert offset >= 0
        await self.applied.wait()


async def one_is_followed(writer: Writer) -> None:
    """Decided and committed, and the index does not have it yet."""
    async with asyncio.timeout(30):
        while len(writer._following) != 1:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.001)


class Elected:
    elected = True

    async def changed(self) -> None:
        await asyncio.Event().wait()


class Sent:
    topic, offset = LINKS, 7


class Batch:
    def append(self, **_: object) -> object:
        return object()

    def record_count(self) -> int:
        return 1


class Producer:
    """Kafka, which takes all; the commit may stay without an answer."""

    commits = True

    def __init__(self, **_: object) -> None:
        self.committed = 0

    async def start(self) -> None:
        """It is there."""

    async def begin_transaction(self) -> None:
        """It may."""

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, *_: object, **__: object) -> "asyncio.Future[Sent]":
        future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        future.set_result(Sent())
        return future

    async def commit_transaction(self) -> None:
        if not self.commits:
            raise KafkaTimeoutError
        self.committed += 1


class Ends:
    def __init__(self, *_: object) -> None:
        """Nothing was written elsewhere."""

    async def start(self) -> None:
        """It is there."""

    async def now(self) -> dict[str, int]:
        return {}

    async def close(self) -> None:
        """It is gone."""


async def _abandoned(_: object) -> None:
    """The producer is gone."""


async def _at_once(call: Callable[[], Any]) -> Any:
    return call()


@asynccontextmanager
async def writing(
    monkeypatch: pytest.MonkeyPatch, directory: Path, *, within_s: float
) -> AsyncIterator[tuple[Writer, Follower]]:
    monkeypatch.setattr(writer_module, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(writer_module, "CommittedEnds", Ends)
    monkeypatch.setattr(writer_module, "abandon", _abandoned)
    monkeypatch.setattr(writer_module, "_LOOK_S", 0.001)
    index, follower = Index(directory), Follower()
    writer = Writer(
        KafkaAccess.of("nowhere:1"),
        cast(Any, Elected()),
        index,
        cast(Any, {LINKS: follower}),
        ApiMetrics(CollectorRegistry()),
        transactional_id="t",
        within_s=within_s,
        expired=lambda *_: False,
        in_thread=_at_once,
    )
    running = asyncio.create_task(writer.run())
    try:
        async with asyncio.timeout(5):
            while not writer.writes:  # noqa: ASYNC110 - another task's
                await asyncio.sleep(0)
        yield writer, follower
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        index.close()


def submitted(writer: Writer, slug: str) -> Awaitable[list[Outcome]]:
    line = BulkLine(domain="go.example", slug=slug, destination="https://example.com/")
    return asyncio.wait_for(writer.submit([Upsert(line=line, caller=ANYBODY, policy=POLICY)]), 5)


async def test_what_is_committed_is_made_though_the_index_does_not_follow_in_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with writing(monkeypatch, tmp_path, within_s=0.2) as (writer, follower):
        (late,) = await submitted(writer, "a")
        assert (late.problem, late.made.status, late.offsets, late.followed) == (None, 201, {LINKS: 7}, False)
        (refused,) = await submitted(writer, "b")  # the index is still behind
        assert refused.problem is not None
        assert (refused.problem.name, refused.problem.status) == ("unavailable", 503)
        assert "nothing was done" in refused.problem.details.detail
        follower.applied.set()
        again = refused
        while again.problem is not None:
            (again,) = await submitted(writer, "b")
        assert (again.made.status, again.followed) == (201, True)


async def test_what_writes_nothing_is_followed_with_what_it_was_decided_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with writing(monkeypatch, tmp_path, within_s=0.2) as (writer, _):
        line = BulkLine(domain="go.example", slug="a", destination="https://example.com/")
        same = [Upsert(line=line, caller=ANYBODY, policy=POLICY)] * 2
        made, unchanged = await asyncio.wait_for(writer.submit(same), 5)
        assert (made.made.status, unchanged.made.status) == (201, 200)
        assert [(one.offsets, one.followed) for one in (made, unchanged)] == [({LINKS: 7}, False)] * 2


async def test_what_kafka_does_not_confirm_is_not_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Producer, "commits", False)
    async with writing(monkeypatch, tmp_path, within_s=5.0) as (writer, _):
        (outcome,) = await submitted(writer, "a")
        assert outcome.problem is not None
        assert outcome.problem.name == "unknown-outcome"


async def test_what_is_committed_is_made_though_the_console_stops_before_it_is_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with writing(monkeypatch, tmp_path, within_s=5.0) as (writer, _):
        waiting = asyncio.ensure_future(submitted(writer, "a"))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not waiting.done()
    (outcome,) = await waiting
    assert (outcome.made.status, outcome.followed) == (201, False)


async def test_after_many_lines_the_next_changes_are_decided_on_what_the_index_does_not_have_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(writer_module, "LARGE", 1)
    async with writing(monkeypatch, tmp_path, within_s=5.0) as (writer, follower):
        first, second = asyncio.ensure_future(submitted(writer, "a")), asyncio.ensure_future(submitted(writer, "b"))
        await asyncio.sleep(0.05)
        changed = BulkLine(domain="go.example", slug="a", title="changed")
        last = asyncio.ensure_future(writer.submit([Upsert(line=changed, caller=ANYBODY, policy=POLICY)]))
        await asyncio.sleep(0.05)
        assert not any(one.done() for one in (first, second, last))
        follower.applied.set()
        statuses = [one.made.status for (one,) in await asyncio.gather(first, second, last)]
        assert statuses == [201, 201, 200]


async def test_after_few_the_next_ones_are_decided_once_the_index_has_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with writing(monkeypatch, tmp_path, within_s=5.0) as (writer, follower):
        asked = [asyncio.ensure_future(submitted(writer, "a"))]
        await one_is_followed(writer)
        asked.append(asyncio.ensure_future(submitted(writer, "b")))
        await asyncio.sleep(0.05)
        assert len(writer._following) == 1
        follower.applied.set()
        assert [one.made.status for (one,) in await asyncio.gather(*asked)] == [201, 201]


async def test_nothing_is_decided_while_the_index_is_too_far_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(writer_module, "UNFOLLOWED_MOST", 1)
    monkeypatch.setattr(writer_module, "LARGE", 1)
    async with writing(monkeypatch, tmp_path, within_s=5.0) as (writer, follower):
        asked = [asyncio.ensure_future(submitted(writer, slug)) for slug in "ab"]
        lines = [Upsert(line=BulkLine(domain="go.example", slug="a", delete=True), caller=ANYBODY, policy=POLICY)]
        await one_is_followed(writer)
        asked.append(asyncio.ensure_future(writer.submit(lines)))
        await asyncio.sleep(0.05)
        assert len(writer._following) == 1
        follower.applied.set()
        assert [one.made.status for (one,) in await asyncio.gather(*asked)] == [201, 201, 204]
