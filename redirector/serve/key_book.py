"""The keyed requests that this host counted: what was under a key, shared by the host's processes, for a while.

Exactly once does not need it, the stream sees to that. It lets a host answer a repeated request as it did before,
whatever became of the links since, and refuse other bytes under a key that was counted.

A request is entered after it was appended to the spool, so what stands here was counted. The book is not synced: a
killed process loses nothing of it, and after a power cut, which may take lines of the spool, another one is begun.
"""

import asyncio
import hashlib
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import lmdb

from schemas.idempotency import KEY_TTL_S, key_spool

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_BYTES_A_KEY: Final = 400
_LEAST_BYTES: Final = 16 * 1024 * 1024
_FORGOTTEN_AT_ONCE: Final = 4
_PATIENCE_S: Final = 1.0
_log: Final = logging.getLogger(__name__)


class KeyedRequest(NamedTuple):
    """A request under a key: `name` is the key of its token, `meaning` what its events follow from, hashed."""

    name: bytes
    meaning: bytes
    spool: str

    @classmethod
    def of(cls, token_id: str, key: str, meaning: bytes) -> Self:
        """`meaning` is everything of the request that its events follow from."""
        named = f"{token_id}\0{key}".encode("utf-8", "surrogateescape")
        return cls(_digest(named), _digest(meaning), key_spool(token_id, key, meaning))


class Counted(NamedTuple):
    """What was counted under a key: how many items, of which bytes, and when (seconds)."""

    meaning: bytes
    items: int
    at_s: int


class NoKeyBook:
    """Of a host that cannot write one, for a full disk maybe: no key is known, so other bytes are counted."""

    def find(self, _name: bytes, _now_s: int) -> Counted | None:
        """Nothing."""
        return None

    async def enter(self, name: bytes, counted: Counted) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def open_key_book(spool_dir: Path, keep: int) -> "KeyBook | NoKeyBook":
    """The book of this host, or none: redirects go on without."""
    try:
        return KeyBook.open(spool_dir, keep)
    except (lmdb.Error, OSError) as error:
        _log.error("keys cannot be remembered, other bytes under them will be counted: %s", error)
        return NoKeyBook()


class KeyBook:
    """Reading never waits. Writing may wait for another process, so it is done in a thread of its own."""

    def __init__(self, environment: Any, keep: int) -> None:
        self._environment: Final = environment
        self._keys: Final = environment.open_db(b"keys")
        self._order: Final = environment.open_db(b"order")
        self._keep: Final = keep
        self._entering: Final[dict[bytes, Counted]] = {}
        self._thread: Final = ThreadPoolExecutor(1, "key-book")
        self._failed = False

    @classmethod
    def open(cls, spool_dir: Path, keep: int) -> Self:
        """The book of this host since it was booted, at most `keep` keys long. Raises lmdb.Error, OSError."""
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"
        directory = spool_dir / f"keys-{boot}"
        for old in spool_dir.glob("keys-*"):
            if old != directory:
                shutil.rmtree(old, ignore_errors=True)
        directory.mkdir(parents=True, exist_ok=True)
        return cls(
            lmdb.open(
                str(directory), map_size=_LEAST_BYTES + keep * _BYTES_A_KEY, max_dbs=2, max_readers=512, sync=False
            ),
            keep,
        )

    def find(self, name: bytes, now_s: int) -> Counted | None:
        """What was counted under a key, as far as this host knows."""
        counted = self._entering.get(name)
        if counted is None:
            with self._environment.begin(db=self._keys) as transaction:
                value = transaction.get(name)
            counted = None if value is None else _decoded(value)
        return None if counted is None or now_s - counted.at_s > KEY_TTL_S else counted

    async def enter(self, name: bytes, counted: Counted) -> None:
        """Have all processes of the host know. Returns when they do, or when that takes too long to wait for."""
        self._entering[name] = counted
        writing = asyncio.get_running_loop().run_in_executor(self._thread, self._write, name, counted)
        writing.add_done_callback(lambda done: self._written(name, counted, done))
        await asyncio.wait([writing], timeout=_PATIENCE_S)

    def close(self) -> None:
        """Enter what waits, then let go."""
        self._thread.shutdown()
        self._environment.close()

    def _write(self, name: bytes, counted: Counted) -> None:
        with self._environment.begin(write=True) as transaction:
            before = transaction.get(name, db=self._keys)
            if before is not None:
                transaction.delete(_place(name, _decoded(before)), db=self._order)
            transaction.put(name, _encoded(counted), db=self._keys)
            transaction.put(_place(name, counted), b"", db=self._order)
            self._forget(transaction, counted.at_s)

    def _forget(self, transaction: Any, now_s: int) -> None:
        """Take out some of the oldest that are over, or too many."""
        with transaction.cursor(db=self._order) as cursor:
            for _ in range(_FORGOTTEN_AT_ONCE):
                if not cursor.first():
                    return
                place = bytes(cursor.key())
                is_over = now_s - int.from_bytes(place[:4]) > KEY_TTL_S
                if not is_over and transaction.stat(self._order)["entries"] <= self._keep:
                    return
                cursor.delete()
                transaction.delete(place[4:], db=self._keys)

    def _written(self, name: bytes, counted: Counted, done: "asyncio.Future[None]") -> None:
        if self._entering.get(name) == counted:
            del self._entering[name]
        failure = None if done.cancelled() else done.exception()
        if failure is not None and not self._failed:
            _log.error("keys cannot be remembered, other bytes under them will be counted: %s", failure)
        self._failed = failure is not None


def _place(name: bytes, counted: Counted) -> bytes:
    return counted.at_s.to_bytes(4) + name


def _encoded(counted: Counted) -> bytes:
    return counted.at_s.to_bytes(4) + counted.items.to_bytes(4) + counted.meaning


def _decoded(value: bytes) -> Counted:
    return Counted(value[8:], int.from_bytes(value[4:8]), int.from_bytes(value[:4]))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
