"""Who is behind a request, as a number that says nothing about them tomorrow."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from redirector.serve.clients import subscriber

_DAY_MS: Final = 24 * 3600 * 1000
_SURPLUS_BITS: Final = 64 - 53
SECRET_NAME: Final = "visitor-secret"  # noqa: S105 - the name of a file


class Visitors:
    """Keyed blake2b of subscriber and user agent, cut to 53 bits (what a double holds exactly).

    The key is derived from the secret and the UTC date: the same visitor is another number every day.
    """

    def __init__(self, secret: bytes) -> None:
        """`secret` of any length but 0. Processes with the same secret agree on every number."""
        if not secret:
            raise ValueError("the visitor secret is empty: set one, or let a random one be made")
        self._secret: Final = hashlib.blake2b(secret, digest_size=32).digest()
        self._from_ms = 0
        self._until_ms = 0
        self._keyed = hashlib.blake2b()

    def number(self, address: str, ua: str, now_ms: int) -> int:
        """A visitor's number of the day of `now_ms`: 1 to 2**53 - 1. `ua` is text that UTF-8 can hold."""
        if not self._from_ms <= now_ms < self._until_ms:
            self._turn_day(now_ms)
        keyed = self._keyed.copy()
        keyed.update(f"{subscriber(address)}\0{ua}".encode())
        return int.from_bytes(keyed.digest(), "big") >> _SURPLUS_BITS or 1

    def _turn_day(self, now_ms: int) -> None:
        day = now_ms // _DAY_MS
        key = hashlib.blake2b(b"day %d" % day, key=self._secret, digest_size=32).digest()
        self._keyed = hashlib.blake2b(key=key, digest_size=8)
        self._from_ms = day * _DAY_MS
        self._until_ms = self._from_ms + _DAY_MS


def shared_secret(directory: Path) -> bytes:
    """The host's random secret: read from `directory`, made there (mode 600) by whoever comes first.

    Linking a finished file into place makes the first one win, whole, whoever else starts meanwhile.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / SECRET_NAME
    if not path.exists():
        draft = directory / f"{SECRET_NAME}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_hex(32).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret is the host's
        finally:
            draft.unlink()
    return path.read_bytes()
