"""What `serve` counts, as plain integers: the hot path adds, a scrape reads."""

from typing import Final, Literal, get_args

from redirector.serve.access import REFUSAL_REASONS, RefusalReason

Outcome = Literal[
    "redirected",
    "unknown_slug",
    "expired",
    "loop",
    "pixel",
    "script",
    "head",
    "options",
    "method_not_allowed",
    "impressions",
    "snapshots",
    "webhook",
    "rejected",
    "bad_request",
    "too_large",
    "timeout",
    "gone",
    "unauthorized",
    "forbidden",
    "too_many_tries",
    "unavailable",
    "newer_link",
    "health",
    "failed",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

KeyedResult = Literal["counted", "repeated", "rejected", "reused"]
KEYED_RESULTS: Final[tuple[KeyedResult, ...]] = get_args(KeyedResult)

SnapshotResult = Literal["matched", "unmatched", "rejected"]
SNAPSHOT_RESULTS: Final[tuple[SnapshotResult, ...]] = get_args(SnapshotResult)

Provider = Literal["sendgrid", "mailgun", "postmark", "ses"]
PROVIDERS: Final[tuple[Provider, ...]] = get_args(Provider)
WebhookResult = Literal[
    "delivered",
    "opened",
    "machine_opened",
    "ignored",
    "confirmed",
    "no_link",
    "bad_time",
    "unreadable",
    "malformed",
    "signature",
    "stale",
    "replayed",
    "not_set",
]
WEBHOOK_RESULTS: Final[tuple[WebhookResult, ...]] = get_args(WebhookResult)

DropReason = Literal["spool_full", "spool_error", "refused"]
DROP_REASONS: Final[tuple[DropReason, ...]] = get_args(DropReason)


class Counts:
    """Events: `received` = `appended` + all of `dropped`, between any two turns of the event loop."""

    __slots__ = (
        "appended",
        "connections_refused",
        "dropped",
        "handovers",
        "items_accepted",
        "items_rejected",
        "keyed",
        "malformed",
        "misses_kept",
        "misses_lost",
        "outcomes",
        "received",
        "refused",
        "slow_closed",
        "snapshots",
        "webhooks",
    )

    def __init__(self) -> None:
        self.outcomes: dict[Outcome, int] = dict.fromkeys(OUTCOMES, 0)
        self.received = 0
        self.appended = 0
        self.dropped: dict[DropReason, int] = dict.fromkeys(DROP_REASONS, 0)
        self.refused: dict[RefusalReason, int] = dict.fromkeys(REFUSAL_REASONS, 0)
        self.items_accepted = 0
        self.items_rejected = 0
        self.keyed: dict[KeyedResult, int] = dict.fromkeys(KEYED_RESULTS, 0)
        self.snapshots: dict[SnapshotResult, int] = dict.fromkeys(SNAPSHOT_RESULTS, 0)
        self.webhooks: dict[tuple[Provider, WebhookResult], int] = {
            (provider, result): 0 for provider in PROVIDERS for result in WEBHOOK_RESULTS
        }
        self.malformed = 0
        self.misses_kept = 0
        self.misses_lost = 0
        self.handovers = 0
        self.slow_closed = 0
        self.connections_refused = 0
