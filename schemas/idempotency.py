"""Idempotency keys: the spool id that stands for one keyed request, and how long it is remembered.

The id names the key of its token in its first half, the bytes that came with it in its second. So the same bytes
are the same events wherever they are sent. Other bytes under the same key are other events: a host that does not
know the key counts them, and never takes them for a repetition. The stream sees both halves, and counts keys that
came with other bytes.
"""

import hashlib
from typing import Final

KEY_TTL_S: Final = 48 * 3600
"""How long a key is remembered after its first event reached Kafka. The same bytes count again afterwards."""

IS_KEY_SQL: Final = "startsWith(spool, 'k')"
"""`is_key` of a table's column `spool`."""

KEY_MAX_CHARS: Final = 255
_HALF_BYTES: Final = 8


def key_spool(caller: str, key: str, meaning: bytes) -> str:
    """The spool id of a keyed request: `k` and 32 hexadecimal digits.

    `caller` is whom the key belongs to; `meaning` is everything of the request that its events follow from.
    """
    named = f"{caller}\0{key}".encode("utf-8", "surrogateescape")
    return "k" + _half(named) + _half(meaning)


def is_key(spool: str) -> bool:
    """Whether a spool id stands for an Idempotency-Key."""
    return spool.startswith("k")


def halves(spool: str) -> tuple[int, int]:
    """The two halves of a key's spool id, as numbers of 64 bits. Another producer's id is hashed into two."""
    digits = spool[1:]
    try:
        if len(digits) == 4 * _HALF_BYTES and digits.isascii() and digits.isalnum() and digits == digits.lower():
            return int(digits[:16], 16), int(digits[16:], 16)
    except ValueError:
        pass  # letters beyond f
    hashed = hashlib.blake2b(spool.encode("utf-8", "surrogatepass"), digest_size=2 * _HALF_BYTES).digest()
    return int.from_bytes(hashed[:_HALF_BYTES]), int.from_bytes(hashed[_HALF_BYTES:])


def _half(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=_HALF_BYTES).hexdigest()
