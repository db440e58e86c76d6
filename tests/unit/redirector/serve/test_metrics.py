import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from redirector.serve.counts import DROP_REASONS, OUTCOMES, Counts
from redirector.serve.latency import Latency
from redirector.serve.metrics import ServeCollector

LATENCY = Latency()
DOCUMENTED = Path(__file__).parents[4] / "docs" / "metrics.md"


def registry(counts: Counts) -> CollectorRegistry:
    made = CollectorRegistry()
    ServeCollector(
        counts,
        latency=LATENCY,
        open_connections=lambda: 3,
        spool_used_bytes=lambda: 4,
        spool_cap_bytes=5,
    ).register(made)
    return made


def test_a_scrape_reads_the_counts_as_they_are_now() -> None:
    counts = Counts()
    scraped = registry(counts)
    counts.outcomes["redirected"] += 7
    counts.dropped["spool_full"] += 1
    value = scraped.get_sample_value
    assert value("clicktally_serve_requests_total", {"outcome": "redirected"}) == 7
    assert value("clicktally_serve_dropped_total", {"reason": "spool_full"}) == 1
    assert value("clicktally_serve_connections") == 3


def test_every_outcome_and_reason_is_there_from_the_start() -> None:
    scraped = registry(Counts())
    for outcome in OUTCOMES:
        assert scraped.get_sample_value("clicktally_serve_requests_total", {"outcome": outcome}) == 0
    for reason in DROP_REASONS:
        assert scraped.get_sample_value("clicktally_serve_dropped_total", {"reason": reason}) == 0


def test_every_metric_is_documented() -> None:
    exported = {
        family.name + ("_total" if family.type == "counter" else "") for family in registry(Counts()).collect()
    }
    documented = set(re.findall(r"`(clicktally_serve_\w+)`", DOCUMENTED.read_text()))
    assert exported == documented
