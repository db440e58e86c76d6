"""What the console's API tells Prometheus."""

from typing import Final

from prometheus_client import CollectorRegistry

from schemas.metrics import Declare

_ANSWER_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SERVED_S: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class ApiMetrics:
    """Changes asked for = made + unchanged + refused + failed + unknown, once all are answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry: Final = registry
        declare = Declare("api", registry)
        self.requests = declare.counter(
            "requests", "Requests answered, by operation of the description and by status", "operation", "status"
        )
        self.answer_seconds = declare.histogram(
            "answer_seconds", "Time from a request to the end of its answer", "operation", buckets=_ANSWER_S
        )
        self.changes = declare.counter(
            "changes",
            "Changes that this console decided as the writer: made, unchanged, refused, failed (nothing was"
            " written) or unknown (Kafka did not say)",
            "result",
        )
        self.transactions = declare.counter(
            "transactions", "Transactions of the writer: committed, failed, or fenced by a newer writer", "result"
        )
        self.writer = declare.gauge("writer", "1 while this console is the writer and takes changes")
        self.forwarded = declare.counter(
            "forwarded", "Changes handed to the writer on another console: answered or failed", "result"
        )
        self.served_seconds = declare.histogram(
            "served_seconds",
            "Time from a change's commit until this host's redirector answered with it",
            buckets=_SERVED_S,
        )
        self.not_served = declare.counter(
            "not_served", "Changes answered 202: the redirector did not answer with them in time"
        )
        self.follow_errors = declare.counter(
            "follow_errors", "Failures of Kafka while following a topic, after which it was tried again", "topic"
        )
        self.skipped = declare.counter(
            "records_skipped",
            "Records of a followed topic that are not what it is for; the log has their offsets",
            "topic",
        )
        self.follow_lag = declare.gauge("follow_lag_records", "Offsets of a topic not yet followed", "topic")
        self.index_made_anew = declare.counter(
            "index_made_anew",
            "Starts of this console that did not use the index that was there: damaged, or of another layout",
            "reason",
        )
        self.index_bytes = declare.gauge("index_bytes", "Size of the index on disk")
        self.index_links = declare.gauge("index_links", "Links in the index")
        self.resident_bytes = declare.gauge("resident_bytes", "Memory of the process")
