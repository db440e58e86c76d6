"""What ClickHouse and the console tell, in the words of what is expected, and how the two compare."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.campaign.stack import CampaignStack
from tests.campaign.stated import StatedTotal

_LOG: Final = """
SELECT link, platform, post, splitByChar('@', series)[1], toUnixTimestamp64Milli(start_at),
    toUnixTimestamp64Milli(end_at), toUnixTimestamp64Milli(observed_at), total, toUnixTimestamp64Milli(published_at)
FROM snapshots FINAL ORDER BY partition, record_offset, event_index
"""
_IMPRESSIONS: Final = """
SELECT link, source, class, impression_kind, toString(toDate(window_start)), sum(impressions) AS n
FROM counters WHERE kind = 0 GROUP BY ALL HAVING n != 0
"""
_CLICKS: Final = """
SELECT link, class, toString(least(toDate(window_start), toDate('{today}'))), sum(clicks) AS n
FROM counters WHERE kind = 0 GROUP BY ALL HAVING n != 0
"""
_REVISIONS: Final = """
SELECT link, platform, post, toString(toDate(window_start)), why, impressions, count() FROM revisions GROUP BY ALL
"""
_CAMPAIGNS: Final = "SELECT campaign, clicks, impressions FROM campaign_performance"

Numbers = Counter[tuple[Any, ...]]
"""How much of what: the first of a key is the name of the table or view that it stands in."""


@dataclass
class Difference:
    """Units that are not there and units that are there too often, over all keys."""

    missing: int = 0
    extra: int = 0
    wrong: dict[tuple[Any, ...], tuple[int, int]] = field(default_factory=dict)
    """Expected and counted, of the keys where they differ."""

    @property
    def is_none(self) -> bool:
        """Whether all is as it should be."""
        return not self.missing and not self.extra

    def plus(self, other: "Difference") -> "Difference":
        """Both together."""
        return Difference(self.missing + other.missing, self.extra + other.extra, self.wrong | other.wrong)


def compare(expected: Numbers, counted: Numbers) -> Difference:
    """Each key must have its number, to the last unit; of one below zero less is more."""
    difference = Difference()
    for key in expected.keys() | counted.keys():
        off = counted[key] - expected[key]
        difference.missing += max(0, -off)
        difference.extra += max(0, off)
        if off:
            difference.wrong[key] = expected[key], counted[key]
    return difference


def log_of(stack: CampaignStack) -> list[tuple[str, StatedTotal]]:
    """All snapshots as they lie in Kafka's log, in its order, each with its link."""
    return [(str(link), StatedTotal(*rest)) for link, *rest in stack.select(_LOG)]


def counted(stack: CampaignStack, log: Iterable[tuple[str, StatedTotal]], today: str) -> Numbers:
    """Everything that the campaign is compared by; clicks of today and later are of `today`."""
    numbers: Numbers = Counter({("said", *one): 1 for _, one in log})
    for *key, number in stack.select(_IMPRESSIONS):
        numbers["impressions", *key] = number
        if key[1] in ("snapshot", "opening", "revision"):
            numbers["totals", key[0]] += number
    for *key, number in stack.select(_CLICKS.format(today=today)):
        numbers["clicks", *key] = number
    for *key, number in stack.select(_REVISIONS):
        numbers["revisions", *key] = number
    for campaign, clicks, impressions in stack.select(_CAMPAIGNS):
        numbers["campaign_performance", campaign, "clicks"] = clicks
        numbers["campaign_performance", campaign, "impressions"] = impressions
    return numbers


def unmatched(stack: CampaignStack) -> Numbers:
    """What `clicktally impressions unmatched` lists, by total."""
    listed = stack.console("impressions", "unmatched", "--csv", "-")
    if not listed.startswith("post,"):
        return Counter()
    rows = csv.DictReader(io.StringIO(listed))
    # A cell that a spreadsheet could take for a formula begins with an apostrophe.
    return Counter({("unmatched", row["platform"], row["post"].lstrip("'")): int(row["total"]) for row in rows})
