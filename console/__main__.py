"""`clicktally`: what an operator does at a terminal."""

import logging
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from console.api import service
from console.api.settings import ApiSettings
from console.audit.command import audit_command
from console.check_events.command import check_events
from console.forget import NobodyError, Whom, forget
from console.impressions.command import app as impressions
from console.links import app as links
from console.migrations import create_topics, keep_rows, migrate_tables, roll_up_minutes
from console.poll.command import poll_command
from console.roll_up import end_of_minutes_s
from console.settings import ConsoleSettings
from console.tokens import app as tokens
from schemas.clickhouse.migrate import MigrationError
from schemas.clickhouse.retention import RetentionError
from schemas.command_errors import errors_in_words
from schemas.logs import set_up_logs
from schemas.settings import settings_or_exit

_NAME: Final = "clicktally"
_PASSED_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True}

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False, help=__doc__)
app.add_typer(links, name="links")
app.add_typer(impressions, name="impressions")
app.add_typer(tokens, name="tokens")
app.command("audit")(audit_command)
app.command("check-events")(check_events)
app.command("poll")(poll_command)


def _check(wanted: bool) -> None:
    if wanted:
        settings_or_exit(ConsoleSettings, check=True)


@app.callback()
def _root(
    *,
    _check: Annotated[
        bool,
        typer.Option("--check", is_eager=True, callback=_check, help="Print the effective settings and exit."),
    ] = False,
) -> None:
    """What an operator does at a terminal. Settings come from CLICKTALLY_CONSOLE_* variables."""


@app.command()
def migrate(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be done.")] = False
) -> None:
    """Create or upgrade the tables in ClickHouse and the topics in Kafka. Safe to repeat."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    out = Console()
    todo = uvloop.run(
        migrate_tables(settings, dry_run=dry_run, progress=lambda line: out.print(line, highlight=False))
    )
    for migration in todo:
        out.print(f"{'would apply' if dry_run else 'applied'} {migration.name}", highlight=False)
    if not dry_run:
        for table in uvloop.run(keep_rows(settings)):
            out.print(f"{table.table} keeps {table.what} for {table.days} days", highlight=False)
        for name in uvloop.run(create_topics(settings)):
            out.print(f"created topic {name}", highlight=False)
    if not (dry_run and todo):
        out.print("tables are up to date" if dry_run else "tables and topics are up to date")


@app.command("reclassify", add_help_option=False, context_settings=_PASSED_ON)
def reclassify_command(context: typer.Context) -> None:
    """Judge stored events by the rules of today, and correct the counters, exactly once."""
    # The rules are the stream's, and so are the settings that say which: it does it.
    command = [sys.executable, "-m", "stream", "reclassify", *context.args]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - what the operator typed


@app.command("roll-up")
def roll_up_command(
    *,
    every_h: Annotated[
        float | None, typer.Option(min=0.1, help="Go on: again after so many hours.", show_default=False)
    ] = None,
) -> None:
    """Make longer windows of the counters' old minutes; no total changes. Safe to repeat and to kill."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    out = Console()
    while True:
        before_s = end_of_minutes_s(time.time(), minutes_days=settings.minutes_days)
        rows = uvloop.run(
            roll_up_minutes(settings, before_s=before_s, progress=lambda line: out.print(line, highlight=False))
        )
        day = datetime.fromtimestamp(before_s, UTC).date()
        out.print(
            f"rolled up {rows:,} rows of minutes" if rows else f"no minutes are left of the months before {day}",
            highlight=False,
        )
        if every_h is None:
            return
        time.sleep(every_h * 3600)


@app.command("forget")
def forget_command(
    *,
    link: Annotated[str, typer.Option(help="All events of a link, as domain/slug.", show_default=False)] = "",
    visitor: Annotated[int, typer.Option(min=0, help="All of a visitor's number.", show_default=False)] = 0,
    click_id: Annotated[
        str, typer.Option(help="All of the visitor who made this click, on its day.", show_default=False)
    ] = "",
) -> None:
    """Empty what events keep of a person: visitor, agent, referrer, region, ids. No count changes."""
    whom = Whom(link, visitor, click_id)
    if sum(map(bool, (link, visitor, click_id))) != 1:
        raise typer.BadParameter("say one of --link, --visitor and --click-id: whom to forget")
    settings = settings_or_exit(ConsoleSettings, check=False)
    events = uvloop.run(forget(settings.clickhouse, whom))
    Console().print(f"forgotten in {events:,} events; Kafka keeps them for some days yet: docs/privacy.md")


@app.command()
def serve(
    *, check: Annotated[bool, typer.Option("--check", help="Print the effective settings and exit.")] = False
) -> None:
    """Serve the API until it is told to stop. Settings come from CLICKTALLY_API_* variables."""
    settings = settings_or_exit(ApiSettings, check=check)
    set_up_logs("api", settings.log_level)
    with errors_in_words(_NAME, "CLICKTALLY_API_"):
        uvloop.run(service.run(settings))


def main() -> None:
    """Run a command; what can be put right is told in one line, with exit status 1."""
    # What the client libraries log while something is down, the final message says in one line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with errors_in_words(_NAME, "CLICKTALLY_CONSOLE_", MigrationError, NobodyError, RetentionError):
        app()


if __name__ == "__main__":
    main()
