"""What a poller tells Prometheus. `platform` is one of those that have a poller."""

from typing import Final

from prometheus_client import CollectorRegistry

from schemas.metrics import Declare

ACCOUNT_STATES: Final = ("ok", "limited", "token", "failing")


class PollMetrics:
    """Posts that were asked for = those counted + gone + without, once their answer is settled."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declare("poll", registry)
        self.requests = declare.counter(
            "requests",
            "Answers of the platform by what they meant: ok, limited, again (its own failure or the network's),"
            " token, metric (refused), gone, refused",
            "platform",
            "outcome",
        )
        self.posts = declare.counter(
            "posts",
            "Posts that were asked for, by outcome: counted (it has a total), gone (asked for again a month later),"
            " without (refused, or its answer is none; the log says why)",
            "platform",
            "outcome",
        )
        self.snapshots = declare.counter(
            "snapshots", "Totals sent to Kafka, by whether their link is known: yes, no", "platform", "matched"
        )
        self.unread = declare.counter("unread", "Parts of answers that are no totals; the log says why", "platform")
        self.retired = declare.counter(
            "metrics_dropped", "Metrics that the platform refused and that are no longer asked for", "platform"
        )
        self.waited = declare.counter("waited_seconds", "Time spent waiting for the platform's limits", "platform")
        self.accounts = declare.gauge(
            "accounts", "Accounts by how their last round ended: ok, limited, token, failing", "platform", "state"
        )
        self.succeeded = declare.gauge(
            "last_success_timestamp_seconds",
            "When all that was due of some account was last asked for and sent; at first, when the poller started",
            "platform",
        )
        self.every = declare.gauge("every_seconds", "How often a round is to begin", "platform")
