"""What the copier of tables tells Prometheus. `topic` is a compacted topic, and the table of the same name."""

from prometheus_client import CollectorRegistry

from schemas.metrics import Declare


class TablesMetrics:
    """Records read = rows written + records skipped, once all is written."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declare("tables", registry)
        self.written = declare.counter(
            "rows_written",
            "Changes written to the table; after an error some are written twice, which changes nothing",
            "topic",
        )
        self.skipped = declare.counter(
            "records_skipped",
            "Records of the topic that are not what it is for; the log has their offsets",
            "topic",
        )
        self.errors = declare.counter(
            "errors", "Failures of Kafka or ClickHouse, after which copying was tried again", "topic"
        )
        self.rebuilds = declare.counter("rebuilds", "Times the topic was read anew from its beginning", "topic")
        self.lag = declare.gauge("lag_records", "Offsets of the topic that the table does not hold yet", "topic")
