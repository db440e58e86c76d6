"""What the compacted topic `records` holds beside the links: their trash, and the answers of keyed requests."""

import hashlib
from typing import Final

import msgspec

from schemas.links import Link

DELETED_PREFIX: Final = "deleted-link/"
ANSWER_PREFIX: Final = "answer/"


class DeletedLink(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A link that was deleted, as it was; keyed by `deleted_key`. Gone when it is restored, or too old."""

    link: Link
    deleted_at_ms: int
    deleted_by: str = ""
    v: int = 1


class KeptAnswer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a request with an Idempotency-Key was answered, in one transaction with what it changed.

    `asked` is a hash of everything that the answer follows from.
    """

    asked: str
    status: int
    link: Link | None
    record: bytes | None = None
    key: str
    at_ms: int
    v: int = 1


def deleted_key(link_key: str) -> str:
    """The key of a link's record in the trash."""
    return DELETED_PREFIX + link_key


def answer_key(token_id: str, idempotency_key: str) -> str:
    """The key of an answer's record: a key is its token's own."""
    return f"{ANSWER_PREFIX}{token_id}/{_hash(idempotency_key.encode('utf-8', 'surrogateescape'))}"


def hash_of_request(*parts: bytes) -> str:
    """What tells two requests apart."""
    return _hash(b"\0".join(b"%d:%b" % (len(part), part) for part in parts))


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
