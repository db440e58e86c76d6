"""How a service declares its metrics: by name, meaning and labels, all under the service's own prefix."""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Declare:
    """Makes metrics named `clicktally_<service>_<name>` on one registry.

    A counter's name gets `_total`. Labels come from closed sets: never a link, an address or an agent.
    """

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._prefix: Final = f"clicktally_{service}_"
        self._registry: Final = registry

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """What only grows."""
        return Counter(self._prefix + name, meaning, labels, registry=self._registry)

    def gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        """What goes up and down."""
        return Gauge(self._prefix + name, meaning, labels, registry=self._registry)

    def histogram(self, name: str, meaning: str, *labels: str, buckets: Sequence[float]) -> Histogram:
        """How often values were at most each of `buckets`."""
        return Histogram(self._prefix + name, meaning, labels, buckets=buckets, registry=self._registry)
