"""Tokens that tests hold: made up, so that several processes know them."""

import hashlib
from typing import Final

from schemas.tokens import Role, Token

_MADE_AT_MS: Final = 1_700_000_000_000


def token(number: int, *roles: Role, account: str = "", **changes: int) -> Token:
    """The token of this number."""
    return Token(
        id=f"{number:016x}",
        name=f"test {number}",
        account=account,
        roles=roles or ("impressions:write",),
        sha256=hashlib.sha256(secret_of(number).encode()).hexdigest(),
        created_at_ms=_MADE_AT_MS,
        expires_at_ms=changes.get("expires_at_ms"),
        revoked_at_ms=changes.get("revoked_at_ms"),
    )


def secret_of(number: int) -> str:
    """The secret of the token of this number."""
    return f"secret{number:037}"


def bearer_of(number: int) -> str:
    """What its holder shows."""
    return f"ct_{number:016x}_{secret_of(number)}"


WRITER: Final = token(1)
"""May write impressions of every link."""
AS_WRITER: Final = f"Authorization: Bearer {bearer_of(1)}"
