"""`clicktally migrate`, `links import` and `tokens` as an operator runs them, on the real parts."""

import asyncio
import os
import subprocess
import sys
import uuid
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.processes import ClickHouse, Kafka
from schemas.links import Link
from schemas.tokens import read_bearer
from schemas.topics import LINKS


def run(kafka: Kafka, clickhouse: ClickHouse, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; wide, so that tables do not wrap."""
    environment = {
        **os.environ,
        "COLUMNS": "200",
        "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "CLICKTALLY_CONSOLE_CLICKHOUSE_URL": f"{clickhouse.url}/console_test",
    }
    return subprocess.run(
        [sys.executable, "-m", "console", *arguments], env=environment, capture_output=True, text=True, check=False
    )


async def links_of(kafka: Kafka, domain: str) -> list[tuple[bytes, Link]]:
    partition = TopicPartition(LINKS, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, enable_auto_commit=False)
    async with consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        records = []
        while await consumer.position(partition) < end:
            records += (await consumer.getmany(timeout_ms=200)).get(partition, [])
    links = [(record.key, msgspec.json.decode(record.value, type=Link)) for record in records if record.value]
    return [(key, link) for key, link in links if link.domain == domain]


def test_migrate_is_safe_to_repeat(kafka: Kafka, clickhouse: ClickHouse) -> None:
    first = run(kafka, clickhouse, "migrate")
    assert first.returncode == 0, first.stderr
    again = run(kafka, clickhouse, "migrate")
    assert (again.returncode, again.stdout) == (0, "tables and topics are up to date\n"), again.stderr


async def test_links_of_a_file_reach_the_topic_and_bad_lines_are_named(
    kafka: Kafka, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    assert (await asyncio.to_thread(run, kafka, clickhouse, "migrate")).returncode == 0
    domain = f"{uuid.uuid4().hex}.example"
    file = tmp_path / "links.csv"
    rows = [f"{domain},ä{number},https://x.com/{number},spring" for number in range(20_000)]
    rows[17] = f"{domain},v1/x,https://x.com,spring"
    file.write_text("\n".join(["domain,slug,destination,campaign", *rows]))

    done = await asyncio.to_thread(run, kafka, clickhouse, "links", "import", str(file))
    assert done.returncode == 1
    assert done.stderr == f"{file}:19: slug 'v1/x' is a path the redirector answers itself: choose another\n"
    assert "19,999" in done.stdout

    written = await links_of(kafka, domain)
    assert len(written) == 19_999
    assert [link.slug for _, link in written[:3]] == ["ä0", "ä1", "ä2"]
    assert all(key == link.key.encode() for key, link in written)
    assert all(link.campaign == "spring" and link.updated_at_ms > 0 for _, link in written)


async def test_a_dry_run_checks_and_writes_nothing(kafka: Kafka, clickhouse: ClickHouse, tmp_path: Path) -> None:
    domain = f"{uuid.uuid4().hex}.example"
    file = tmp_path / "links.ndjson"
    file.write_text(msgspec.json.encode({"domain": domain, "slug": "a", "destination": "https://x.com"}).decode())
    assert (await asyncio.to_thread(run, kafka, clickhouse, "migrate")).returncode == 0
    assert (
        await asyncio.to_thread(run, kafka, clickhouse, "links", "import", "--dry-run", str(file))
    ).returncode == 0
    assert await links_of(kafka, domain) == []


async def test_only_what_a_file_names_is_changed_and_what_is_exported_comes_back(
    kafka: Kafka, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    domain = f"{uuid.uuid4().hex}.example"

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = run(kafka, clickhouse, *arguments)
        assert done.returncode == 0, done.stderr
        return done

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    await asyncio.to_thread(command, "migrate")
    full = write("full.csv", f"domain,slug,destination,campaign,title\n{domain},a b,https://x.com/1,spring,=1+1\n")
    part = write("part.csv", f"domain,slug,channel\n{domain},a%20b,mail\n")
    await asyncio.to_thread(command, "links", "import", full)
    await asyncio.to_thread(command, "links", "import", part)
    again = await asyncio.to_thread(command, "links", "import", part)
    assert "as they were" in again.stdout
    written = [link for _, link in await links_of(kafka, domain)]
    assert [(link.campaign, link.channel, link.title) for link in written] == [
        ("spring", "", "=1+1"),
        ("spring", "mail", "=1+1"),
    ]

    shown = await asyncio.to_thread(command, "links", "show", f"https://{domain}/a%20b")
    assert "spring" in shown.stdout
    listed = await asyncio.to_thread(command, "links", "list", "--domain", domain, "--label", "channel=mail")
    assert f"{domain}/a b" in listed.stdout
    on_screen = await asyncio.to_thread(command, "links", "export", "--domain", domain)
    assert "'=1+1" in on_screen.stdout
    exported = write("out.csv", "")
    await asyncio.to_thread(command, "links", "export", exported, "--domain", domain)

    refused = await asyncio.to_thread(run, kafka, clickhouse, "links", "delete", "--domain", domain)
    assert refused.returncode == 1
    await asyncio.to_thread(command, "links", "delete", f"{domain}/a b", "--yes")
    gone = await asyncio.to_thread(run, kafka, clickhouse, "links", "show", f"{domain}/a b")
    assert (gone.returncode, gone.stderr) == (1, f"there is no link {domain}/a b\n")

    await asyncio.to_thread(command, "links", "import", exported)
    latest = (await links_of(kafka, domain))[-1][1]
    assert msgspec.structs.replace(latest, updated_at_ms=0) == msgspec.structs.replace(written[-1], updated_at_ms=0)


async def test_a_ring_over_two_imports_is_refused(kafka: Kafka, clickhouse: ClickHouse, tmp_path: Path) -> None:
    one, two = (f"{uuid.uuid4().hex}.example" for _ in range(2))
    assert (await asyncio.to_thread(run, kafka, clickhouse, "migrate")).returncode == 0
    for number, (domain, other) in enumerate([(one, two), (two, one)]):
        file = tmp_path / f"{number}.csv"
        file.write_text(f"domain,slug,destination\n{domain},a,https://{other}/a\n")
        done = await asyncio.to_thread(run, kafka, clickhouse, "links", "import", str(file))
        assert done.returncode == number, done.stderr
    assert f"is on {one}, which has links itself" in done.stderr
    assert await links_of(kafka, two) == []


def test_without_kafka_the_import_says_so_in_one_line(clickhouse: ClickHouse, tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("domain,slug,destination\ngo.example,a,https://x.com\n")
    nobody = Kafka(tmp_path)
    done = run(nobody, clickhouse, "links", "import", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith(f"clicktally: Kafka at {nobody.bootstrap} does not answer")
    assert len(done.stderr.splitlines()) == 1


def test_a_token_is_made_listed_and_revoked_and_its_secret_is_shown_once(
    kafka: Kafka, clickhouse: ClickHouse
) -> None:
    assert run(kafka, clickhouse, "migrate").returncode == 0
    made = run(
        kafka,
        clickhouse,
        "tokens",
        "create",
        "importer",
        "--role",
        "impressions:write",
        "--account",
        "acme",
        "--days",
        "1",
    )
    bearer = read_bearer(made.stdout.strip())
    assert bearer is not None, made.stderr
    listed = run(kafka, clickhouse, "tokens", "list").stdout
    (row,) = [line for line in listed.splitlines() if bearer.id in line]
    assert ("importer" in row, "acme" in row, "impressions:write" in row, "valid until" in row) == (True,) * 4
    assert bearer.secret not in listed
    assert run(kafka, clickhouse, "tokens", "create", "other", "--role", "admin", "--if-none").stdout == ""
    revoked = run(kafka, clickhouse, "tokens", "revoke", bearer.id)
    assert revoked.stdout == f"revoked {bearer.id} (importer)\n"
    assert "revoked 2" in run(kafka, clickhouse, "tokens", "list").stdout
    assert run(kafka, clickhouse, "tokens", "revoke", bearer.id).stdout == ""
    unknown = run(kafka, clickhouse, "tokens", "revoke", "0" * 16)
    assert (unknown.returncode, "there is no token" in unknown.stderr) == (2, True)
    assert run(kafka, clickhouse, "tokens", "create", "", "--role", "admin").returncode == 2
    assert run(kafka, clickhouse, "tokens", "create", "x", "--role", "root").returncode == 2
