"""A file of links into the topic `links`, with its progress and every complaint."""

import io
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from console.file_text import text_lines
from console.left_behind import Left, LeftBehind
from console.link_files import OURS_OR_ANY, Blank, Complaint, FileFormat, Foreign, Known, read_links
from console.link_snapshot import LinkSnapshot
from console.link_topic import LinkTopic
from console.settings import ConsoleSettings

PROGRESS_EVERY_LINES: Final = 4096
PROGRESS_EVERY_S: Final = 10.0
_DOMAINS_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class ImportFile:
    """A file of links, and how it is to be read."""

    source: io.BufferedReader
    name: str
    kind: FileFormat
    encoding: str | None = None
    foreign: Foreign = OURS_OR_ANY


@dataclass
class Totals:
    """What became of a file."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    bad: int = 0
    blank: int = 0
    seconds: float = 0.0
    domains: Counter[str] = field(default_factory=Counter)
    left: LeftBehind = field(default_factory=LeftBehind)

    def table(self, *, dry_run: bool) -> Table:
        """The totals as a table for people: per domain, then all."""
        table = Table("domain", "links", title="links that would be imported" if dry_run else "imported links")
        table.columns[1].justify = "right"
        for domain, count in self.domains.most_common(_DOMAINS_SHOWN):
            table.add_row(domain, f"{count:,}")
        if len(self.domains) > _DOMAINS_SHOWN:
            table.add_row(f"{len(self.domains) - _DOMAINS_SHOWN:,} more", "")
        table.add_section()
        table.add_row("all", f"{self.new + self.changed + self.unchanged:,}")
        table.add_row("new", f"{self.new:,}")
        table.add_row("changed", f"{self.changed:,}")
        table.add_row("as they were", f"{self.unchanged:,}")
        table.add_row("bad lines", f"{self.bad:,}")
        if self.blank:
            table.add_row("blank rows", f"{self.blank:,}")
        table.add_row("seconds", f"{self.seconds:.1f}")
        return table


async def import_links(
    file: ImportFile, settings: ConsoleSettings, *, replace: bool, dry_run: bool, own_allowed: bool, errors: Console
) -> Totals:
    """Import every good line, name every bad one on `errors`. Raises TransientError when Kafka fails."""
    totals, started = Totals(), time.monotonic()
    async with AsyncExitStack() as stack:
        with errors.status("reading the links that exist"):
            known: Known = await stack.enter_async_context(LinkSnapshot.taken(settings))
        topic = None if dry_run else await stack.enter_async_context(LinkTopic(settings.kafka))
        lines = stack.enter_context(WatchedFile(file, errors)).lines(text_lines(file.source, file.encoding))
        now_ms = time.time_ns() // 1_000_000
        for row in read_links(
            lines,
            file.kind,
            updated_at_ms=now_ms,
            known=known,
            replace=replace,
            own_allowed=own_allowed,
            foreign=file.foreign,
        ):
            if isinstance(row, Complaint):
                totals.bad += 1
                errors.print(f"{file.name}:{row.line}: {row.text}", markup=False, highlight=False, soft_wrap=True)
                continue
            if isinstance(row, Blank):
                totals.blank += 1
                continue
            if isinstance(row, Left):
                totals.left.add(row)
                continue
            totals.domains[row.link.domain] += 1
            if row.unchanged:
                totals.unchanged += 1
                continue
            if topic is not None:
                await topic.put(row.link)
            if row.before is None:
                totals.new += 1
            else:
                totals.changed += 1
        if topic is not None:
            await topic.flush()
    totals.seconds = time.monotonic() - started
    return totals


class WatchedFile:
    """How far a file is read: a bar on a terminal, elsewhere a line now and then."""

    def __init__(self, file: ImportFile, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._console = console
        self._clock = clock
        self._size = 0
        with suppress(OSError):  # not every stream is a file
            self._size = os.fstat(file.source.fileno()).st_size
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("importing", total=self._size or None)
        self._reported_at = clock()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines, watched."""
        for number, line in enumerate(lines, 1):
            if number % PROGRESS_EVERY_LINES == 0:
                self._tell(number)
            yield line

    def _tell(self, number: int) -> None:
        done = self._file.source.tell() if self._size else 0
        self._bar.update(self._task, completed=done)
        now = self._clock()
        if self._console.is_terminal or now - self._reported_at < PROGRESS_EVERY_S:
            return
        self._reported_at = now
        share = f", {min(100, 100 * done // self._size)} %" if self._size else ""
        self._console.print(
            f"{self._file.name}: {number:,} lines read{share}", markup=False, highlight=False, soft_wrap=True
        )
