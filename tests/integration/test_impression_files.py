"""`clicktally impressions import` as an operator runs it, on the real Kafka."""

import asyncio
import os
import subprocess
import sys
import uuid
from pathlib import Path

import msgspec
from aiokafka.partitioner import murmur2

from console.link_topic import LinkTopic
from deploy.local.processes import Kafka
from schemas.links import Link
from tests.integration.shared_topics import PARTITIONS, Sent, snapshots_sent

HEADER = "platform,post,total,day,urls\n"


async def impressions(kafka: Kafka, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": kafka.bootstrap}
    command = [sys.executable, "-m", "console", "impressions", *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )


async def sent(kafka: Kafka, mark: str) -> list[Sent]:
    """The snapshots of posts with this mark."""
    return await snapshots_sent(kafka, lambda record: mark.encode() in record.value)


async def test_totals_of_a_file_reach_the_topic_under_their_links_and_bad_lines_are_named(
    broker: Kafka, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex
    domain = f"{mark}.example"
    async with LinkTopic(broker.bootstrap) as topic:
        for slug, fields in (("a", {}), ("b", {"post_id": f"{mark}-2"}), ("c", {}), ("d", {})):
            await topic.put(Link(domain=domain, slug=slug, destination="https://example.com", **fields))  # type: ignore[arg-type] # texts, all of them
        await topic.flush()
    file, mapped = tmp_path / "rows.csv", tmp_path / "map.csv"
    file.write_text(
        f"{HEADER}bluesky,{mark}-1,10,,see {domain}/a?utm_source=b\nbluesky,{mark}-2,20,,\nbluesky,{mark}-3,30,,\n"
        f"bluesky,{mark}-4,40,,\nbluesky,{mark}-5,1.5,,\nbluesky,{mark}-6,60,2026-11-01,\n"
    )
    mapped.write_text(f"post,link\n{mark}-3,{domain}/c\n{mark}-9,{domain}/gone\n")
    arguments = ("import", str(file), "--map", str(mapped), "--time-zone", "Europe/Berlin")

    tried = await impressions(broker, *arguments, "--dry-run")
    assert await sent(broker, mark) == []
    done = await impressions(broker, *arguments)
    assert done.returncode == tried.returncode == 1
    assert done.stderr == tried.stderr
    assert done.stderr.splitlines() == [
        f"{mapped}:3: there is no link {domain}/gone: import it first, with `clicktally links import`",
        f"{file}: plain file of totals, 5 totals",
        f"{file}:6: column 'total' is '1.5', which is no whole number",
    ]
    records = await sent(broker, mark)
    by_post = {snapshot.post: (key.decode(), snapshot) for _, key, snapshot in records}
    assert {post: key for post, (key, _) in by_post.items()} == {
        f"{mark}-1": f"{domain}/a",
        f"{mark}-2": f"{domain}/b",
        f"{mark}-3": f"{domain}/c",
        f"{mark}-4": f"bluesky:{mark}-4",
        f"{mark}-6": f"bluesky:{mark}-6",
    }
    for partition, key, _ in records:
        assert partition == (murmur2(key) & 0x7FFFFFFF) % PARTITIONS, "the default partitioner's"

    again = await impressions(broker, "import", str(file), "--link", f"{domain}/d", "--time-zone", "Europe/Berlin")
    assert again.returncode == 1
    second = [snapshot for *_, snapshot in await sent(broker, mark) if snapshot.link == f"{domain}/d"]
    assert len(second) == 5
    first = {one.post: one for _, one in by_post.values()}
    for snapshot in second:  # the same file: the same in everything that counts
        assert msgspec.structs.replace(snapshot, link=first[snapshot.post].link) == first[snapshot.post]


async def test_a_file_of_no_form_is_one_line_and_a_wrong_option_too(broker: Kafka, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Name,Age\nAda,36\n")
    done = await impressions(broker, "import", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{file}: is of no form that is known")
    assert len(done.stderr.splitlines()) == 1
    wrong = await impressions(broker, "import", str(file), "--time-zone", "Mars/Olympus")
    assert wrong.returncode == 2
    assert "there is no time zone" in wrong.stderr
