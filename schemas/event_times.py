"""Which event times are taken: the stream's bounds, and the narrower ones of whoever takes events in.

What a door accepts waits in a spool before the stream judges it by the broker's clock, so the door keeps a margin:
a day for the age (an outage of Kafka may last that long), a minute for the future (clocks differ; waiting only
helps). Where the bounds are set small, the margins are a tenth and a fifth of them.
"""

from typing import Final, NamedTuple, Self

MAX_SKEW_S: Final = 300.0
"""How far an event may lie in the future."""
MAX_AGE_DAYS: Final = 90.0
"""How old an event may be."""

SNAPSHOT_MAX_AGE_DAYS: Final = 730.0
"""How long ago a snapshot may have been read, or its period have ended: periods are corrected late."""

AGE_MARGIN_MS: Final = 24 * 3600 * 1000
SKEW_MARGIN_MS: Final = 60 * 1000

_DAY_MS: Final = 24 * 3600 * 1000
_AGE_MARGIN_SHARE: Final = 10
_SKEW_MARGIN_SHARE: Final = 5
_YEAR_2000_MS: Final = 946_684_800_000
_TEN_YEARS_MS: Final = 3652 * _DAY_MS


class DoorTimes(NamedTuple):
    """How far from now an event's time may lie where it is taken in. Milliseconds."""

    max_skew_ms: int
    max_age_ms: int

    @classmethod
    def within(cls, *, max_skew_s: float, max_age_days: float) -> Self:
        """The bounds that leave the margin to those of the stream."""
        skew_ms, age_ms = int(max_skew_s * 1000), int(max_age_days * _DAY_MS)
        return cls(
            skew_ms - min(SKEW_MARGIN_MS, skew_ms // _SKEW_MARGIN_SHARE),
            age_ms - min(AGE_MARGIN_MS, age_ms // _AGE_MARGIN_SHARE),
        )

    def why_not(self, time_ms: int, now_ms: int) -> str:
        """Why an event of `time_ms` is not taken now, and what to do; "" when it is."""
        ahead_ms = time_ms - now_ms
        if -self.max_age_ms <= ahead_ms <= self.max_skew_ms:
            return ""
        for unit, remedy, in_ms in (
            ("seconds", "multiply by 1000", time_ms * 1000),
            ("microseconds", "divide by 1000", time_ms // 1000),
            ("nanoseconds", "divide by 1000000", time_ms // 1_000_000),
        ):
            if _YEAR_2000_MS <= in_ms <= now_ms + _TEN_YEARS_MS:
                return f"time_ms {time_ms} looks like {unit}: {remedy}"
        if ahead_ms > 0:
            return (
                f"time_ms {time_ms} lies {ahead_ms / 1000:,.0f} s in the future, at most"
                f" {self.max_skew_ms / 1000:,.0f} s are taken: check the sender's clock"
            )
        return (
            f"time_ms {time_ms} is {-ahead_ms / _DAY_MS:,.1f} days old, at most"
            f" {self.max_age_ms / _DAY_MS:,.1f} days are taken"
        )
