"""The command `clicktally audit`: its options, its table for people and its document for machines."""

import re
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from console.audit.findings import RUNBOOKS, Report, Severity, exit_status
from console.audit.run import SETTLE_S, Scope, audit
from console.settings import ConsoleSettings
from schemas.settings import settings_or_exit

_UNITS_S: Final = {"m": 60, "h": 3600, "d": 86_400}
_AGO: Final = re.compile(r"([1-9][0-9]*)([mhd])")
_COLOURS: Final[dict[Severity, str]] = {
    "ok": "green",
    "unchecked": "magenta",
    "warning": "yellow",
    "broken": "bold red",
}


def seconds_ago(text: str, *, kept_days: int) -> int:
    """`90m`, `24h`, `7d` in seconds, where rows are kept for `kept_days`. Raises typer.BadParameter.

    A day begins up to one day before, and a TTL may be ahead by some hours.
    """
    match = _AGO.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r}: say how long ago, such as 90m, 24h or 7d")
    ago_s = int(match[1]) * _UNITS_S[match[2]]
    if ago_s > (kept_days - 2) * 86_400:
        raise typer.BadParameter(
            f"{text!r}: events and the markers of flushes are kept for {kept_days} days, so at most"
            f" {kept_days - 2}d; CLICKTALLY_CONSOLE_EVENTS_DAYS and _MARKERS_DAYS say so"
        )
    return ago_s


def audit_command(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    spool_dir: Annotated[
        Path | None, typer.Option(help="Also check the spools of this host.", show_default=False)
    ] = None,
    since: Annotated[str, typer.Option(help="How far back: 90m, 24h, 7d.")] = "7d",
    settle: Annotated[
        float, typer.Option(min=0.0, help="Seconds until a second look; longer than the stream's flush interval.")
    ] = SETTLE_S,
    deep: Annotated[
        bool, typer.Option("--deep", help="Name the links of which counters and events differ.")
    ] = False,
) -> None:
    """Check that everything was counted once, and say what to do about each finding.

    Exit status: 0 nothing is broken, 1 something is, 2 something could not be checked.
    """
    settings = settings_or_exit(ConsoleSettings, check=False)
    ago_s = seconds_ago(since, kept_days=min(settings.events_days, settings.markers_days))
    report = uvloop.run(audit(settings, Scope(int(time.time()) - ago_s, spool_dir, deep, settle)))
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        Console().print(table_of(report))
    raise typer.Exit(exit_status(report.findings))


def table_of(report: Report) -> Table:
    """The report as a table for people, for any terminal: a finding's parts stand below each other."""
    table = Table(title=f"audit at {report.checked_at}, since {report.since}: {report.status}", show_lines=True)
    table.add_column("finding", no_wrap=True)
    table.add_column("what, and what to do", overflow="fold", ratio=1)
    for finding in sorted(report.findings, key=lambda one: list(_COLOURS).index(one.severity), reverse=True):
        lines = [f"{finding.name}: {finding.what}", finding.where, finding.advice]
        if finding.runbook:
            lines.append(f"{RUNBOOKS}/{finding.runbook}")
        table.add_row(
            f"[{_COLOURS[finding.severity]}]{finding.severity}[/]\n{finding.check}",
            _plain("\n".join(filter(None, lines))),
        )
    return table


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
