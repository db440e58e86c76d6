"""What the relay tells of itself. Lines read = events acknowledged + dead letters + events in flight."""

from typing import get_args

from prometheus_client import CollectorRegistry

from redirector.cache.store import TABLES
from schemas.errors import DeadLetterReason
from schemas.metrics import Declare
from schemas.topics import DEAD_LETTERS, EVENT_TOPICS


class RelayMetrics:
    """The relay's metrics on one registry; described in docs/metrics.md."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declare("relay", registry)
        self.registry = registry
        self.lines_read = declare.counter("lines_read", "Lines read from spools, once for each time.")
        self.events_acknowledged = declare.counter(
            "events_acknowledged", "Events that Kafka acknowledged.", "topic"
        )
        self.dead_letters = declare.counter(
            "dead_letters", "Lines that Kafka acknowledged as dead letters.", "reason"
        )
        self.events_in_flight = declare.gauge(
            "events_in_flight", "Lines read and neither acknowledged nor dead letters."
        )
        self.batches = declare.counter("batches", "Batches that Kafka acknowledged.", "topic")
        self.batch_bytes = declare.counter("batch_bytes", "Their bytes before compression.", "topic")
        self.send_errors = declare.counter("send_errors", "Sends and connections that failed.")
        self.retries = declare.counter("retries", "Records sent again after an error.")
        self.refusals = declare.counter(
            "refusals",
            "Records that a topic refused: no such topic, not allowed, too small for an event; tried again.",
            "topic",
        )
        self.kafka_up = declare.gauge("kafka_up", "1 when Kafka took or answered the last thing asked of it.")
        self.spools = declare.gauge("spools", "Spools that are not drained.")
        self.waiting_bytes = declare.gauge(
            "spool_waiting_bytes", "Bytes in spools that Kafka has not acknowledged."
        )
        self.oldest_waiting = declare.gauge("oldest_waiting_seconds", "Age of the oldest line not acknowledged.")
        self.torn_tails = declare.counter("torn_tails", "Unfinished last lines skipped; no client was answered.")
        self.torn_bytes = declare.counter("torn_bytes", "Their bytes.")
        self.seq_disorder = declare.counter("seq_disorder", "Lines whose seq is not above the one before.")
        self.spool_errors = declare.counter("spool_errors", "Disk errors on spools and checkpoints; tried again.")
        self.followed_applied = declare.counter(
            "followed_applied", "Changes of a followed topic written to the cache.", "topic", "change"
        )
        self.followed_skipped = declare.counter(
            "followed_skipped", "Records of a followed topic that are none of its kind.", "topic"
        )
        self.followed_errors = declare.counter(
            "followed_errors", "Failures while following a topic; tried again.", "topic"
        )
        self.followed_lag = declare.gauge(
            "followed_lag_records", "Offsets of a followed topic that the cache has not seen.", "topic"
        )
        self.cache_errors = declare.counter("cache_errors", "Disk errors on the cache; tried again.")
        self.visitor_keys_sent = declare.counter(
            "visitor_keys_sent", "Times the visitors' key went to other hosts."
        )
        self.visitor_keys_taken = declare.counter(
            "visitor_keys_taken", "Times another host's key was taken; that day's visitors may count twice."
        )
        self.visitor_key_errors = declare.counter(
            "visitor_key_errors", "Failures while sharing the visitors' key; tried again."
        )
        self.misses_sent = declare.counter("misses_sent", "Minutes of misses that Kafka acknowledged.")
        self.misses_errors = declare.counter("misses_errors", "Failures while sending misses; tried again.")
        self.misses_waiting = declare.gauge("misses_waiting", "Minutes of misses that Kafka does not have yet.")
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
