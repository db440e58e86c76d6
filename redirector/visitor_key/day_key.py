"""The key of a day, from which the next day's follows and no day's before it. No I/O.

    K(d) ──one-way──▶ K(d+1) ──one-way──▶ K(d+2)

Whoever holds a day's key computes the next by himself, so hosts that once agreed go on agreeing without a word; and
once the old one is erased, nobody computes the old day's numbers again. docs/adr/0027.
"""

import hashlib
import secrets
from typing import Annotated, Final, Self

import msgspec
from msgspec import Meta

from schemas.events import NUMBER_LIMIT

KEY_BYTES: Final = 32
DAY_MS: Final = 24 * 3600 * 1000
_PURPOSE: Final = b"clicktally day"


class DayKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of one UTC day, numbered from 1970; on disk and in Kafka as JSON."""

    day: Annotated[int, Meta(ge=0, lt=NUMBER_LIMIT)]
    key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]

    def __repr__(self) -> str:
        """Without the key: this may be logged."""
        return f"DayKey(day={self.day})"

    @classmethod
    def random(cls, day: int) -> Self:
        """A key that follows from nothing."""
        return cls(day=day, key=secrets.token_bytes(KEY_BYTES))

    def on(self, day: int) -> "DayKey":
        """The key of that day; of a day before, it is this one: there is no way back. Half a microsecond a day."""
        key = self.key
        for _ in range(day - self.day):
            key = hashlib.blake2b(key=key, digest_size=KEY_BYTES, person=_PURPOSE).digest()
        return DayKey(day=max(day, self.day), key=key)


def day_of(time_ms: int) -> int:
    """The UTC day in which a time lies."""
    return time_ms // DAY_MS


def encode(key: DayKey) -> bytes:
    """As it is kept and sent."""
    return msgspec.json.encode(key)


def decode(body: bytes) -> DayKey:
    """Raises msgspec.DecodeError, ValidationError among them, for what is no key."""
    return _DECODER.decode(body)


_DECODER: Final = msgspec.json.Decoder(DayKey)
