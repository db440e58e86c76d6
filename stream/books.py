"""The books of one topic-partition: what came in and what became of it, for Prometheus and the log."""

import logging
from collections.abc import Mapping
from typing import Final

from schemas.counters import Chain
from schemas.events import TrafficClass
from stream.chain import Done, Flushed, Outcome, Overtaken
from stream.deltas import Deltas, Tally
from stream.metrics import StreamMetrics

logger = logging.getLogger(__name__)


class Books:
    """Received = settled + discarded + buffered."""

    def __init__(self, chain: Chain, metrics: StreamMetrics) -> None:
        self._topic: Final = chain.topic
        self._partition: Final = chain.partition
        self._metrics: Final = metrics

    def _place(self, offset: int) -> dict[str, object]:
        return {"topic": self._topic, "partition": self._partition, "offset": offset}

    def loaded(self, cause: str) -> None:
        """The state was read anew."""
        self._metrics.rebuilds.labels(cause).inc()

    def missing(self, first: int, records: int) -> None:
        """Retention took records from `first` on before they were read."""
        self._metrics.log_gaps.labels(self._topic, str(self._partition)).inc(records)
        logger.error(
            "%d records were deleted by retention before they were counted", records, extra=self._place(first)
        )

    def received(self, offset: int, tally: Tally) -> None:
        """A record was folded."""
        self._metrics.received.labels(self._topic).inc(tally.settled)
        if tally.gaps:
            self._metrics.gaps.labels(self._topic).inc(tally.gaps)
            logger.error("a spool's batch before this one never arrived", extra=self._place(offset))

    def discarded(self, cause: str, events: int) -> None:
        """Events are thrown away unflushed, to be read again."""
        if events:
            self._metrics.discarded.labels(self._topic, cause).inc(events)

    def flushing(self, waited_s: float) -> None:
        """A flush begins, whose oldest record waited for so long."""
        self._metrics.flush_waited.observe(waited_s)

    def ended(self, flushed: Flushed, outcome: Outcome) -> None:
        """A flush came to this."""
        metrics, place = self._metrics, self._place(flushed.first)
        metrics.flushes.labels(type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Done):
            if outcome.burned:
                metrics.burned.inc(outcome.burned)
                logger.warning("ClickHouse acknowledged a flush it did not keep; inserted again", extra=place)
        elif isinstance(outcome, Overtaken):
            logger.warning("another writer moved the head to %d; rebuilding", outcome.head, extra=place)
        else:
            logger.error("the counters went back to offset %d; reading again", outcome.head, extra=place)

    def settled(
        self, flushed: Flushed, deltas: Deltas, by_class: Mapping[TrafficClass, int], took_s: float
    ) -> None:
        """A flush is durable."""
        metrics, topic, tally = self._metrics, self._topic, deltas.tally
        metrics.settled.labels(topic, "counted").inc(tally.counted)
        metrics.settled.labels(topic, "resent").inc(tally.resent)
        metrics.settled.labels(topic, "dead_letter").inc(tally.dead_letters)
        metrics.late.labels(topic).inc(tally.late)
        metrics.keys_reused.labels(topic).inc(deltas.keys_reused)
        for late_ms in deltas.lateness_ms:
            metrics.lateness.labels(topic).observe(late_ms / 1000)
        for _, poison in deltas.poison:
            metrics.dead_letters.labels(topic, poison.reason).inc()
        for traffic_class, count in by_class.items():
            metrics.counted_by_class.labels(topic, traffic_class).inc(count)
        for kept in deltas.snapshots:
            metrics.snapshots.labels(kept.effect).inc()
        metrics.flush_seconds.observe(took_s)
        metrics.head.labels(topic, str(self._partition)).set(flushed.last)
        metrics.last_flush.labels(topic, str(self._partition)).set_to_current_time()
