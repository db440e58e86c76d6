"""Stored events judged by other rules while clicks flow: counters follow, once, and the audit is content."""

import asyncio
import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.processes import ClickHouse, Kafka
from schemas.clickhouse.client import connect
from schemas.counters import RECOUNT
from schemas.topics import EVENT_TOPICS
from stream.agents.operators import rules_of
from stream.classify import Classifier
from stream.recount.run import Recount
from stream.repeats import RepeatLimits
from stream.rulebook import Rulebook
from stream.sink import ClickHouseSink
from tests.integration.audited import PARTITIONS, Installation, Spool, runbook_sql

SIZE: Final = 20
CLASSES: Final = (
    "SELECT class, sum(clicks), sum(impressions) FROM counters WHERE kind = 0 {} GROUP BY class"
    " HAVING sum(clicks) != 0 OR sum(impressions) != 0 ORDER BY class"
)
MARKERS: Final = f"SELECT count() FROM counters WHERE kind = 1 AND startsWith(topic, '{RECOUNT}')"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker of our own: an audit looks at the whole of the event topics."""
    part = Kafka(tmp_path_factory.mktemp("recounted_kafka"))
    part.start()
    yield part
    part.stop()


@pytest.fixture(scope="module")
def counted(broker: Kafka, clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Clicks and pixels of people, counted as such."""
    installation = Installation(broker, clickhouse, tmp_path_factory.mktemp("recounted"))

    async def fill() -> None:
        await installation.set_up()
        with installation.stream():
            await installation.produce(Spool(), rounds=5, size=SIZE)
            await installation.until_counted(5 * SIZE * PARTITIONS * len(EVENT_TOPICS))

    asyncio.run(fill())
    return installation


@pytest.fixture
async def twin(counted: Installation) -> AsyncIterator[Installation]:
    """A copy of it for one test."""
    copy = await counted.copy()
    yield copy
    await copy.sql(f"DROP DATABASE {copy.database}")


@pytest.fixture
async def client(twin: Installation) -> AsyncIterator[AsyncClient]:
    made = await connect(twin.url)
    yield made
    await made.close()


@pytest.fixture
def strict(tmp_path: Path) -> Rulebook:
    """Rules by which everybody with Chrome is a bot."""
    include = tmp_path / "include.txt"
    include.write_text("Chrome/140\n")
    return Rulebook(Classifier(rules_of(str(include))), RepeatLimits())


USUAL: Final = Rulebook(Classifier(), RepeatLimits())


def today() -> date:
    return datetime.now(UTC).date()


async def recount(client: AsyncClient, rules: Rulebook, *, dry: bool = False) -> tuple[int, list[str]]:
    lines: list[str] = []
    counting = Recount(client, ClickHouseSink(client), rules, lines.append, dry=dry)
    first = date.fromordinal(today().toordinal() - 1)  # a test over midnight has events of two days
    return await counting.days(first, today(), time.time), lines


async def classes(twin: Installation, condition: str = "") -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for name, clicks, impressions in await twin.sql(CLASSES.format(condition)):
        found[str(name), "clicks"], found[str(name), "impressions"] = int(str(clicks)), int(str(impressions))
    return +found


async def test_by_the_rules_that_counted_nothing_changes_and_nothing_is_written(
    twin: Installation, client: AsyncClient
) -> None:
    before = await classes(twin)
    moved, lines = await recount(client, USUAL)
    assert (moved, await classes(twin)) == (0, before)
    assert lines[-1].endswith("as first counted")
    assert await twin.sql(MARKERS) == [(0,)]


async def test_by_other_rules_counts_follow_once_and_what_was_first_counted_can_be_told(
    twin: Installation, client: AsyncClient, strict: Rulebook
) -> None:
    before = await classes(twin)
    moved, _ = await recount(client, strict)
    after = await classes(twin)
    assert moved > 0
    assert ("human", "clicks") not in after
    assert after["bot", "clicks"] == before["human", "clicks"]
    assert sum(after.values()) == sum(before.values())
    assert await classes(twin, "AND topic != 'recount'") == before
    views = await twin.sql("SELECT sum(clicks), sum(bot_clicks), sum(gross_clicks) FROM ctr_1d")
    assert views == [(0, after["bot", "clicks"], before["human", "clicks"])]
    assert (await twin.sql("SELECT sumIf(clicks, class = 'human') FROM recounts")) == [
        (-before["human", "clicks"],)
    ]
    assert (await twin.audit()).status == "ok"
    heads = await twin.sql(MARKERS)
    assert (await recount(client, strict))[0] == moved
    assert await classes(twin) == after
    assert await twin.sql(MARKERS) == heads, "nothing was missing, so nothing was written"
    repair = runbook_sql("counters-differ.md")
    for (day,) in await twin.sql("SELECT DISTINCT toDate(time) FROM events"):
        await twin.sql(repair.replace("{day:Date}", f"'{day}'"))
    assert await classes(twin) == after, "repairing counters from events takes no correction back"
    await recount(client, USUAL)
    assert await classes(twin) == before
    assert (await twin.audit()).status == "ok"


async def test_a_dry_run_says_what_would_change_and_changes_nothing(
    twin: Installation, client: AsyncClient, strict: Rulebook
) -> None:
    before = await classes(twin)
    moved, lines = await recount(client, strict, dry=True)
    assert moved > 0
    assert "would be corrected" in lines[-1]
    assert await classes(twin) == before


async def test_several_at_once_correct_once(twin: Installation, strict: Rulebook) -> None:
    before = await classes(twin)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await connect(twin.url) for _ in range(4)]
        for one in clients:
            stack.push_async_callback(one.close)
        await asyncio.gather(*(recount(one, strict) for one in clients))
    after = await classes(twin)
    assert after["bot", "clicks"] == before["human", "clicks"]
    assert sum(after.values()) == sum(before.values())
    assert (await twin.audit()).status == "ok"


async def test_while_clicks_flow_and_it_is_killed_again_and_again_every_class_comes_out_right(
    counted: Installation, strict: Rulebook, tmp_path: Path
) -> None:
    """Last of the module: it counts on in the installation that the others copy."""
    include = tmp_path / "include.txt"
    command = ["reclassify", "--since", "1d"]
    environment = {
        **os.environ,
        "CLICKTALLY_STREAM_CLICKHOUSE_URL": counted.url,
        "CLICKTALLY_STREAM_BOTS_INCLUDE": str(include),
    }
    audits, rounds = 0, 5
    spool = Spool(seed=5)
    with counted.stream():
        while audits < 2:  # all of them while clicks flow, however long they take
            load = asyncio.create_task(counted.produce(spool, rounds=150, size=SIZE, pause_s=0.1))
            rounds += 150
            while not load.done():
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "stream", *command, env=environment
                )
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 1.5 + 0.7 * audits)
                if process.returncode is None:
                    process.kill()
                await process.wait()
                assert [one for one in (await counted.audit()).findings if one.severity == "broken"] == []
                audits += 1
            await load
        await counted.until_counted(rounds * SIZE * PARTITIONS * len(EVENT_TOPICS))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "console", *command, env=environment)
    assert await process.wait() == 0
    clicks = rounds * SIZE * PARTITIONS
    assert (await classes(counted))["bot", "clicks"] == clicks
    assert (await classes(counted, "AND topic != 'recount'"))["human", "clicks"] == clicks
    assert (await counted.audit()).status == "ok"
    assert strict.classifier.number == Classifier(rules_of(str(include))).number
