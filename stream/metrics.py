"""What a stream worker tells Prometheus. Every label comes from a closed set; partitions are Kafka's numbers."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_TP = ("topic", "partition")


class StreamMetrics:
    """The books balance: events received = counted + resent + dead letters + buffered + discarded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter(
            "clicktally_stream_events_received",
            "Events and dead letters read from Kafka, those read again after a rebuild included",
            ["topic"],
            registry=registry,
        )
        self.settled = Counter(
            "clicktally_stream_events_settled",
            "Events that a durable flush covers, by what became of them: counted, resent, dead_letter",
            ["topic", "result"],
            registry=registry,
        )
        self.discarded = Counter(
            "clicktally_stream_events_discarded",
            "Events thrown away unflushed, to be read again: rebalance, overtaken, rewound, interrupted, hole,"
            " refused",
            ["topic", "cause"],
            registry=registry,
        )
        self.buffered = Gauge(
            "clicktally_stream_events_buffered", "Events folded and not yet durable", ["topic"], registry=registry
        )
        self.counted_by_class = Counter(
            "clicktally_stream_counted_by_class",
            "Events made durable, by traffic class",
            ["topic", "traffic_class"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "clicktally_stream_dead_letters",
            "Dead letters written, by reason",
            ["topic", "reason"],
            registry=registry,
        )
        self.gaps = Counter(
            "clicktally_stream_spool_gaps",
            "Batches whose predecessor of the same spool is missing: events were lost before Kafka",
            ["topic"],
            registry=registry,
        )
        self.log_gaps = Counter(
            "clicktally_stream_log_gap_records",
            "Kafka records that retention took before they were counted",
            _TP,
            registry=registry,
        )
        self.late = Counter(
            "clicktally_stream_late_events",
            "Events counted after their window's allowed lateness",
            ["topic"],
            registry=registry,
        )
        self.keys_reused = Counter(
            "clicktally_stream_keys_reused",
            "Idempotency keys that came with other bytes than before; both are counted",
            ["topic"],
            registry=registry,
        )
        self.lateness = Histogram(
            "clicktally_stream_lateness_seconds",
            "How far behind the broker's clock late events lay",
            ["topic"],
            buckets=(60, 120, 300, 900, 3600, 6 * 3600, 86400, 7 * 86400),
            registry=registry,
        )
        self.head = Gauge(
            "clicktally_stream_head_offset", "Last offset that ClickHouse covers", _TP, registry=registry
        )
        self.end = Gauge("clicktally_stream_end_offset", "Kafka's last offset", _TP, registry=registry)
        self.freshness = Gauge(
            "clicktally_stream_freshness_seconds",
            "Age of the oldest record that was read and is not yet durable; 0 when there is none",
            _TP,
            registry=registry,
        )
        self.last_flush = Gauge(
            "clicktally_stream_last_flush_timestamp_seconds",
            "When the last flush became durable",
            _TP,
            registry=registry,
        )
        self.flush_seconds = Histogram(
            "clicktally_stream_flush_seconds",
            "How long a flush took, from the first insert to the head that proves it",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=registry,
        )
        self.flushes = Counter(
            "clicktally_stream_flushes",
            "Flushes by outcome: done, overtaken, rewound",
            ["outcome"],
            registry=registry,
        )
        self.burned = Counter(
            "clicktally_stream_burned_tokens",
            "Flushes acknowledged by ClickHouse and not kept, inserted again",
            registry=registry,
        )
        self.transient_errors = Counter(
            "clicktally_stream_transient_errors",
            "Errors of ClickHouse or of the dead-letters topic after which the operation was tried again",
            ["operation"],
            registry=registry,
        )
        self.rebuilds = Counter(
            "clicktally_stream_rebuilds",
            "Partitions whose state was read anew from ClickHouse: assigned, overtaken, rewound, hole",
            ["cause"],
            registry=registry,
        )
        self.assigned = Gauge(
            "clicktally_stream_partitions_assigned",
            "Partitions of the event topics this worker owns",
            registry=registry,
        )
        self.dedup_spools = Gauge(
            "clicktally_stream_dedup_spools", "Spools in the dedup state", ["topic"], registry=registry
        )
        self.refused = Gauge(
            "clicktally_stream_partitions_refused",
            "Partitions not counted until somebody has looked: recreated (the head lies beyond Kafka's end),"
            " dead_letters (more of the last events would be buried than may be)",
            ["cause"],
            registry=registry,
        )
        self.dead_letter_ratio = Gauge(
            "clicktally_stream_dead_letter_ratio",
            "Dead letters among the last events that are durable, as far as CLICKTALLY_STREAM_DEAD_LETTER_WINDOW",
            _TP,
            registry=registry,
        )
