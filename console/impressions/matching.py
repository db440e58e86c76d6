"""Posts whose link is not known: shown with what to do, and matched by a file that says it."""

import csv
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.formula_guard import guarded
from console.impressions.known_links import KnownLinks
from console.impressions.mapping import read_mapping
from console.impressions.topic import ImpressionTopic
from console.link_snapshot import LinkSnapshot
from console.settings import ConsoleSettings
from schemas.clickhouse.client import connect
from schemas.clickhouse.unmatched import unmatched_pages
from schemas.matching import link_of, snapshot_keys
from schemas.snapshots import Snapshot

COLUMNS = ("post", "link", "platform", "permalink", "total", "observed_at", "urls")
ADVICE = (
    "give the link that a post carries the post's id: `clicktally links import` with the columns"
    " domain,slug,post_id or post_url; or write `clicktally impressions unmatched --csv posts.csv`, fill its column"
    " link, and `clicktally impressions match --map posts.csv`"
)


async def unmatched_posts(settings: ConsoleSettings, limit: int) -> list[Snapshot]:
    """The newest total of each post without a link, up to `limit`, the most displayed first.

    Raises TransientError, ClickHouseError.
    """
    client = await connect(settings.clickhouse, send_receive_timeout_s=settings.deadline_s)
    posts: dict[tuple[str, str], Snapshot] = {}
    try:
        async for page in unmatched_pages(client):
            for snapshot, _ in page:
                key = snapshot.platform, snapshot.post
                known = posts.get(key)
                if known is None or known.observed_ms < snapshot.observed_ms:
                    posts[key] = snapshot
    finally:
        await client.close()
    return sorted(posts.values(), key=lambda one: (-one.total, one.platform, one.post))[:limit]


def posts_table(posts: Iterable[Snapshot]) -> Table:
    """The posts as a table for people."""
    table = Table("platform", "post", "total", "observed", "permalink", "links in it")
    table.columns[2].justify = "right"
    for column in table.columns[4:]:
        column.overflow = "fold"
    for one in posts:
        table.add_row(
            *map(escape, (one.platform, one.post)),
            f"{one.total:,}",
            _time(one),
            *map(escape, (one.permalink, " ".join(one.urls))),
        )
    return table


def write_posts(posts: Iterable[Snapshot], out: TextIO) -> None:
    """Write the posts as a mapping file whose column `link` is to be filled."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in posts:
        cells = (one.post, "", one.platform, one.permalink, str(one.total), _time(one), " ".join(one.urls))
        writer.writerow(map(guarded, cells))


async def match_posts(
    settings: ConsoleSettings, map_file: Path, *, dry_run: bool, errors: Console
) -> tuple[int, int]:
    """Send the newest totals of posts that a file, or a link, tells the link of. Matched totals, and bad lines.

    Raises TransientError, ClickHouseError, FileError.
    """
    matched = bad = 0
    async with AsyncExitStack() as stack:
        with errors.status("reading the links that exist"):
            links = KnownLinks(await stack.enter_async_context(LinkSnapshot.taken(settings)))
        mapping, faults = read_mapping(map_file, links)
        for fault in faults:
            errors.print(f"{map_file}:{fault.line}: {fault.text}", markup=False, highlight=False, soft_wrap=True)
        client = await connect(settings.clickhouse, send_receive_timeout_s=settings.deadline_s)
        stack.push_async_callback(client.close)
        topic = None if dry_run else await stack.enter_async_context(ImpressionTopic(settings.kafka))
        async for page in unmatched_pages(client):
            linked = []
            for one in page:
                mapped_link = mapping.link_of(snapshot_keys(one.snapshot))
                if mapped_link and one.before not in ("", mapped_link):
                    refusal_text = (
                        f"post {one.snapshot.post} counts for {one.before}, where it stays: take {mapped_link} away"
                    )
                    errors.print(f"{map_file}: {refusal_text}", markup=False, highlight=False, soft_wrap=True)
                    bad += 1
                elif link := one.before or mapped_link or link_of(one.snapshot, links):
                    linked.append(msgspec.structs.replace(one.snapshot, link=link))
            matched += len(linked)
            if topic is not None:
                async for _ in topic.put(linked):
                    pass
    return matched, bad + len(faults)


def _time(snapshot: Snapshot) -> str:
    return datetime.fromtimestamp(snapshot.observed_ms / 1000, UTC).isoformat(timespec="seconds")
