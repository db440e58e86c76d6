"""The command `clicktally check-events`."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from console.check_events.topic import newest_records
from console.check_events.verdicts import Tally, Verdict, check_line, check_record
from console.settings import ConsoleSettings
from schemas.settings import settings_or_exit
from schemas.topics import EVENT_TOPICS

_STANDARD_INPUT: Final = "-"


def check_events(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|TOPIC", help="NDJSON, - for standard input; or the topic clicks or impressions."
        ),
    ],
    *,
    topic: Annotated[
        str,
        typer.Option(
            help="The topic that the file's lines are for; otherwise their type tells.", show_default=False
        ),
    ] = "",
    last: Annotated[int, typer.Option(min=1, help="Of a topic, so many records of each partition.")] = 10_000,
    show: Annotated[int, typer.Option(min=0, help="Name no more than so many lines.")] = 100,
) -> None:
    """Check events of a producer: say which are wrong, with field, reason and what to do, and count the others.

    Judged as the stream judges, by its usual bounds for times. Advice is about events that count, but not as they
    should. The exit status is 1 when there was any bad event.
    """
    if topic and topic not in EVENT_TOPICS:
        raise typer.BadParameter(f"there is no topic {topic} of events: give one of {', '.join(EVENT_TOPICS)}")
    settings = settings_or_exit(ConsoleSettings, check=False)
    tally, errors, shown = Tally(), Console(stderr=True), 0

    def tell(verdicts: Iterable[Verdict]) -> None:
        nonlocal shown
        for verdict in verdicts:
            tally.note(verdict)
            shown += 1
            if shown <= show:
                errors.print(str(verdict), markup=False, highlight=False, soft_wrap=True)

    if source in EVENT_TOPICS and not Path(source).exists():
        uvloop.run(_check_topic(settings, source, last, tally, tell))
    else:
        for number, line in enumerate(_lines(source), 1):
            name = "standard input" if source == _STANDARD_INPUT else source
            tell(check_line(f"{name}:{number}", topic, line, now_ms=time.time_ns() // 1_000_000, tally=tally))
    if shown > show:
        errors.print(f"and {shown - show:,} more: see them with --show {shown}", highlight=False)
    Console().print(_table(tally))
    if tally.bad:
        raise typer.Exit(1)


async def _check_topic(
    settings: ConsoleSettings, topic: str, last: int, tally: Tally, tell: Callable[[Iterable[Verdict]], None]
) -> None:
    async for value, origin in newest_records(settings.kafka, topic, last=last, within_s=settings.deadline_s):
        tell(check_record(value, origin, tally=tally))


def _lines(source: str) -> Iterator[bytes]:
    """Without their ends."""
    if source == _STANDARD_INPUT:
        yield from (line.rstrip(b"\r\n") for line in sys.stdin.buffer)
        return
    try:
        with Path(source).open("rb") as file:
            yield from (line.rstrip(b"\r\n") for line in file)
    except OSError as error:
        raise typer.BadParameter(
            f"{source!r} is no file that can be read ({error.strerror}), and no topic of events: those are"
            f" {', '.join(EVENT_TOPICS)}"
        ) from error


def _table(tally: Tally) -> Table:
    table = Table("", "", title="events", show_header=False)
    table.columns[1].justify = "right"
    for name, count in sorted(tally.events.items()):
        table.add_row(f"{name}s", f"{count:,}")
    for reason, count in sorted(tally.bad.items()):
        table.add_row(f"bad: {reason}", f"{count:,}")
    if tally.advice:
        table.add_row("advice", f"{tally.advice:,}")
    if not table.rows:
        table.add_row("nothing to check", "")
    return table
