"""What engineers on call look at: the way of an event, lag, freshness, errors."""

from deploy.grafana.builder import Dashboard, Panel, Promql, Row


def _rate(metric: str, *labels: str, where: str = "") -> str:
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"sum{by} (rate({metric}{where}[$__rate_interval]))"


def _quantile(quantile: float, metric: str, *labels: str) -> str:
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({quantile}, sum by ({by}) (rate({metric}_bucket[$__rate_interval])))"


def _lines(title: str, *targets: Promql, unit: str = "short", description: str = "", width: int = 8) -> Panel:
    return Panel(title, "timeseries", targets, description, unit=unit, width=width)


_WAY = Row(
    "The way of an event",
    (
        _lines(
            "Requests by outcome",
            Promql(_rate("clicktally_serve_requests_total", "outcome"), "{{outcome}}"),
            unit="reqps",
        ),
        _lines(
            "Events a second, station by station",
            Promql(_rate("clicktally_serve_events_received_total"), "received by serve"),
            Promql(_rate("clicktally_serve_events_appended_total"), "appended to spools"),
            Promql(_rate("clicktally_relay_events_acknowledged_total"), "acknowledged by Kafka"),
            Promql(_rate("clicktally_stream_events_received_total"), "read by the stream"),
            Promql(_rate("clicktally_stream_events_settled_total"), "durable in ClickHouse"),
            unit="ops",
            description="Where two lines part for long, something waits or is lost between them.",
        ),
        _lines(
            "What became of events",
            Promql(_rate("clicktally_stream_events_settled_total", "result"), "{{result}}"),
            Promql(_rate("clicktally_stream_events_discarded_total", "cause"), "read again: {{cause}}"),
            unit="ops",
        ),
        _lines(
            "Events by class",
            Promql(
                _rate("clicktally_stream_counted_by_class_total", "topic", "traffic_class"),
                "{{topic}} {{traffic_class}}",
            ),
            unit="ops",
        ),
        _lines(
            "Time to an answer",
            Promql(_quantile(0.5, "clicktally_serve_answer_seconds"), "p50"),
            Promql(_quantile(0.99, "clicktally_serve_answer_seconds"), "p99"),
            Promql(_quantile(0.999, "clicktally_serve_answer_seconds"), "p99.9"),
            unit="s",
        ),
        _lines(
            "Connections",
            Promql("sum by (instance) (clicktally_serve_connections)", "{{instance}}"),
            Promql(_rate("clicktally_serve_connections_refused_total"), "refused a second"),
        ),
    ),
)
_LAG = Row(
    "Lag and freshness",
    (
        _lines(
            "Age of the oldest event that is not durable",
            Promql("max by (topic, partition) (clicktally_stream_freshness_seconds)", "{{topic}}-{{partition}}"),
            unit="s",
            description="ClicktallyFreshness fires above 60 s.",
        ),
        _lines(
            "Records above the head",
            Promql(
                "max by (topic, partition) (clicktally_stream_end_offset)"
                " - max by (topic, partition) (clicktally_stream_head_offset)",
                "{{topic}}-{{partition}}",
            ),
        ),
        _lines(
            "Seconds since the last flush",
            Promql(
                "time() - max by (topic, partition) (clicktally_stream_last_flush_timestamp_seconds)",
                "{{topic}}-{{partition}}",
            ),
            unit="s",
            description="Grows without traffic too.",
        ),
        _lines(
            "Time of a flush",
            Promql(_quantile(0.5, "clicktally_stream_flush_seconds"), "p50"),
            Promql(_quantile(0.99, "clicktally_stream_flush_seconds"), "p99"),
            unit="s",
        ),
        _lines(
            "Age of the oldest line that Kafka does not have",
            Promql("max by (instance) (clicktally_relay_oldest_waiting_seconds)", "{{instance}}"),
            unit="s",
        ),
        _lines(
            "Bytes that wait in spools",
            Promql("sum by (instance) (clicktally_relay_spool_waiting_bytes)", "waiting {{instance}}"),
            Promql("max by (instance) (clicktally_serve_spool_used_bytes)", "used {{instance}}"),
            unit="bytes",
        ),
        _lines(
            "Spools, part of their cap",
            Promql(
                "max by (instance) (clicktally_serve_spool_used_bytes / clicktally_serve_spool_cap_bytes)",
                "{{instance}}",
            ),
            unit="percentunit",
            description="At 100 % events are dropped.",
        ),
        _lines(
            "Changes of links and tokens not seen yet",
            Promql(
                "max by (instance, topic) (clicktally_relay_followed_lag_records)", "cache {{instance}} {{topic}}"
            ),
            Promql("max by (topic) (clicktally_tables_lag_records)", "table {{topic}}"),
        ),
        _lines(
            "Late events",
            Promql(_rate("clicktally_stream_late_events_total", "topic"), "{{topic}}"),
            Promql(_quantile(0.99, "clicktally_stream_lateness_seconds"), "p99 of their lateness, s"),
            description="Counted all the same.",
        ),
    ),
)
_ERRORS = Row(
    "Errors",
    (
        Panel(
            "Alerts that fire",
            "table",
            (Promql('ALERTS{alertstate="firing", alertname=~"Clicktally.*"}', "{{alertname}}"),),
            "docs/runbooks has a page for each.",
            width=8,
        ),
        _lines("Targets that answer", Promql("sum by (job) (up)", "{{job}}")),
        _lines(
            "Events not kept",
            Promql(_rate("clicktally_serve_dropped_total", "reason"), "{{reason}}"),
            description="Each is a loss, unless it is `refused`: then its client was told to send it again.",
        ),
        _lines(
            "Dead letters",
            Promql(_rate("clicktally_relay_dead_letters_total", "reason"), "relay: {{reason}}"),
            Promql(_rate("clicktally_stream_dead_letters_total", "topic", "reason"), "{{topic}}: {{reason}}"),
        ),
        _lines(
            "Gaps",
            Promql(_rate("clicktally_stream_spool_gaps_total", "topic"), "batches missing in {{topic}}"),
            Promql(
                _rate("clicktally_stream_log_gap_records_total", "topic"), "records lost to retention in {{topic}}"
            ),
        ),
        _lines(
            "Partitions",
            Promql("sum(clicktally_stream_partitions_assigned)", "assigned"),
            Promql("sum by (cause) (clicktally_stream_partitions_refused)", "refused: {{cause}}"),
            Promql(_rate("clicktally_stream_rebuilds_total", "cause"), "rebuilds a second: {{cause}}"),
        ),
        _lines(
            "Relay and Kafka",
            Promql("min by (instance) (clicktally_relay_kafka_up)", "up {{instance}}"),
            Promql(_rate("clicktally_relay_send_errors_total", "instance"), "send errors {{instance}}"),
            Promql(_rate("clicktally_relay_refusals_total", "topic"), "refused by {{topic}}"),
        ),
        _lines(
            "Errors that were tried again",
            Promql(_rate("clicktally_stream_transient_errors_total", "operation"), "stream {{operation}}"),
            Promql(_rate("clicktally_tables_errors_total", "topic"), "tables {{topic}}"),
            Promql(_rate("clicktally_relay_spool_errors_total", "instance"), "disk {{instance}}"),
        ),
        _lines(
            "Requests refused for who sent them",
            Promql(_rate("clicktally_serve_refused_total", "reason"), "{{reason}}"),
            unit="reqps",
        ),
    ),
)

OPERATIONS = Dashboard(
    uid="clicktally-operations",
    title="Operations",
    description="The way of an event, lag, freshness, errors: docs/metrics.md has every metric.",
    rows=(_WAY, _LAG, _ERRORS),
    since="now-3h",
    refresh="15s",
)
