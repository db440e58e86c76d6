"""Access tokens: who may say what at a door. The topic `tokens` and every host hold a hash, never the secret."""

import hashlib
import hmac
import re
import secrets
from typing import Annotated, Final, Literal, NamedTuple, get_args

import msgspec
from msgspec import Meta

from schemas.links import Label

Role = Literal["impressions:write", "links:read", "links:write", "reports:read", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""`admin` may do what every other role may."""

BEARER_MAX_CHARS: Final = 256
_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32
_BEARER: Final = re.compile(r"ct_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z")


class Token(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A token as the `tokens` topic and the host's cache hold it; the topic's key is `id`.

    `sha256` is that of the secret, in hexadecimal digits: a secret of 256 random bits needs no slower hash.
    An empty `account` binds it to none: it speaks for the links of all.
    """

    id: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    name: Annotated[str, Meta(min_length=1, max_length=256)]
    account: Label = ""
    roles: Annotated[tuple[Role, ...], Meta(min_length=1)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    created_at_ms: int
    expires_at_ms: int | None = None
    revoked_at_ms: int | None = None
    v: int = 1

    @property
    def key(self) -> str:
        """The topic's key."""
        return self.id

    def holds_at(self, now_ms: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at_ms is None and (self.expires_at_ms is None or now_ms < self.expires_at_ms)


class Bearer(NamedTuple):
    """What a client shows: which token it means, and the secret that proves it."""

    id: str
    secret: str


_NOBODYS_SHA256: Final = "0" * 64


def new_token(
    *,
    name: str,
    roles: tuple[Role, ...],
    account: str = "",
    now_ms: int,
    expires_at_ms: int | None = None,
) -> tuple[Token, str]:
    """A token and its bearer text, `ct_<id>_<secret>`, which nobody can find out later."""
    identifier = secrets.token_hex(_ID_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    token = Token(
        id=identifier,
        name=name,
        account=account,
        roles=roles,
        sha256=_sha256(secret),
        created_at_ms=now_ms,
        expires_at_ms=expires_at_ms,
    )
    return token, f"ct_{identifier}_{secret}"


def read_bearer(text: str) -> Bearer | None:
    """The two parts of a bearer text; None when it has another form."""
    matched = _BEARER.match(text) if len(text) <= BEARER_MAX_CHARS else None
    return None if matched is None else Bearer(matched[1], matched[2])


def is_proven(token: Token | None, secret: str) -> bool:
    """Whether `secret` is the token's. As slow for a token that does not exist as for a wrong secret."""
    wanted = _NOBODYS_SHA256 if token is None else token.sha256
    return hmac.compare_digest(_sha256(secret), wanted) and token is not None


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
