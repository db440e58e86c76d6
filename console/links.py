"""`clicktally links import`: a file into the topic `links`, with a progress bar and every complaint."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from console.link_files import Complaint, FileFormat, read_links
from console.link_topic import LinkTopic
from console.settings import ConsoleSettings


@dataclass
class Totals:
    """What became of a file."""

    links: int = 0
    bad: int = 0
    seconds: float = 0.0
    domains: Counter[str] = field(default_factory=Counter)

    def table(self, *, dry_run: bool) -> Table:
        """For people: per domain, then all."""
        table = Table("domain", "links", title="links that would be imported" if dry_run else "imported links")
        table.columns[1].justify = "right"
        for domain, count in self.domains.most_common(20):
            table.add_row(domain, f"{count:,}")
        if len(self.domains) > 20:  # noqa: PLR2004 - as above
            table.add_row(f"{len(self.domains) - 20:,} more", "")
        table.add_section()
        table.add_row("all", f"{self.links:,}")
        table.add_row("bad lines", f"{self.bad:,}")
        table.add_row("seconds", f"{self.seconds:.1f}")
        return table


async def import_links(
    source: BinaryIO,
    kind: FileFormat,
    settings: ConsoleSettings,
    *,
    name: str,
    dry_run: bool,
    own_allowed: bool,
    errors: Console,
) -> Totals:
    """Import every good line, name every bad one on `errors`. Raises TransientError when Kafka fails."""
    totals, started = Totals(), time.monotonic()
    async with AsyncExitStack() as stack:
        topic = None if dry_run else await stack.enter_async_context(LinkTopic(settings.bootstrap_servers))
        progress = stack.enter_context(_progress(errors))
        lines = _watched(source, progress)
        now_ms = time.time_ns() // 1_000_000
        for found in read_links(lines, kind, updated_at_ms=now_ms, own_allowed=own_allowed):
            if isinstance(found, Complaint):
                totals.bad += 1
                errors.print(f"{name}:{found.line}: {found.text}", markup=False, highlight=False, soft_wrap=True)
                continue
            if topic is not None:
                await topic.put(found.link)
            totals.links += 1
            totals.domains[found.link.domain] += 1
        if topic is not None:
            await topic.flush()
    totals.seconds = time.monotonic() - started
    return totals


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _watched(source: BinaryIO, progress: Progress) -> Iterator[bytes]:
    size = os.fstat(source.fileno()).st_size
    task = progress.add_task("importing", total=size or None)
    waiting = 0
    for line in source:
        waiting += len(line)
        if waiting > 1 << 16:
            progress.advance(task, waiting)
            waiting = 0
        yield line
