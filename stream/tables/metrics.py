"""What the copier of tables tells Prometheus. `topic` is one that is copied, and the table of the same name."""

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


class MatcherMetrics:
    """What the matcher of posts tells."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declare("tables", registry)
        self.matched = declare.counter(
            "snapshots_matched", "Totals sent again with the link of their post, which is known by now"
        )
        self.unmatched = declare.gauge(
            "snapshots_unmatched", "Newest totals, by post, series and period, of posts that no link is known of"
        )
        self.seconds = declare.gauge("match_seconds", "How long the last look for links of posts took")
        self.errors = declare.counter(
            "match_errors", "Failures of Kafka or ClickHouse, after which matching was tried again"
        )


class RollerMetrics:
    """What a roller of days tells; `what` is made of days, `days` and `name` begin its metrics."""

    def __init__(self, registry: CollectorRegistry, *, days: str, name: str, what: str) -> None:
        declare = Declare("tables", registry)
        self.rolled = declare.counter(f"{days}_rolled", f"Days whose {what} were made, or made anew")
        self.days_behind = declare.gauge(
            f"{days}_behind", f"Days that are over and whose {what} are not what the counters say"
        )
        self.seconds = declare.gauge(f"{name}_seconds", "How long the last round of the roller took")
        self.errors = declare.counter(
            f"{name}_errors", "Failures of ClickHouse, after which rolling up was tried again"
        )


def breakdown_metrics(registry: CollectorRegistry) -> RollerMetrics:
    """What the roller of breakdowns tells."""
    return RollerMetrics(registry, days="breakdown_days", name="breakdown", what="breakdowns")


def link_day_metrics(registry: CollectorRegistry) -> RollerMetrics:
    """What the roller of links tells."""
    return RollerMetrics(registry, days="link_days", name="link_days", what="sums of links")
