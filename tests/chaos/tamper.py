"""Falsify what was counted: the recount that lets this pass is worth nothing."""

from tests.chaos.abuse import DOMAIN
from tests.chaos.http import execute
from tests.chaos.stack import Stack


def falsify(stack: Stack) -> None:
    """One click too many in the counters, and the events of one link gone."""
    execute(
        stack.clickhouse_url,
        "INSERT INTO counters (kind, link, window_start, class, rules, flush_month, clicks)"
        f" VALUES (0, '{DOMAIN}/l0', toStartOfMinute(now()), 'human', 1, toStartOfMonth(now()), 1)",
    )
    execute(
        stack.clickhouse_url,
        f"ALTER TABLE events DELETE WHERE link = '{DOMAIN}/l1' SETTINGS mutations_sync = 1",
    )


def leave(_: Stack) -> None:
    """Change nothing."""
