"""What Prometheus sees of `serve`; see docs/metrics.md for the meaning of each."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

from redirector.serve.counts import Counts
from redirector.serve.latency import BOUNDS_S, Latency

_PREFIX: Final = "clicktally_serve_"
_BOUNDS: Final = [*map(floatToGoString, BOUNDS_S), "+Inf"]


class ServeCollector(Collector):
    """Reads the plain counts at each scrape, so that the hot path knows nothing of Prometheus."""

    def __init__(
        self,
        counts: Counts,
        *,
        latency: Latency,
        open_connections: Callable[[], int],
        spool_used_bytes: Callable[[], int],
        spool_cap_bytes: int,
    ) -> None:
        self._counts: Final = counts
        self._latency: Final = latency
        self._cap_bytes: Final = spool_cap_bytes
        self._gauges: Final = (
            ("connections", "Open client connections.", open_connections),
            ("spool_used_bytes", "Bytes in this process's spool that Kafka does not have yet.", spool_used_bytes),
            ("spool_cap_bytes", "Bytes the spool may hold before events are dropped.", lambda: self._cap_bytes),
        )

    def register(self, registry: CollectorRegistry) -> None:
        """Add the metrics to `registry`."""
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        counts = self._counts
        yield _labelled("requests", "Requests answered, by outcome.", "outcome", counts.outcomes.items())
        yield _labelled(
            "keyed_requests", "Requests with an Idempotency-Key, by result.", "result", counts.keyed.items()
        )
        yield _labelled(
            "snapshots", "Platforms' totals that were posted, by result.", "result", counts.snapshots.items()
        )
        webhooks = CounterMetricFamily(
            _PREFIX + "webhook_events", "What email providers sent, by result.", labels=["provider", "result"]
        )
        for (provider, result), count in counts.webhooks.items():
            webhooks.add_metric([provider, result], count)
        yield webhooks
        yield _labelled("dropped", "Events not kept, by reason.", "reason", counts.dropped.items())
        yield _labelled(
            "refused", "Requests turned away for who sent them, by reason.", "reason", counts.refused.items()
        )
        for name, meaning, value in (
            ("events_received", "Events that requests made.", counts.received),
            ("events_appended", "Events written to the spool.", counts.appended),
            ("items_accepted", "Posted impressions that were kept.", counts.items_accepted),
            ("items_rejected", "Posted impressions that were not.", counts.items_rejected),
            ("misses_kept", "Requests for unknown or expired links that were counted by slug.", counts.misses_kept),
            ("misses_lost", "Such requests that could not be counted by slug.", counts.misses_lost),
            ("malformed_requests", "Requests that were no valid HTTP.", counts.malformed),
            ("handovers", "Connections handed from the fast to the ordinary lane.", counts.handovers),
            (
                "connections_refused",
                "Clients that there was no room for.",
                counts.connections_refused,
            ),
            ("slow_clients_closed", "Connections cut because the client took too long.", counts.slow_closed),
        ):
            yield CounterMetricFamily(_PREFIX + name, meaning, value=value)
        yield _histograms("answer_seconds", "Time from a request to its answer, by outcome.", self._latency)
        for name, meaning, read in self._gauges:
            yield GaugeMetricFamily(_PREFIX + name, meaning, value=read())


def _labelled(name: str, meaning: str, label: str, values: Iterable[tuple[str, int]]) -> CounterMetricFamily:
    family = CounterMetricFamily(_PREFIX + name, meaning, labels=[label])
    for value, count in values:
        family.add_metric([value], count)
    return family


def _histograms(name: str, meaning: str, latency: Latency) -> HistogramMetricFamily:
    family = HistogramMetricFamily(_PREFIX + name, meaning, labels=["outcome"])
    for outcome, counts, sum_s in latency.histograms():
        family.add_metric([outcome], list(zip(_BOUNDS, counts, strict=True)), sum_s)
    return family
