"""Falsify what was counted: a comparison that lets this pass is worth nothing."""

from typing import Final

from tests.campaign.cast import DOMAIN
from tests.campaign.stack import CampaignStack
from tests.chaos.http import execute

LINK: Final = f"{DOMAIN}/x-0"


def falsify(stack: CampaignStack) -> None:
    """A click too many, and one display of yesterday in the day before, which no total shows."""
    columns = "kind, link, window_start, class, source, impression_kind, rules, flush_month, clicks, impressions"
    rows = (
        ("now()", "", "", 1, 0),
        ("now() - INTERVAL 1 DAY", "snapshot", "platform", 0, -1),
        ("now() - INTERVAL 2 DAY", "snapshot", "platform", 0, 1),
    )
    values = ", ".join(
        f"(0, '{LINK}', toStartOfMinute({at}), 'human', '{source}', '{kind}', 1, toStartOfMonth(now()),"
        f" {clicks}, {impressions})"
        for at, source, kind, clicks, impressions in rows
    )
    execute(stack.clickhouse_url, f"INSERT INTO counters ({columns}) VALUES {values}")


def leave(_: CampaignStack) -> None:
    """Change nothing."""
