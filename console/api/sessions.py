"""Who signed in to the page: records of the topic `records`, and the cookie that shows one.

The cookie is `id.secret.seen.seal`: the record that it means, what proves it, when it was last seen (seconds since
1970), and what proves that this console's installation said so. Only a hash of the secret is kept; the key of the
seal is the record's own, so that a record lets nobody in who merely reads it. ADR 23 says why sessions are records.
"""

import hashlib
import hmac
import re
import secrets
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

SESSION_PREFIX: Final = "session/"
CODE_PREFIX: Final = "sign-in-code/"
CODE_MAX_CHARS: Final = 64
RENEWED_AFTER_S: Final = 60
"""How old the time in a cookie may be before an answer brings a new one."""
_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32
_SEAL_CHARS: Final = 32
_COOKIE: Final = re.compile(r"([0-9a-f]{16})\.([A-Za-z0-9_-]{43})\.(\d{1,12})\.([0-9a-f]{32})\Z")

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Session(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A sign-in by a token, or by a share; keyed by `session_key`. It ends with what it was made by."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    token_id: str = ""
    share_id: str = ""
    sha256: Hash
    seal: Hash
    created_at_ms: int
    expires_at_ms: int
    v: int = 1

    def cookie(self, secret: str, now_ms: int) -> str:
        """The value of the cookie that shows it, seen now."""
        seen_s = now_ms // 1000
        return f"{self.id}.{secret}.{seen_s}.{self.seal_of(seen_s)}"

    def seal_of(self, seen_s: int) -> str:
        """What proves that the installation itself put this time into a cookie."""
        content = f"{self.id}.{seen_s}".encode()
        return hmac.new(bytes.fromhex(self.seal), content, hashlib.sha256).hexdigest()[:_SEAL_CHARS]


class SignInCode(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Lets somebody sign in as the holder of a token, once; keyed by the hash of the code."""

    token_id: str
    created_at_ms: int
    expires_at_ms: int
    v: int = 1


class Shown(NamedTuple):
    """What a cookie says."""

    id: str
    secret: str
    seen_s: int
    seal: str


def session_key(identifier: str) -> str:
    """The key of a session's record."""
    return SESSION_PREFIX + identifier


def code_key(code: str) -> str:
    """The key of a code's record: who reads the topic learns no code."""
    return CODE_PREFIX + _sha256(code)


def new_code(token_id: str, *, now_ms: int, within_ms: int) -> tuple[str, SignInCode]:
    """A code of 256 random bits and its record."""
    record = SignInCode(token_id=token_id, created_at_ms=now_ms, expires_at_ms=now_ms + within_ms)
    return secrets.token_urlsafe(_SECRET_BYTES), record


def new_session(*, token_id: str = "", share_id: str = "", now_ms: int, expires_at_ms: int) -> tuple[Session, str]:
    """A session and the secret that its cookie shows."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    session = Session(
        id=secrets.token_hex(_ID_BYTES),
        token_id=token_id,
        share_id=share_id,
        sha256=_sha256(secret),
        seal=secrets.token_hex(_SECRET_BYTES),
        created_at_ms=now_ms,
        expires_at_ms=expires_at_ms,
    )
    return session, secret


def read_cookie(text: str) -> Shown | None:
    """The parts of a cookie; None when it has another form."""
    matched = _COOKIE.match(text)
    return None if matched is None else Shown(matched[1], matched[2], int(matched[3]), matched[4])


def read_session(value: bytes | None) -> Session | None:
    """The session that a record holds; None for one of a newer release, too."""
    try:
        return None if value is None else msgspec.json.decode(value, type=Session)
    except msgspec.DecodeError:
        return None


def is_shown(session: Session | None, shown: Shown, *, now_ms: int, idle_ms: int) -> bool:
    """Whether the cookie is the session's, neither too old nor too long unseen."""
    if session is None:
        return False
    proven = hmac.compare_digest(_sha256(shown.secret), session.sha256)
    sealed = hmac.compare_digest(shown.seal, session.seal_of(shown.seen_s))
    return proven and sealed and now_ms < session.expires_at_ms and now_ms < shown.seen_s * 1000 + idle_ms


def read_code(value: bytes | None) -> SignInCode | None:
    """The code that a record holds."""
    try:
        return None if value is None else msgspec.json.decode(value, type=SignInCode)
    except msgspec.DecodeError:
        return None


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
