"""Who is behind a request, as a number that says nothing about them tomorrow."""

import hashlib
from typing import Final

from redirector.serve.clients import subscriber
from redirector.visitor_key.day_key import DAY_MS, DayKey, day_of

_SURPLUS_BITS: Final = 64 - 53


class Visitors:
    """Keyed blake2b of subscriber and user agent, cut to 53 bits (what a double holds exactly).

    The key is the day's: the same visitor is another number every day, and yesterday's cannot be computed again.
    """

    def __init__(self, key: DayKey) -> None:
        """Processes that were given the same key agree on every number from its day on."""
        self._key = key
        self._from_ms = 0
        self._until_ms = 0
        self._keyed = hashlib.blake2b()

    def use(self, key: DayKey, now_ms: int) -> None:
        """From now on, this key, if another one follows from it for today: the host took another host's."""
        today = day_of(now_ms)
        if key.on(today) != self._key.on(today):
            self._key = key
            self._until_ms = 0

    def number(self, address: str, ua: str, now_ms: int) -> int:
        """A visitor's number of the day of `now_ms`: 1 to 2**53 - 1. `ua` is text that UTF-8 can hold.

        A time before the key's day, as when a clock is set back over midnight, gets a number of the key's day.
        """
        if not self._from_ms <= now_ms < self._until_ms:
            self._turn_day(now_ms)
        keyed = self._keyed.copy()
        keyed.update(f"{subscriber(address)}\0{ua}".encode())
        return int.from_bytes(keyed.digest(), "big") >> _SURPLUS_BITS or 1

    def _turn_day(self, now_ms: int) -> None:
        day = day_of(now_ms)
        self._key = self._key.on(day)
        self._keyed = hashlib.blake2b(key=self._key.key, digest_size=8)
        self._from_ms = day * DAY_MS
        self._until_ms = self._from_ms + DAY_MS
