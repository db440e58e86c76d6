"""The command line of a recount: `python -m stream reclassify`, which `clicktally reclassify` calls."""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import uvloop

from schemas.clickhouse.client import connect
from schemas.command_errors import errors_in_words
from schemas.settings import settings_or_exit
from stream.recount.run import Recount
from stream.rulebook import Rulebook, rulebook_of
from stream.settings import StreamSettings
from stream.sink import ClickHouseSink

_NAME: Final = "clicktally reclassify"
_QUERY_TIMEOUT_S: Final = 3600.0


def main(given: Sequence[str]) -> None:
    """Parse, recount, say what changed."""
    parser = argparse.ArgumentParser(
        prog=_NAME,
        description="Apply the rules of today to stored events and correct the counters. Safe to repeat, to kill,"
        " and to run while clicks are counted. It needs the settings of the workers: the same rules, the same"
        " ClickHouse (CLICKTALLY_STREAM_*).",
    )
    parser.add_argument(
        "--since",
        required=True,
        type=_day,
        metavar="DAY",
        help="first day, UTC: 2026-11-01, or 30d for 30 days ago",
    )
    parser.add_argument("--until", type=_day, metavar="DAY", help="last day, UTC; left out: today")
    parser.add_argument(
        "--rules", type=int, metavar="N", help="go on only if this is the rule set that is installed"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    arguments = parser.parse_args(given)
    settings = settings_or_exit(StreamSettings, check=False)
    rulebook = rulebook_of(settings)
    classifier = rulebook.classifier
    if arguments.rules not in {None, classifier.number}:
        parser.error(
            f"the rule set that is installed, with the operator's own files, is {classifier.number}, not"
            f" {arguments.rules}: `python -m stream.agents show` tells what it is made of"
        )
    last = arguments.until or datetime.now(UTC).date()
    print(f"by rule set {classifier.number}, from {arguments.since} to {last}", flush=True)  # noqa: T201 - for people
    with errors_in_words(_NAME, "CLICKTALLY_STREAM_"):
        moved = uvloop.run(_recount(settings, rulebook, arguments.since, last, dry=arguments.dry_run))
    print(f"{moved:,} events have another class than they were first counted as")  # noqa: T201 - as above


async def _recount(settings: StreamSettings, rulebook: Rulebook, first: date, last: date, *, dry: bool) -> int:
    client = await connect(settings.clickhouse, send_receive_timeout_s=_QUERY_TIMEOUT_S)
    try:
        recount = Recount(client, ClickHouseSink(client), rulebook, _say, dry=dry)
        return await recount.days(first, last, time.time)
    finally:
        await client.close()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - progress, for people


def _day(text: str) -> date:
    if text.endswith("d") and text[:-1].isdecimal():
        return datetime.now(UTC).date() - timedelta(days=int(text[:-1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a day is 2026-11-01, or 30d for 30 days ago") from None
