"""Who asks: from the Authorization header to a caller with roles and an account, or to a problem."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Final

import msgspec

from console.api.limits import Buckets
from console.api.problems import Problem, unavailable
from schemas.tokens import Role, Token, is_proven, read_bearer

CHALLENGE: Final = ("WWW-Authenticate", 'Bearer realm="clicktally"')
_INVALID: Final = ("WWW-Authenticate", 'Bearer realm="clicktally", error="invalid_token"')
_MAKE_ONE: Final = "`clicktally tokens create` makes one"
_V6_PREFIX_BITS: Final = 64


class Caller(msgspec.Struct, frozen=True):
    """Whoever holds a token. Without an account it speaks for the links of all."""

    token_id: str
    account: str
    roles: tuple[Role, ...]

    def may(self, role: Role) -> bool:
        """Whether one of the token's roles allows it."""
        return role in self.roles or "admin" in self.roles

    def speaks_for(self, account: str) -> bool:
        """Whether what belongs to `account` is the token's business."""
        return not self.account or self.account == account


class Callers:
    """Tokens as this console knows them, which is as they were a moment ago; and who showed wrong ones."""

    def __init__(self, tokens: Mapping[str, Token], wrong: Buckets, *, loaded: Callable[[], bool]) -> None:
        """`loaded`: whether all tokens were here once."""
        self._tokens: Final = tokens
        self._wrong: Final = wrong
        self._loaded: Final = loaded

    def identify(self, authorization: Sequence[str], address: str, now_ms: int) -> Caller:
        """Who shows these values of Authorization, from this address.

        Raises Problem. A wrong secret is answered as an unknown id is, word for word.
        """
        if not authorization:
            raise Problem("unauthorized", f"send `Authorization: Bearer ct_…`; {_MAKE_ONE}", headers=(CHALLENGE,))
        scheme, _, text = authorization[0].strip().partition(" ")
        bearer = read_bearer(text.strip()) if scheme.lower() == "bearer" and len(authorization) == 1 else None
        if bearer is None:
            raise self._wrong_token(f"send one header `Authorization: Bearer ct_…`; {_MAKE_ONE}", address, now_ms)
        token = self._tokens.get(bearer.id)
        if is_proven(token, bearer.secret) and token is not None:
            return _caller_of(token, now_ms)
        if not self._loaded():
            raise unavailable("the tokens are being loaded; send it again in a moment")
        raise self._wrong_token(
            f"this token is not known here: check that it is whole; {_MAKE_ONE}", address, now_ms
        )

    def _wrong_token(self, detail: str, address: str, now_ms: int) -> Problem:
        grant = self._wrong.take(source_of(address), now_ms / 1000)
        if grant.granted:
            return Problem("unauthorized", detail, headers=(_INVALID,))
        return Problem(
            "too-many-requests",
            f"too many wrong tokens from this address: try again in {grant.wait_s} s",
            headers=(("Retry-After", str(grant.wait_s)),),
        )


def _caller_of(token: Token, now_ms: int) -> Caller:
    """Whoever proved to hold the token, as long as it holds. Raises Problem."""
    if token.revoked_at_ms is not None:
        raise Problem("unauthorized", f"this token was revoked; {_MAKE_ONE}", headers=(_INVALID,))
    if not token.holds_at(now_ms):
        raise Problem("unauthorized", f"this token has expired; {_MAKE_ONE}", headers=(_INVALID,))
    return Caller(token.id, token.account, token.roles)


def check_role(caller: Caller, role: Role) -> None:
    """Raise Problem when the token lacks the role."""
    if not caller.may(role):
        raise Problem("forbidden", f"this token lacks the role {role}; {_MAKE_ONE} with --role {role}")


def source_of(address: str) -> str:
    """What tells one client from another: an IPv4 address, an IPv6 /64; all that is no address is one."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(read, IPv6Address):
        return str(read)
    return str(read.ipv4_mapped or int(read) >> _V6_PREFIX_BITS)
