"""Who asks: from the Authorization header, or the cookie of a session, to a caller, or to a problem."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

import msgspec

from console.api.limits import Buckets
from console.api.problems import Problem, unavailable
from console.api.sessions import RENEWED_AFTER_S, Session, is_shown, read_cookie, read_session, session_key
from console.api.shares import Share, is_share_proven, read_share, read_share_text, share_key
from schemas.tokens import Role, Token, is_proven, read_bearer

CHALLENGE: Final = ("WWW-Authenticate", 'Bearer realm="clicktally"')
_INVALID: Final = ("WWW-Authenticate", 'Bearer realm="clicktally", error="invalid_token"')
_MAKE_ONE: Final = "`clicktally tokens create` makes one"
_V6_PREFIX_BITS: Final = 64


class Caller(msgspec.Struct, frozen=True):
    """Whoever holds a token, or opened a share. Without an account it speaks for the links of all.

    `session` is that of a browser that signed in. `scope`: labels that all counts must have which it sees; a share,
    whose id is in `share`, has it from its record and stands for no token. `sides`: those of the one comparison
    that it sees, and nothing else.
    """

    token_id: str
    account: str
    roles: tuple[Role, ...]
    session: str = ""
    share: str = ""
    scope: tuple[tuple[str, str], ...] = ()
    sides: tuple[str, ...] = ()

    def may(self, role: Role) -> bool:
        """Whether one of the token's roles allows it."""
        return role in self.roles or "admin" in self.roles

    def speaks_for(self, account: str) -> bool:
        """Whether what belongs to `account` is the token's business."""
        own = dict(self.scope).get("account", self.account or account)
        return own == account


class SignedIn(NamedTuple):
    """Whom a cookie lets in, and the value that it should have from now on; empty while it is good as it is."""

    caller: Caller
    renewed: str


class Callers:
    """Tokens as this console knows them, which is as they were a moment ago; and who showed wrong ones."""

    def __init__(
        self,
        tokens: Mapping[str, Token],
        wrong: Buckets,
        *,
        loaded: Callable[[], bool],
        record: Callable[[str], bytes | None] = lambda _: None,
        idle_ms: int = 0,
    ) -> None:
        """`loaded`: whether all of them were here once; `record`: one of the topic `records`."""
        self._tokens: Final = tokens
        self._wrong: Final = wrong
        self._loaded: Final = loaded
        self._record: Final = record
        self._idle_ms: Final = idle_ms

    def identify(self, authorization: Sequence[str], address: str, now_ms: int) -> Caller:
        """Who shows these values of Authorization, from this address.

        Raises Problem. A wrong secret is answered as an unknown id is, word for word.
        """
        if not authorization:
            raise Problem("unauthorized", f"send `Authorization: Bearer ct_…`; {_MAKE_ONE}", headers=(CHALLENGE,))
        scheme, _, text = authorization[0].strip().partition(" ")
        shown = text.strip() if scheme.lower() == "bearer" and len(authorization) == 1 else ""
        shared = read_share_text(shown)
        if shared is not None:
            return self._by_share(*shared, address, now_ms)
        bearer = read_bearer(shown)
        if bearer is None:
            raise self._wrong_token(f"send one header `Authorization: Bearer ct_…`; {_MAKE_ONE}", address, now_ms)
        token = self._tokens.get(bearer.id)
        if is_proven(token, bearer.secret) and token is not None:
            return _caller_of(token, now_ms)
        self._wait_for_all()
        raise self._wrong_token(
            f"this token is not known here: check that it is whole; {_MAKE_ONE}", address, now_ms
        )

    def by_cookie(self, cookie: str, address: str, now_ms: int) -> SignedIn:
        """Whom the session of this cookie lets in. Raises Problem.

        A cookie of the right form counts as no wrong try: a browser shows several at once when its session ended.
        """
        shown = read_cookie(cookie)
        if shown is None:
            raise self._wrong_token("this is no session's cookie: sign in again", address, now_ms)
        session = read_session(self._record(session_key(shown.id)))
        if session is None:
            self._wait_for_all()
        if session is None or not is_shown(session, shown, now_ms=now_ms, idle_ms=self._idle_ms):
            raise ended()
        renewed = ""
        if now_ms - shown.seen_s * 1000 >= RENEWED_AFTER_S * 1000:
            renewed = session.cookie(shown.secret, now_ms)
        return SignedIn(self._caller_of_session(session, now_ms), renewed)

    def caller_of_token(self, identifier: str, now_ms: int) -> Caller:
        """Whom a token lets in, proven otherwise. Raises Problem."""
        token = self._tokens.get(identifier)
        if token is None:
            self._wait_for_all()
            raise ended()
        return _caller_of(token, now_ms)

    def token(self, identifier: str) -> Token | None:
        """A token by its id."""
        return self._tokens.get(identifier)

    def ends_at_ms(self, caller: Caller, now_ms: int) -> int | None:
        """When the caller's token or share expires; None for never. Raises Problem."""
        if caller.share:
            return self.share(caller.share, now_ms).expires_at_ms
        token = self._tokens.get(caller.token_id)
        return None if token is None else token.expires_at_ms

    def share(self, identifier: str, now_ms: int) -> Share:
        """A share that holds. Raises Problem."""
        share = read_share(self._record(share_key(identifier)))
        token = None if share is None else self._tokens.get(share.token_id)
        if share is None or token is None:
            self._wait_for_all()
        if share is None or not share.holds_at(now_ms) or token is None or not token.holds_at(now_ms):
            raise Problem("share-ended", "ask who gave it to you for another")
        return share

    def holds(self, caller: Caller, now_ms: int) -> bool:
        """Whether who was let in a while ago still would be."""
        try:
            if caller.session and read_session(self._record(session_key(caller.session))) is None:
                return False
            if caller.share:
                self.share(caller.share, now_ms)
                return True
        except Problem:
            return False
        token = self._tokens.get(caller.token_id)
        return token is not None and token.holds_at(now_ms)

    def _by_share(self, identifier: str, secret: str, address: str, now_ms: int) -> Caller:
        share = read_share(self._record(share_key(identifier)))
        if is_share_proven(share, secret) and share is not None:
            return caller_of_share(self.share(identifier, now_ms))
        self._wait_for_all()
        raise self._wrong_token("this share is not known here: check that the link is whole", address, now_ms)

    def _caller_of_session(self, session: Session, now_ms: int) -> Caller:
        if session.share_id:
            caller = caller_of_share(self.share(session.share_id, now_ms))
        else:
            caller = self.caller_of_token(session.token_id, now_ms)
        return msgspec.structs.replace(caller, session=session.id)

    def _wait_for_all(self) -> None:
        if not self._loaded():
            raise unavailable("the tokens are being loaded; send it again in a moment")

    def wrong_try(self, problem: Problem, address: str, now_ms: int) -> Problem:
        """The problem, or that there were too many of its kind from this address."""
        grant = self._wrong.take(source_of(address), now_ms / 1000)
        if grant.granted:
            return problem
        return Problem(
            "too-many-requests",
            f"too many wrong tokens from this address: try again in {grant.wait_s} s",
            headers=(("Retry-After", str(grant.wait_s)),),
        )

    def _wrong_token(self, detail: str, address: str, now_ms: int) -> Problem:
        return self.wrong_try(Problem("unauthorized", detail, headers=(_INVALID,)), address, now_ms)


def _caller_of(token: Token, now_ms: int) -> Caller:
    """Whoever proved to hold the token, as long as it holds. Raises Problem."""
    if token.revoked_at_ms is not None:
        raise Problem("unauthorized", f"this token was revoked; {_MAKE_ONE}", headers=(_INVALID,))
    if not token.holds_at(now_ms):
        raise Problem("unauthorized", f"this token has expired; {_MAKE_ONE}", headers=(_INVALID,))
    return Caller(token.id, token.account, token.roles)


def caller_of_share(share: Share) -> Caller:
    """Whoever opened a share: they read reports of its scope, or its comparison."""
    scope = tuple(sorted((share.scope or {}).items()))
    return Caller(share.id, share.account, ("reports:read",), share=share.id, scope=scope, sides=share.sides)


def ended() -> Problem:
    """A session that is no more."""
    return Problem("unauthorized", "you are not signed in any more: sign in again", headers=(CHALLENGE,))


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
