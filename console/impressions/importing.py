"""Files of totals into the topic `impressions`, each with what it was taken for and every complaint."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from console.impressions.known_links import KnownLinks
from console.impressions.mapping import PostMapping, read_mapping
from console.impressions.reading import Choices, FileReading, read_file
from console.impressions.spreadsheets import FileError
from console.impressions.topic import ImpressionTopic
from console.link_snapshot import LinkSnapshot
from console.settings import ConsoleSettings
from schemas.matching import link_of
from schemas.snapshots import Snapshot


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is imported, and how. `link` is that of all posts; `map_file` says it of each."""

    files: Sequence[Path]
    choices: Choices
    link: str = ""
    map_file: Path | None = None
    dry_run: bool = False


@dataclass
class Totals:
    """What became of the files."""

    files: int = 0
    sent: int = 0
    matched: int = 0
    displays: int = 0
    bad: int = 0
    blank: int = 0
    sums: int = 0
    without_number: int = 0
    posts: set[tuple[str, str]] = field(default_factory=set)
    unmatched: set[tuple[str, str]] = field(default_factory=set)
    links: Counter[str] = field(default_factory=Counter)

    def table(self, *, dry_run: bool) -> Table:
        """The totals as a table for people."""
        table = Table("", "", title="what would be imported" if dry_run else "imported", show_header=False)
        table.columns[1].justify = "right"
        for name, number in (
            ("files", self.files),
            ("posts", len(self.posts)),
            ("totals", self.sent),
            ("of posts with a link", self.matched),
            ("posts without a link", len(self.unmatched)),
            ("links", len(self.links)),
            ("bad lines", self.bad),
            ("rows of sums", self.sums),
            ("rows without a number", self.without_number),
            ("blank rows", self.blank),
        ):
            if number or name in ("files", "posts", "totals"):
                table.add_row(name, f"{number:,}")
        return table


async def import_impressions(wanted: Wanted, settings: ConsoleSettings, *, errors: Console) -> Totals:
    """Import every good line of every file that can be read, name the others on `errors`. Raises TransientError."""
    totals = Totals()
    async with AsyncExitStack() as stack:
        with errors.status("reading the links that exist"):
            snapshot = await stack.enter_async_context(LinkSnapshot.taken(settings))
        links = KnownLinks(snapshot)
        mapping = _mapping(wanted, links, totals, errors)
        topic = None
        if not wanted.dry_run:
            topic = await stack.enter_async_context(ImpressionTopic(settings.kafka))
        for path in wanted.files:
            try:
                reading = read_file(path, wanted.choices, time.time_ns() // 1_000_000)
            except (FileError, OSError, LookupError) as error:
                _tell(errors, f"{path}: {error}")
                totals.bad += 1
                continue
            _note(reading, path, totals, errors)
            ready = [_with_link(one.snapshot, wanted.link, links, mapping) for one in reading.placed]
            for one in ready:
                _count(one, totals)
            if topic is not None:
                await _send(topic, ready, path, errors)
    return totals


def _mapping(wanted: Wanted, links: KnownLinks, totals: Totals, errors: Console) -> PostMapping | None:
    if wanted.map_file is None:
        return None
    mapping, faults = read_mapping(wanted.map_file, links)
    for fault in faults:
        _tell(errors, f"{wanted.map_file}:{fault.line}: {fault.text}")
    totals.bad += len(faults)
    return mapping


def _with_link(snapshot: Snapshot, link: str, links: KnownLinks, mapping: PostMapping | None) -> Snapshot:
    """A row's own link before all else, if there is such a link."""
    own = snapshot.link if snapshot.link and links.has(snapshot.link) else ""
    return msgspec.structs.replace(snapshot, link=own or link or link_of(snapshot, links, mapping))


def _note(reading: FileReading, path: Path, totals: Totals, errors: Console) -> None:
    _tell(errors, f"{path}: {', '.join(dict.fromkeys(reading.titles))}, {len(reading.placed):,} totals")
    for note in reading.passed.notes:
        _tell(errors, f"{path}: {note}")
    for complaint in reading.complaints:
        _tell(errors, f"{path}:{complaint.place}: {complaint.error}")
    totals.files += 1
    totals.bad += len(reading.complaints)
    totals.blank += reading.passed.blank
    totals.sums += reading.passed.totals
    totals.without_number += reading.passed.without_number


def _count(snapshot: Snapshot, totals: Totals) -> None:
    post = snapshot.platform, snapshot.post
    totals.sent += 1
    totals.posts.add(post)
    if snapshot.link:
        totals.matched += 1
        totals.links[snapshot.link] += 1
    else:
        totals.unmatched.add(post)


async def _send(topic: ImpressionTopic, ready: Sequence[Snapshot], path: Path, errors: Console) -> None:
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(path.name, total=len(ready))
        async for sent in topic.put(ready):
            progress.update(task, completed=sent)


def _tell(errors: Console, text: str) -> None:
    errors.print(text, markup=False, highlight=False, soft_wrap=True)
