"""What happened to a message, whoever sent it; and what is wrong with a webhook's request or one of its events."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

Happening = Literal["delivered", "opened", "machine_opened", "ignored"]
"""`machine_opened`: the provider says that a program fetched the pixel. `ignored`: nothing that is counted here."""

_TIME_MAX_CHARS: Final = 64
LINK_NAMES: Final = ("clicktally_link", "link")
"""What a custom argument, metadata or tag that names a message's link is called."""

MACHINE_AGENT: Final = "Mozilla/5.0"
"""What stands for the agent where the provider says that a machine opened: Apple's proxy says so of itself, and the
rules take it for a mail proxy. The impression is `unverified`."""

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are none of its."""


class MailEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `id` is the provider's, the same however often it sends it; `link` as the message named it."""

    happening: Happening
    id: str = ""
    time_ms: int = 0
    link: str = ""
    ua: str = ""
    count: int = 1


IGNORED: Final = MailEvent(happening="ignored")


class SignatureError(Exception):
    """The request is not the provider's, or is one that was seen before; `result` says which, for the metrics."""

    def __init__(self, result: Literal["signature", "stale", "replayed"], message: str) -> None:
        super().__init__(message)
        self.result: Final = result


class EventError(ValueError):
    """One event cannot be read; the message says why."""


class MalformedError(ValueError):
    """The body is not what the provider sends."""


def unreadable(error: Exception) -> str:
    """What is wrong with a body or a part of it."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def moment_ms(text: str) -> int | None:
    """An ISO 8601 time as providers write it, UTC where it names no zone; None for what is no time."""
    try:
        moment = datetime.fromisoformat(text[:_TIME_MAX_CHARS])
        return max(0, round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return None


def named_link(values: Mapping[str, object]) -> str:
    """The link among what the sender attached to a message; "" when there is none."""
    for name in LINK_NAMES:
        value = values.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value:
            return value
    return ""


def check_age(signed_ms: int, now_ms: int, max_age_ms: int, max_skew_ms: int) -> None:
    """Raise SignatureError unless something was signed lately: what is older could be counted a second time."""
    if not -max_skew_ms <= now_ms - signed_ms <= max_age_ms:
        raise SignatureError(
            "stale",
            f"it was signed {(now_ms - signed_ms) / 1000:,.0f} s ago, at most {max_age_ms / 1000:,.0f} s are taken:"
            " check the clocks, or send the events another way",
        )
