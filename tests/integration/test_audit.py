"""`clicktally audit` on the real broker and engine: health has no finding, every fault has its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from console.audit.findings import Finding, Report
from console.audit.run import Look, Scope
from console.settings import ConsoleSettings
from deploy.local.processes import REPOSITORY, ClickHouse, Kafka
from redirector.spool.writer import SpoolWriter
from schemas.spool import CHECKPOINT_NAME, Checkpoint, segment_path
from schemas.topics import CLICKS, EVENT_TOPICS
from tests.integration.audited import PARTITIONS, Installation, Spool, runbook_sql
from tests.integration.topics_anew import make_anew

ROUNDS = 30
SIZE = 20
PAUSED_AT_MOST_S = 30.0
POISON = (b"no json", b'{"type":"click"}', b"[1]")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker of our own: an audit looks at the whole of the event topics."""
    part = Kafka(tmp_path_factory.mktemp("audited_kafka"))
    part.start()
    yield part
    part.stop()


@pytest.fixture(scope="module")
def spare_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Another one, for load and for topics that come and go."""
    part = Kafka(tmp_path_factory.mktemp("spare_kafka"))
    part.start()
    yield part
    part.stop()


@pytest.fixture
async def spare(clickhouse: ClickHouse, spare_broker: Kafka, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation with topics that are empty."""
    await make_anew(spare_broker.bootstrap, partitions=PARTITIONS)
    installation = Installation(spare_broker, clickhouse, tmp_path)
    await installation.set_up()
    yield installation
    await installation.sql(f"DROP DATABASE {installation.database}")


@pytest.fixture(scope="module")
def counted(broker: Kafka, clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that counted some batches and dead letters in several flushes, and now rests."""
    installation = Installation(broker, clickhouse, tmp_path_factory.mktemp("audited"))

    async def fill() -> None:
        await installation.set_up()
        first = Spool()
        with installation.stream():
            await installation.produce(first, rounds=1, size=SIZE)
            await installation.until_counted(SIZE * PARTITIONS * len(EVENT_TOPICS))
            await installation.produce(first, rounds=ROUNDS // 2 - 1, size=SIZE, pause_s=0.1)
            await installation.produce(Spool(seed=3), rounds=ROUNDS // 2, size=SIZE, pause_s=0.1)
            await installation.produce_bytes(*POISON)
            await installation.until_counted(ROUNDS * SIZE * PARTITIONS * len(EVENT_TOPICS) + len(POISON))

    asyncio.run(fill())
    return installation


@pytest.fixture
async def harmed(counted: Installation) -> AsyncIterator[Installation]:
    """A copy of it that a test may harm."""
    twin = await counted.copy()
    yield twin
    await twin.sql(f"DROP DATABASE {twin.database}")


def only(findings: list[Finding], check: str) -> Finding:
    """The one finding of a check; it says what to do, in an existing runbook."""
    of_check = [finding for finding in findings if finding.check == check]
    assert len(of_check) == 1, findings
    assert of_check[0].advice
    assert (REPOSITORY / "docs/runbooks" / of_check[0].runbook).is_file(), of_check[0].runbook
    return of_check[0]


async def test_an_installation_at_rest_has_no_finding(counted: Installation) -> None:
    report = await counted.audit()
    assert [finding for finding in report.findings if finding.severity != "ok"] == []
    assert {finding.check for finding in report.findings} == {
        "migrations",
        "chain",
        "counters",
        "events",
        "dedup",
        "log",
        "dead_letters",
        "breakdowns",
        "link_days",
    }
    letters = next(finding for finding in report.findings if finding.check == "dead_letters")
    assert letters.what == "2 not_an_event, 1 not_json"


async def wrong_but_for_a_pause(installation: Installation) -> list[Finding]:
    """What an audit finds; where a worker stands still, as it had no turn on a busy machine, a later one."""
    began = time.monotonic()
    while True:
        report = await installation.audit(settle_s=2.0)
        wrong = [finding for finding in report.findings if finding.severity != "ok"]
        if {finding.name for finding in wrong} != {"stalled"} or time.monotonic() - began > PAUSED_AT_MOST_S:
            return wrong


async def test_under_load_a_healthy_installation_has_no_finding(spare: Installation) -> None:
    spool = Spool()
    with spare.stream():
        await spare.produce(spool, rounds=1)
        await spare.until_counted(20 * PARTITIONS * len(EVENT_TOPICS))
        rounds = audits = 0
        while rounds < 400 or audits < 3:
            load = asyncio.create_task(spare.produce(spool, rounds=100, size=50, pause_s=0.04))
            rounds += 100
            while not load.done():
                assert await wrong_but_for_a_pause(spare) == []
                audits += 1
            await load
        await spare.until_counted((20 + rounds * 50) * PARTITIONS * len(EVENT_TOPICS))
    assert (await spare.audit()).status == "ok"


async def test_one_look_at_a_live_system_finds_nothing_either(spare: Installation) -> None:
    """What is compared is read so that it fits; the second look is for what nobody can order, as rebalances."""
    spool = Spool()
    settings = ConsoleSettings.load(spare.environment())
    scope = Scope(int(time.time()) - 86_400)
    with spare.stream():
        await spare.produce(spool, rounds=1)
        await spare.until_counted(20 * PARTITIONS * len(EVENT_TOPICS))
        load = asyncio.create_task(spare.produce(spool, rounds=150, size=50, pause_s=0.04))
        while not load.done():
            look = await Look(settings, scope, None, now_s=time.time()).take()
            assert [finding for finding in look.findings if finding.severity != "ok"] == []
        await load


async def test_a_deleted_flush_is_a_hole(harmed: Installation) -> None:
    ((first, last),) = await harmed.sql(
        "SELECT first_offset, last_offset FROM counters WHERE kind = 2 AND topic = 'clicks@1' AND partition = 1"
        " ORDER BY first_offset LIMIT 1 OFFSET 2"
    )
    await harmed.delete("counters", f"kind = 2 AND topic = 'clicks@1' AND partition = 1 AND first_offset = {first}")
    findings = await harmed.wrong()
    hole = only(findings, "chain")
    assert (hole.severity, hole.name, hole.where) == ("broken", "hole", f"clicks@1-1 {first}..{last}")


async def test_a_hole_with_its_gap_row_is_a_warning(harmed: Installation) -> None:
    ((first, last),) = await harmed.sql(
        "SELECT first_offset, last_offset FROM counters WHERE kind = 2 AND topic = 'clicks@1' AND partition = 1"
        " ORDER BY first_offset LIMIT 1 OFFSET 2"
    )
    await harmed.delete("counters", f"kind = 2 AND topic = 'clicks@1' AND partition = 1 AND first_offset = {first}")
    await harmed.sql(
        "INSERT INTO counters (kind, topic, partition, first_offset, last_offset, touched_at, batches, flush_month)"
        f" VALUES (5, 'clicks@1', 1, {first}, {last}, now(), 1, toStartOfMonth(now()))"
    )
    gap = only(await harmed.wrong(), "chain")
    assert (gap.severity, gap.name) == ("warning", "gap")


async def test_a_doubled_flush_is_found(harmed: Installation) -> None:
    chosen = "kind = 2 AND topic = 'impressions@1' AND partition = 0 ORDER BY first_offset LIMIT 1 OFFSET 1"
    ((first,),) = await harmed.sql(f"SELECT first_offset FROM counters WHERE {chosen}")
    await harmed.sql(f"INSERT INTO counters SELECT * FROM counters WHERE {chosen}")
    double = only(await harmed.wrong(), "chain")
    assert (double.severity, double.name) == ("broken", "double")
    assert double.where.startswith(f"impressions@1-0 {first}..")


async def test_overlapping_flushes_are_found(harmed: Installation) -> None:
    ((first, last),) = await harmed.sql(
        "SELECT first_offset, last_offset FROM counters WHERE kind = 2 AND topic = 'clicks@1' AND partition = 0"
        " AND last_offset > first_offset ORDER BY first_offset LIMIT 1"
    )
    assert isinstance(first, int)
    await harmed.sql(
        "INSERT INTO counters (kind, topic, partition, first_offset, last_offset, touched_at, batches, flush_month)"
        f" VALUES (2, 'clicks@1', 0, {first + 1}, {last}, now(), 1, toStartOfMonth(now()))"
    )
    overlap = only(await harmed.wrong(), "chain")
    assert (overlap.severity, overlap.name) == ("broken", "overlap")
    assert overlap.where == f"clicks@1-0 {first + 1}..{last}"


@pytest.mark.parametrize(("last", "name"), [(-5, "head_behind"), (5, "head_ahead")])
async def test_a_moved_head_is_found(harmed: Installation, last: int, name: str) -> None:
    where = "kind = 1 AND topic = 'clicks@1' AND partition = 0"
    ((head,),) = await harmed.sql(f"SELECT max(last_offset) FROM counters WHERE {where}")
    assert isinstance(head, int)
    await harmed.delete("counters", where)
    await harmed.sql(
        "INSERT INTO counters (kind, topic, partition, last_offset, touched_at, flush_month)"
        f" VALUES (1, 'clicks@1', 0, {head + last}, now(), toStartOfMonth(now()))"
    )
    findings = await harmed.wrong()
    assert (only(findings, "chain").severity, only(findings, "chain").name) == ("broken", name)
    if name == "head_ahead":
        assert (only(findings, "log").severity, only(findings, "log").name) == ("broken", "recreated")


async def test_a_delta_added_by_hand_is_found_and_its_link_named(harmed: Installation) -> None:
    now = time.gmtime()
    await harmed.sql(
        "INSERT INTO counters (kind, link, window_start, class, clicks, rules, flush_month)"
        f" VALUES (0, 'go.example/3', '{time.strftime('%Y-%m-%d %H:%M:00', now)}', 'human', 1, 1,"
        " toStartOfMonth(now()))"
    )
    findings = await harmed.wrong(deep=True)
    differs = only(findings, "counters")
    assert len(findings) == 1, findings
    assert (differs.severity, differs.name) == ("broken", "more_counted")
    assert differs.where == time.strftime("%Y-%m-%d human clicks", now)
    assert "go.example/3 (" in differs.what
    await harmed.sql(runbook_sql("counters-differ.md").replace("{day:Date}", f"'{differs.where[:10]}'"))
    assert await harmed.wrong() == []


async def test_counts_moved_from_link_to_link_are_found(harmed: Installation) -> None:
    await harmed.sql(
        "INSERT INTO counters (kind, link, window_start, class, clicks, rules, flush_month)"
        " VALUES (0, 'go.example/3', toStartOfMinute(now()), 'human', 1, 1, toStartOfMonth(now())),"
        " (0, 'go.example/4', toStartOfMinute(now()), 'human', -1, 1, toStartOfMonth(now()))"
    )
    assert only(await harmed.wrong(deep=True), "counters").name == "misplaced"


async def test_a_deleted_event_is_found_on_both_sides(harmed: Installation) -> None:
    await harmed.delete("events", "topic = 'clicks' AND partition = 0 AND record_offset = 3 AND event_index = 7")
    findings = await harmed.wrong()
    assert (only(findings, "counters").name, only(findings, "counters").severity) == ("more_counted", "broken")
    missing = only(findings, "events")
    assert (missing.severity, missing.name, missing.where) == ("broken", "missing", "clicks@1-0 0..")


async def test_a_duplicate_event_is_found(harmed: Installation) -> None:
    ((spool,),) = await harmed.sql(
        "SELECT spool FROM events WHERE topic = 'clicks' AND partition = 1 AND record_offset = 2 LIMIT 1"
    )
    await harmed.sql(
        "INSERT INTO events SELECT * REPLACE (4000 AS event_index) FROM events"
        " WHERE topic = 'clicks' AND partition = 1 AND record_offset = 2 AND events.event_index = 5"
    )
    findings = await harmed.wrong()
    duplicate = only(findings, "dedup")
    assert (duplicate.severity, duplicate.name) == ("broken", "duplicate")
    assert duplicate.where == f"clicks-1 spool {spool}"
    assert duplicate.what.startswith("1 ")
    assert only(findings, "events").name == "too_many"


async def test_a_lost_dedup_state_is_found(harmed: Installation) -> None:
    ((spool,),) = await harmed.sql("SELECT spool FROM events WHERE topic = 'clicks' AND seq > 0 LIMIT 1")
    await harmed.delete("counters", f"kind = 3 AND topic = 'clicks' AND partition = 0 AND spool = '{spool}'")
    behind = only(await harmed.wrong(), "dedup")
    assert (behind.severity, behind.name, behind.where) == (
        "broken",
        "state_behind",
        f"clicks-0 spool {spool}",
    )


async def test_dead_letters_that_the_topic_lacks_are_found(harmed: Installation) -> None:
    await harmed.sql(
        "INSERT INTO counters (kind, topic, partition, first_offset, dead_letters, touched_at, flush_month)"
        " SELECT kind, topic, partition, first_offset, 2, touched_at, flush_month FROM counters"
        " WHERE kind = 2 AND topic = 'clicks@1' AND partition = 0 ORDER BY first_offset LIMIT 1"
    )
    missing = only(await harmed.wrong(), "dead_letters")
    assert (missing.severity, missing.name) == ("broken", "missing")
    assert "set 5 dead letters aside, the topic has 3" in missing.what


async def test_a_migration_that_is_missing_is_found(harmed: Installation) -> None:
    await harmed.delete("schema_migrations", "version = (SELECT max(version) FROM schema_migrations)")
    assert only(await harmed.wrong(), "migrations").name == "pending"


def test_the_command_prints_a_document_or_a_table_and_tells_by_its_status(counted: Installation) -> None:
    done = counted.run_audit("--json", "--since", "1h")
    assert done.returncode == 0, done.stderr
    report = msgspec.json.decode(done.stdout, type=Report)
    assert (report.version, report.status) == (1, "ok")
    table = counted.run_audit()
    assert (table.returncode, "each starts where the last one ended" in table.stdout) == (0, True), table.stderr


async def test_the_command_exits_with_1_when_something_is_broken(harmed: Installation) -> None:
    await harmed.delete("events", "topic = 'clicks' AND record_offset = 4 AND event_index = 1")
    done = await asyncio.to_thread(harmed.run_audit)
    assert done.returncode == 1
    assert "docs/runbooks/events-differ.md" in done.stdout.replace("\n", "")


def test_what_cannot_be_reached_is_told_and_the_rest_is_checked(
    counted: Installation, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    nobody = Installation(Kafka(tmp_path), clickhouse, tmp_path)
    nobody.database = counted.database
    done = nobody.run_audit("--json")
    assert done.returncode == 2, done.stderr
    report = msgspec.json.decode(done.stdout, type=Report)
    assert [(one.check, one.name) for one in report.findings if one.severity != "ok"] == [("log", "unreachable")]
    assert {one.check for one in report.findings} >= {"chain", "counters", "events", "dedup", "migrations"}


def test_damaged_spools_are_found_by_the_command(counted: Installation, tmp_path: Path) -> None:
    torn, beyond = (
        SpoolWriter.open(tmp_path, segment_bytes=10_000, cap_bytes=100_000, fsync="never") for _ in range(2)
    )
    for writer in (torn, beyond):
        writer.take_seq()
        writer.append(b'{"type":"click","time_ms":1,"link":"go.example/a","seq":1}\n')
        writer.close()
    with segment_path(tmp_path / torn.spool_id, 1).open("ab") as file:
        file.write(b'{"type":"cl')
    checkpoint = Checkpoint(segment=1, offset=10_000, partitions={}, prev={})
    (tmp_path / beyond.spool_id / CHECKPOINT_NAME).write_bytes(msgspec.json.encode(checkpoint))
    done = counted.run_audit("--json", "--spool-dir", str(tmp_path))
    assert done.returncode == 1, done.stderr
    report = msgspec.json.decode(done.stdout, type=Report)
    findings = {(one.severity, one.name, one.where) for one in report.findings if one.check == "spools"}
    assert findings == {
        ("warning", "torn_tail", f"spool {torn.spool_id}"),
        ("warning", "undrained", f"spool {torn.spool_id}"),
        ("broken", "checkpoint_beyond", f"spool {beyond.spool_id}"),
    }


async def test_records_that_nobody_counts_are_found(counted: Installation, clickhouse: ClickHouse) -> None:
    fresh = Installation(counted.kafka, clickhouse, counted.directory)
    await fresh.set_up()
    findings = await fresh.wrong()
    assert {(one.severity, one.check, one.name) for one in findings} == {("warning", "log", "uncounted")}
    assert len(findings) == PARTITIONS * len(EVENT_TOPICS)


async def test_a_stalled_stream_is_found(counted: Installation, harmed: Installation) -> None:
    await counted.produce_bytes(b"one more")
    stalled = only(await harmed.wrong(), "log")
    assert (stalled.severity, stalled.name, stalled.where) == ("warning", "stalled", "clicks-0")
    with counted.stream():
        await counted.until_counted(ROUNDS * SIZE * PARTITIONS * len(EVENT_TOPICS) + len(POISON) + 1)


async def test_a_topic_created_anew_is_found_even_when_it_is_longer(spare: Installation) -> None:
    with spare.stream():
        await spare.produce(Spool(), rounds=5)
        await spare.until_counted(5 * 20 * PARTITIONS * len(EVENT_TOPICS))
    await make_anew(spare.kafka.bootstrap, CLICKS, partitions=PARTITIONS)
    shorter = [one for one in await spare.wrong() if one.check == "log"]
    assert [(one.severity, one.name, one.where) for one in shorter] == [
        ("broken", "recreated", "clicks-0"),
        ("broken", "recreated", "clicks-1"),
    ]
    await asyncio.sleep(1.1)  # heads know the second
    await spare.produce(Spool(), rounds=10)
    longer = [one for one in await spare.wrong() if one.name == "recreated"]
    assert [one.where for one in longer] == ["clicks-0", "clicks-1"]


async def test_after_a_new_epoch_an_installation_has_no_finding(spare: Installation) -> None:
    first, second = 5 * 20 * PARTITIONS * len(EVENT_TOPICS), 10 * 20 * PARTITIONS * len(EVENT_TOPICS)
    with spare.stream():
        await spare.produce(Spool(), rounds=5)
        await spare.until_counted(first)
    await make_anew(spare.kafka.bootstrap, *EVENT_TOPICS, partitions=PARTITIONS)
    await asyncio.sleep(1.1)
    with spare.stream(epoch=2):
        await spare.produce(Spool(), rounds=10)
        await spare.until_counted(first + second)
    assert await spare.wrong() == []
