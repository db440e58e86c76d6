"""What the copier of tables tells Prometheus. `topic` is a compacted topic, and the table of the same name."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class TablesMetrics:
    """Records read = rows written + records skipped, once all is written."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.written = Counter(
            "clicktally_tables_rows_written",
            "Changes written to the table; after an error some are written twice, which changes nothing",
            ["topic"],
            registry=registry,
        )
        self.skipped = Counter(
            "clicktally_tables_records_skipped",
            "Records of the topic that are not what it is for; the log has their offsets",
            ["topic"],
            registry=registry,
        )
        self.errors = Counter(
            "clicktally_tables_errors",
            "Failures of Kafka or ClickHouse, after which copying was tried again",
            ["topic"],
            registry=registry,
        )
        self.rebuilds = Counter(
            "clicktally_tables_rebuilds",
            "Times the topic was read anew from its beginning",
            ["topic"],
            registry=registry,
        )
        self.lag = Gauge(
            "clicktally_tables_lag_records",
            "Offsets of the topic that the table does not hold yet",
            ["topic"],
            registry=registry,
        )
