"""Shares: who has a share's text reads one view for a while. Records of the topic `records`; ADR 23 has reasons."""

import hashlib
import hmac
import re
import secrets
from typing import Annotated, Final

import msgspec
from msgspec import Meta

SHARE_PREFIX: Final = "share/"
VIEW_MAX_CHARS: Final = 4096
_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32
_NOBODYS_SHA256: Final = "0" * 64
_TEXT: Final = re.compile(r"cts_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z")

ShareId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Scope = dict[str, str]
"""Labels and the values that all counts must have: `{"account": "acme", "campaign": "spring"}`."""
Sides = tuple[str, ...]
"""Sides of a comparison as its report takes them: `campaign=spring&channel=x`."""


class Share(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who has its text reads what `scope` leaves, or the comparison of `sides`; keyed by `share_key`.

    It ends with the token that made it. One of a comparison has no scope at all: a console that knows of no
    sides yet then knows no such share, instead of one without limits.
    """

    id: ShareId
    name: str = ""
    view: str
    scope: Scope | None = None
    sides: Sides = ()
    token_id: str
    account: str = ""
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    created_at_ms: int
    expires_at_ms: int
    revoked_at_ms: int | None = None
    v: int = 1

    def holds_at(self, now_ms: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at_ms is None and now_ms < self.expires_at_ms


def share_key(identifier: str) -> str:
    """The key of a share's record."""
    return SHARE_PREFIX + identifier


def new_share(
    *,
    name: str,
    view: str,
    scope: Scope,
    token_id: str,
    account: str,
    now_ms: int,
    expires_at_ms: int,
    sides: Sides = (),
) -> tuple[Share, str]:
    """A share and its text, `cts_<id>_<secret>`, which nobody can find out later."""
    identifier, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    share = Share(
        id=identifier,
        name=name,
        view=view,
        scope=None if sides else scope,
        sides=sides,
        token_id=token_id,
        account=account,
        sha256=_sha256(secret),
        created_at_ms=now_ms,
        expires_at_ms=expires_at_ms,
    )
    return share, f"cts_{identifier}_{secret}"


def read_share_text(text: str) -> tuple[str, str] | None:
    """The id and the secret in a share's text; None when it has another form."""
    matched = _TEXT.match(text)
    return None if matched is None else (matched[1], matched[2])


def read_share(value: bytes | None) -> Share | None:
    """The share that a record holds; None for one of a newer release, too."""
    try:
        share = None if value is None else msgspec.json.decode(value, type=Share)
    except msgspec.DecodeError:
        return None
    return None if share is None or (share.scope is None) != bool(share.sides) else share


def is_share_proven(share: Share | None, secret: str) -> bool:
    """Whether `secret` is the share's. As slow for a share that does not exist as for a wrong secret."""
    wanted = _NOBODYS_SHA256 if share is None else share.sha256
    return hmac.compare_digest(_sha256(secret), wanted) and share is not None


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
