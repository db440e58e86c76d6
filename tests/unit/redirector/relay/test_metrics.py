"""What the relay measures is described, and its labels are closed sets."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from redirector.relay.metrics import RelayMetrics

METRICS_PAGE = Path(__file__).resolve().parents[4] / "docs" / "metrics.md"


def test_every_metric_of_the_relay_is_described_and_nothing_else_is() -> None:
    registry = CollectorRegistry()
    RelayMetrics(registry)
    exported = {
        sample.name
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    described = {
        line.split("`")[1]
        for line in METRICS_PAGE.read_text().splitlines()
        if line.startswith("| `clicktally_relay_")
    }
    assert described == exported
