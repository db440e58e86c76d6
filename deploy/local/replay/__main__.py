"""``python -m deploy.local.replay FILE``, or `make replay FILE=…`: an access log through the running stack."""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from console.link_topic import LinkTopic
from deploy.local.replay.access_log import Request
from deploy.local.replay.classes import Rules
from deploy.local.replay.counted import (
    Clicks,
    Comparison,
    compare,
    difference,
    read_clicks,
    read_misjudged,
    settled,
    total,
)
from deploy.local.replay.expected import expected_clicks
from deploy.local.replay.plan import link_of, plan_of
from deploy.local.replay.traffic import Connection, Outcome, UnansweredError, send_all
from deploy.local.settings import LocalSettings
from deploy.local.stack.settings import RunSettings, Stack
from schemas.clickhouse.client import connect
from schemas.errors import ClickHouseError, TransientError
from schemas.events import CLICK_CLASSES
from schemas.links import Link
from schemas.settings import settings_or_exit

_TOP: Final = 15
_QUIET_S: Final = 3.0
_SERVED_WITHIN_S: Final = 30.0
_POLL_S: Final = 0.05
_FILE_COLUMNS: Final = 160


class ReplayError(Exception):
    """The replay cannot begin; the message says what to do."""


async def import_links(stack: Stack, links: Iterable[Link]) -> None:
    """Raises TransientError."""
    async with LinkTopic(stack.bootstrap_servers) as topic:
        for link in links:
            await topic.put(link)
        await topic.flush()


async def until_served(stack: Stack, last: Link, domain: str) -> None:
    """Wait until the link that was imported last is answered, by HEAD, which is no click. Raises ReplayError."""
    target = b"/" + quote(last.slug).encode()
    last_head = Request(b"127.0.0.1", b"HEAD", target, b"", b"clicktally replay")
    connection = Connection(stack.run.host, stack.run.port, domain)
    try:
        async with asyncio.timeout(_SERVED_WITHIN_S):
            while True:
                try:
                    if await connection.status(last_head) == last.status:
                        return
                except UnansweredError:
                    pass
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise ReplayError(
            f"the links are not served at {stack.base_url} after {_SERVED_WITHIN_S:.0f} s: is `make run` running?"
        ) from error
    finally:
        await connection.close()


async def replay(stack: Stack, arguments: argparse.Namespace, out: Console) -> int:
    """Import, send, wait, compare, report; the exit status."""
    plan = plan_of(arguments.file.read_bytes().splitlines(), arguments.domain)
    requests, links = plan.requests, plan.links
    out.print(f"{len(requests)} requests of {len(links)} links; {plan.skipped} lines are no requests")
    for line in [*plan.not_sent[:_TOP], *_and_more(len(plan.not_sent) - _TOP)]:
        out.print(f"not sent: {line}", markup=False, highlight=False)
    if not requests:
        raise ReplayError(
            f"{arguments.file} has no request: is it in the common or combined format, or nginx's main?"
        )
    client = await connect(stack.clickhouse_url)
    try:
        with out.status(f"importing {len(links)} links"):
            await import_links(stack, links.values())
            await until_served(stack, next(reversed(links.values())), arguments.domain)

        async def read() -> Clicks:
            return await read_clicks(client, arguments.domain)

        with out.status("waiting until nothing of earlier runs is under way"):
            before = await settled(read, at_least=0, quiet_s=_QUIET_S, deadline_s=arguments.deadline_s)
        started, started_s = time.monotonic(), int(time.time())
        outcome = await _send(stack, requests, arguments, out)
        sent_in_s = time.monotonic() - started
        unanswered = _keys(outcome.unanswered, arguments.domain)
        expected = expected_clicks(plan.sent_lines, arguments.domain)
        with out.status("waiting until everything is counted"):
            after = await settled(
                read,
                at_least=total(before) + sum(expected.values()) - unanswered.total(),
                quiet_s=_QUIET_S,
                deadline_s=arguments.deadline_s,
            )
        seconds = time.monotonic() - started - _QUIET_S
        misjudged = await read_misjudged(client, _rules(arguments), since_s=started_s)
    finally:
        await client.close()
    counted = difference(before, after)
    comparison = compare(counted, expected, unanswered)
    out.print(_table(counted, expected))
    _report(out, outcome, comparison, sent_in_s)
    for line in [*misjudged[:_TOP], *_and_more(len(misjudged) - _TOP)]:
        out.print(f"of another class than the rules give: {line}", style="red", markup=False)
    summary = {
        "requests": outcome.sent,
        "redirects": outcome.redirects,
        "counted": total(counted),
        "classes": {one: sum(counts[one] for counts in counted.values()) for one in CLICK_CLASSES},
        "misjudged": len(misjudged),
        "missing": comparison.missing,
        "extra": comparison.extra,
        "unanswered": len(outcome.unanswered),
        "left_out": plan.left_out,
        "skipped": plan.skipped,
        "seconds": round(seconds, 2),
    }
    sys.stdout.write(json.dumps(summary) + "\n")
    return 1 if comparison.missing or comparison.extra or misjudged else 0


def _rules(arguments: argparse.Namespace) -> Rules:
    return Rules(int(arguments.duplicate_window_s * 1000), arguments.clicks_per_minute)


async def _send(stack: Stack, requests: list[Request], arguments: argparse.Namespace, out: Console) -> Outcome:
    with Progress(console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("sending", total=len(requests))
        return await send_all(
            iter(requests),
            host=stack.run.host,
            port=stack.run.port,
            domain=arguments.domain,
            connections=arguments.connections,
            on_sent=lambda: progress.advance(task),
        )


def _and_more(count: int) -> list[str]:
    return [f"{count:,} more lines"] if count > 0 else []


def _keys(requests: Iterable[Request], domain: str) -> Counter[str]:
    return Counter(link_of(one, domain).key for one in requests if one.method == b"GET")


def _table(counted: Clicks, expected: dict[str, int]) -> Table:
    table = Table("link", *CLICK_CLASSES, "all", "in the file", title="clicks of this replay")
    for column in table.columns[1:]:
        column.justify = "right"
    nothing: Counter[str] = Counter()
    for link in sorted(expected, key=lambda link: -expected[link])[:_TOP]:
        counts = counted.get(link, nothing)
        table.add_row(link, *(str(counts[one]) for one in CLICK_CLASSES), str(counts.total()), str(expected[link]))
    table.add_section()
    table.add_row(
        f"all {len(expected)} links",
        *(str(sum(counts[one] for counts in counted.values())) for one in CLICK_CLASSES),
        str(total(counted)),
        str(sum(expected.values())),
    )
    return table


def _report(out: Console, outcome: Outcome, comparison: Comparison, seconds: float) -> None:
    answers = ", ".join(f"{status} {count} times" for status, count in sorted(outcome.statuses.items()))
    out.print(f"{outcome.sent} requests in {seconds:.1f} s; answers: {answers or 'none'}", highlight=False)
    if outcome.unanswered:
        out.print(f"{len(outcome.unanswered)} got no answer: each may be counted once or not at all")
    for link, off in sorted(comparison.links.items())[:_TOP]:
        out.print(f"wrong: {link} by {off:+}", style="red", markup=False)


def _console() -> Console:
    """As wide as the terminal; into a file, wide enough for the table."""
    return Console(soft_wrap=True, width=None if sys.stdout.isatty() else _FILE_COLUMNS)


def main() -> None:
    """Exit with 1 when a click is missing, too many or of a wrong class, or when the stack cannot be reached."""
    parser = argparse.ArgumentParser(prog="make replay", description=__doc__)
    parser.add_argument("file", type=Path, help="access log: common or combined format, or nginx's main")
    parser.add_argument("--domain", default="replay.localhost", help="domain of the links (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=64, help="requests at a time (default: %(default)s)")
    parser.add_argument("--deadline-s", type=float, default=120.0, help="how long counting may lag")
    ours = "as the stream's setting (default: %(default)s)"
    parser.add_argument("--duplicate-window-s", type=float, default=10.0, help=ours)
    parser.add_argument("--clicks-per-minute", type=int, default=120, help=ours)
    arguments = parser.parse_args()
    stack = Stack(settings_or_exit(LocalSettings, check=False), settings_or_exit(RunSettings, check=False))
    try:
        status = asyncio.run(replay(stack, arguments, _console()))
    except (ReplayError, TransientError, ClickHouseError, OSError) as error:
        sys.exit(f"replay: {error}")
    sys.exit(status)


if __name__ == "__main__":
    main()
