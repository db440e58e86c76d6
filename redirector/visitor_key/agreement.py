"""Which key all hosts use: the last one in the topic `visitor-keys`. No I/O.

A host whose own differs takes that one. Whoever finds none, or none of today, or one that Kafka will soon forget,
sends its own: hosts that agree send the same bytes, and of two that meet for the first time the later one's counts.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from redirector.visitor_key.day_key import DayKey, day_of, decode
from schemas.topics import VISITOR_KEYS_RETENTION_MS

SEND_AGAIN_MS: Final = VISITOR_KEYS_RETENTION_MS // 2
"""A key is sent again when it has been in the topic for about this long."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The last key of the topic, and the broker's time of its record."""

    key: DayKey
    sent_ms: int


@dataclass(frozen=True, slots=True)
class Step:
    """What a host does next: use `key`, and send it, or only one of both."""

    kind: Literal["use", "send"]
    key: DayKey


def read_agreed(value: bytes | None, timestamp_ms: int) -> Agreed:
    """A record of the topic. Raises ValueError when it is no key, or says another day than the broker's.

    A host whose clock runs days ahead would lead all others past the days between, and none finds back.
    """
    key = decode(value or b"")
    today = day_of(timestamp_ms)
    if not today - 1 <= key.day <= today:
        raise msgspec.ValidationError(f"its day is {key.day}, the broker's {today}")
    return Agreed(key, timestamp_ms)


def next_step(agreed: Agreed | None, own: DayKey, now_ms: int, patience: float) -> Step | None:
    """`own` is the host's key; it may be of a later day than now after a clock ran ahead.

    `patience`, from 0 to 1, differs from host to host, so that one of them sends before the others want to.
    """
    today = day_of(now_ms)
    if agreed is None:
        return Step("send", own) if own.day == today else Step("use", DayKey.random(today))
    wanted = agreed.key.on(today)
    if own != wanted:
        return Step("use", wanted)
    old_ms = now_ms - agreed.sent_ms
    if agreed.key.day < today or old_ms >= SEND_AGAIN_MS * (1 + patience / 2):
        return Step("send", own)
    return None
