"""Who is at the door: from the Authorization headers, the address and the time to a caller, or to a refusal."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol, get_args

import msgspec

from redirector.serve.failed_tries import FailedTries
from schemas.tokens import Role, Token, is_proven, read_bearer

RefusalReason = Literal[
    "malformed", "unknown", "revoked", "expired", "too_many_tries", "needs_token", "role", "not_loaded"
]
REFUSAL_REASONS: Final[tuple[RefusalReason, ...]] = get_args(RefusalReason)

_CHALLENGE: Final = ("WWW-Authenticate", 'Bearer realm="clicktally"')
_INVALID: Final = ("WWW-Authenticate", 'Bearer realm="clicktally", error="invalid_token"')
_MAKE_ONE: Final = "`clicktally tokens create` makes one"


class Caller(msgspec.Struct, frozen=True):
    """Who speaks: whoever holds a token, or anybody when it has no id. Without an account: for the links of all."""

    token_id: str = ""
    account: str = ""
    roles: tuple[Role, ...] = ()

    @property
    def is_anonymous(self) -> bool:
        """Whether no token was shown."""
        return not self.token_id

    def may(self, role: Role) -> bool:
        """Whether one of the token's roles allows it."""
        return role in self.roles or "admin" in self.roles

    def speaks_for(self, account: str) -> bool:
        """Whether what belongs to `account` is the token's business."""
        return not self.account or self.account == account


ANONYMOUS: Final = Caller()


class Refusal(NamedTuple):
    """Why somebody may not say this, for metrics and for them."""

    reason: RefusalReason
    status: int
    error: str
    headers: tuple[tuple[str, str], ...] = ()


class Tokens(Protocol):
    """What of the cache's tokens is used here."""

    def get(self, key: str) -> Token | None:
        """The token of this id."""

    def ready(self) -> bool:
        """Whether all tokens were here once."""


class Access:
    """Tokens as this host knows them, which is as they were a moment ago; and who tried too often."""

    def __init__(self, tokens: Tokens, failed_tries: FailedTries) -> None:
        self._tokens: Final = tokens
        self._failed_tries: Final = failed_tries

    def identify(self, authorization: Sequence[str], address: str, now_ms: int) -> Caller | Refusal:
        """Who shows these values of Authorization. Who has a right token is not refused for a neighbour's tries.

        A wrong secret is answered as an unknown id is, word for word.
        """
        if not authorization:
            return ANONYMOUS
        scheme, _, text = authorization[0].strip().partition(" ")
        bearer = read_bearer(text.strip()) if scheme.lower() == "bearer" and len(authorization) == 1 else None
        if bearer is None:
            error = f"send one header `Authorization: Bearer ct_…`, or none; {_MAKE_ONE}"
            return self._failed(Refusal("malformed", 401, error, (_INVALID,)), address, now_ms)
        token = self._token(bearer.id)
        if is_proven(token, bearer.secret) and token is not None:
            return _caller_of(token, now_ms)
        if not self._tokens.ready():
            error = "the tokens are being loaded; send it again in a moment"
            return Refusal("not_loaded", 503, error, (("Retry-After", "1"),))
        error = f"this token is not known here: check that it is whole; {_MAKE_ONE}"
        return self._failed(Refusal("unknown", 401, error, (_INVALID,)), address, now_ms)

    def note_failure(self, address: str, now_ms: int) -> int:
        """Count a wrong proof, of whatever kind, from an address; the seconds to wait when it is one too many."""
        return self._failed_tries.note(address, now_ms)

    def _token(self, identifier: str) -> Token | None:
        try:
            return self._tokens.get(identifier)
        except msgspec.DecodeError:
            return None  # a newer release wrote it, with roles that are not known here

    def _failed(self, refusal: Refusal, address: str, now_ms: int) -> Refusal:
        wait_s = self.note_failure(address, now_ms)
        if not wait_s:
            return refusal
        error = f"too many wrong tokens from this address: try again in {wait_s} s"
        return Refusal("too_many_tries", 429, error, (("Retry-After", str(wait_s)),))


def _caller_of(token: Token, now_ms: int) -> Caller | Refusal:
    """Whoever proved to hold the token, as long as it holds."""
    if token.revoked_at_ms is not None:
        return Refusal("revoked", 401, f"this token was revoked; {_MAKE_ONE}", (_INVALID,))
    if not token.holds_at(now_ms):
        return Refusal("expired", 401, f"this token has expired; {_MAKE_ONE}", (_INVALID,))
    return Caller(token.id, token.account, token.roles)


def why_not_role(caller: Caller, role: Role) -> Refusal | None:
    """Why a token without `role` is turned away as a whole; None when it has it, or when there is no token."""
    if caller.is_anonymous or caller.may(role):
        return None
    return Refusal("role", 403, f"this token lacks the role {role}; {_MAKE_ONE} with --role {role}")


def needs_token(what: str) -> Refusal:
    """`what` is not for everybody: said with what to do."""
    error = f"{what} needs a token: send `Authorization: Bearer ct_…`; {_MAKE_ONE}"
    return Refusal("needs_token", 401, error, (_CHALLENGE,))
