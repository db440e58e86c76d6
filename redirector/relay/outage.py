"""Whether Kafka answers: logged at an outage's begin and at its end, by whomever it is noticed."""

import logging
import time
from typing import Final

from redirector.relay.metrics import RelayMetrics

log: Final = logging.getLogger(__name__)


class Outage:
    """Since when which sessions get no answer."""

    def __init__(self, metrics: RelayMetrics) -> None:
        self._metrics = metrics
        self._silent: set[object] = set()
        self._since = 0.0
        self.trouble = ""
        """Why nothing is sent; empty as long as Kafka answers."""

    def begin(self, session: object, error: Exception) -> None:
        """A session got no answer."""
        if not self._silent:
            self._since = time.monotonic()
            log.warning("Kafka does not answer; spools grow until it does: %s", error)
        self._silent.add(session)
        self.trouble = f"Kafka does not answer: {error}"
        self._metrics.kafka_up.set(0)

    def end(self, session: object) -> None:
        """A session got one."""
        if session in self._silent:
            self._silent.discard(session)
            if not self._silent:
                log.warning("Kafka answers again after %.1f s", time.monotonic() - self._since)
        if not self._silent:
            self.trouble = ""
        self._metrics.kafka_up.set(0 if self._silent else 1)
