"""What the relay tells of itself. Lines read = events acknowledged + dead letters + events in flight."""

from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from redirector.cache.store import TABLES
from schemas.errors import DeadLetterReason
from schemas.topics import DEAD_LETTERS, EVENT_TOPICS

_PREFIX: Final = "clicktally_relay"


class RelayMetrics:
    """The relay's metrics on one registry; described in docs/metrics.md."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"{_PREFIX}_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"{_PREFIX}_{name}", text, labels, registry=registry)

        self.registry = registry
        self.lines_read = counter("lines_read_total", "Lines read from spools, once for each time.")
        self.events_acknowledged = counter(
            "events_acknowledged_total", "Events that Kafka acknowledged.", ("topic",)
        )
        self.dead_letters = counter(
            "dead_letters_total", "Lines that Kafka acknowledged as dead letters.", ("reason",)
        )
        self.events_in_flight = gauge("events_in_flight", "Lines read and neither acknowledged nor dead letters.")
        self.batches = counter("batches_total", "Batches that Kafka acknowledged.", ("topic",))
        self.batch_bytes = counter("batch_bytes_total", "Their bytes before compression.", ("topic",))
        self.send_errors = counter("send_errors_total", "Sends and connections that failed.")
        self.retries = counter("retries_total", "Records sent again after an error.")
        self.refusals = counter(
            "refusals_total",
            "Records that a topic refused: no such topic, not allowed, too small for an event; tried again.",
            ("topic",),
        )
        self.kafka_up = gauge("kafka_up", "1 when Kafka took or answered the last thing asked of it.")
        self.spools = gauge("spools", "Spools that are not drained.")
        self.waiting_bytes = gauge("spool_waiting_bytes", "Bytes in spools that Kafka has not acknowledged.")
        self.oldest_waiting = gauge("oldest_waiting_seconds", "Age of the oldest line not acknowledged.")
        self.torn_tails = counter("torn_tails_total", "Unfinished last lines skipped; no client was answered.")
        self.torn_bytes = counter("torn_bytes_total", "Their bytes.")
        self.seq_disorder = counter("seq_disorder_total", "Lines whose seq is not above the one before.")
        self.spool_errors = counter("spool_errors_total", "Disk errors on spools and checkpoints; tried again.")
        self.followed_applied = counter(
            "followed_applied_total", "Changes of a followed topic written to the cache.", ("topic", "change")
        )
        self.followed_skipped = counter(
            "followed_skipped_total", "Records of a followed topic that are none of its kind.", ("topic",)
        )
        self.followed_errors = counter(
            "followed_errors_total", "Failures while following a topic; tried again.", ("topic",)
        )
        self.followed_lag = gauge(
            "followed_lag_records", "Offsets of a followed topic that the cache has not seen.", ("topic",)
        )
        self.cache_errors = counter("cache_errors_total", "Disk errors on the cache; tried again.")
        for topic in EVENT_TOPICS:
            for metric in (self.events_acknowledged, self.batches, self.batch_bytes):
                metric.labels(topic)
        for topic in (*EVENT_TOPICS, DEAD_LETTERS):
            self.refusals.labels(topic)
        for reason in get_args(DeadLetterReason):
            self.dead_letters.labels(reason)
        for table in TABLES:
            for change in ("put", "delete"):
                self.followed_applied.labels(table, change)
            self.followed_skipped.labels(table)
            self.followed_errors.labels(table)
            self.followed_lag.labels(table)
