"""What a stream worker tells Prometheus. Every label comes from a closed set; partitions are Kafka's numbers."""

from prometheus_client import CollectorRegistry

from schemas.metrics import Declare

_TP = ("topic", "partition")
_STAGE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class StreamMetrics:
    """The books balance: events received = counted + resent + dead letters + buffered + discarded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declare("stream", registry)
        self.received = declare.counter(
            "events_received",
            "Events and dead letters read from Kafka, those read again after a rebuild included",
            "topic",
        )
        self.settled = declare.counter(
            "events_settled",
            "Events that a durable flush covers, by what became of them: counted, resent, dead_letter",
            "topic",
            "result",
        )
        self.discarded = declare.counter(
            "events_discarded",
            "Events thrown away unflushed, to be read again: rebalance, overtaken, rewound, interrupted, hole,"
            " refused",
            "topic",
            "cause",
        )
        self.buffered = declare.gauge("events_buffered", "Events folded and not yet durable", "topic")
        self.counted_by_class = declare.counter(
            "counted_by_class", "Events made durable, by traffic class", "topic", "traffic_class"
        )
        self.dead_letters = declare.counter("dead_letters", "Dead letters written, by reason", "topic", "reason")
        self.gaps = declare.counter(
            "spool_gaps",
            "Batches whose predecessor of the same spool is missing: events were lost before Kafka",
            "topic",
        )
        self.log_gaps = declare.counter(
            "log_gap_records", "Kafka records that retention took before they were counted", *_TP
        )
        self.late = declare.counter("late_events", "Events counted after their window's allowed lateness", "topic")
        self.keys_reused = declare.counter(
            "keys_reused", "Idempotency keys that came with other bytes than before; both are counted", "topic"
        )
        self.lateness = declare.histogram(
            "lateness_seconds",
            "How far behind the broker's clock late events lay",
            "topic",
            buckets=(60, 120, 300, 900, 3600, 6 * 3600, 86400, 7 * 86400),
        )
        self.head = declare.gauge("head_offset", "Last offset that ClickHouse covers", *_TP)
        self.end = declare.gauge("end_offset", "Kafka's last offset", *_TP)
        self.freshness = declare.gauge(
            "freshness_seconds",
            "Age of the oldest record that was read and is not yet durable; 0 when there is none",
            *_TP,
        )
        self.last_flush = declare.gauge("last_flush_timestamp_seconds", "When the last flush became durable", *_TP)
        self.flush_seconds = declare.histogram(
            "flush_seconds",
            "How long a flush took, from the first insert to the head that proves it",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self.flush_waited = declare.histogram(
            "flush_waited_seconds",
            "How long the oldest record of a flush had waited here when the flush began",
            buckets=_STAGE_BUCKETS_S,
        )
        self.flush_stage = declare.histogram(
            "flush_stage_seconds",
            "Parts of a flush: slot (waiting for its turn), rows, dead_letters, events, snapshots, counters, head",
            "stage",
            buckets=_STAGE_BUCKETS_S,
        )
        self.flushes = declare.counter("flushes", "Flushes by outcome: done, overtaken, rewound", "outcome")
        self.burned = declare.counter(
            "burned_tokens", "Flushes acknowledged by ClickHouse and not kept, inserted again"
        )
        self.transient_errors = declare.counter(
            "transient_errors",
            "Errors of ClickHouse or of the dead-letters topic after which the operation was tried again",
            "operation",
        )
        self.rebuilds = declare.counter(
            "rebuilds",
            "Partitions whose state was read anew from ClickHouse: assigned, overtaken, rewound, hole",
            "cause",
        )
        self.assigned = declare.gauge("partitions_assigned", "Partitions of the event topics this worker owns")
        self.dedup_spools = declare.gauge("dedup_spools", "Spools in the dedup state", "topic")
        self.fold_entries = declare.gauge(
            "fold_entries",
            "Entries of what partitions keep beside the dedup state: snapshots (posts), repeats (clicks)",
            "fold",
        )
        self.snapshots = declare.counter(
            "snapshots",
            "Snapshots made durable, by what they changed: opening, growth, revision, nothing, no_link (kept only)",
            "effect",
        )
        self.refused = declare.gauge(
            "partitions_refused",
            "Partitions not counted until somebody has looked: recreated (the head lies beyond Kafka's end),"
            " dead_letters (more of the last events would be buried than may be)",
            "cause",
        )
        self.dead_letter_ratio = declare.gauge(
            "dead_letter_ratio",
            "Dead letters among the last events that are durable, as far as CLICKTALLY_STREAM_DEAD_LETTER_WINDOW",
            *_TP,
        )
