"""The operations on sessions: sign in, who am I, sign out."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from console.api.callers import Caller, Callers
from console.api.changes import Decision
from console.api.changing import Changing
from console.api.operations import CALLER, JSON, Answer, Operation, body_of, json_answer
from console.api.page_requests import OWN_HEADER, RENEWED, PageRules
from console.api.problems import Problem
from console.api.session_changes import SignIn, SignOut, used_up
from console.api.sessions import (
    CODE_MAX_CHARS,
    Session,
    code_key,
    new_session,
    read_code,
    read_session,
    session_key,
)
from schemas.tokens import BEARER_MAX_CHARS, ROLES, Role

_VERSION: Final = version("clicktally")
_OWN_HEADERS: Final = {OWN_HEADER: "1: no page of another origin can send it; needed where a cookie is used"}


class SignInBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """By one of them: a token, a one-time code of `clicktally tokens sign-in-link`, or a share."""

    token: Annotated[str, Meta(max_length=BEARER_MAX_CHARS)] = ""
    code: Annotated[str, Meta(max_length=CODE_MAX_CHARS)] = ""
    share: Annotated[str, Meta(max_length=BEARER_MAX_CHARS)] = ""


class SessionView(msgspec.Struct, kw_only=True):
    """Who asks, and what they may do."""

    name: str
    account: Annotated[str, Meta(description="whose numbers they see; empty: all")]
    roles: list[Role]
    kind: Annotated[str, Meta(description="session, token or share")]
    scope: Annotated[dict[str, str], Meta(description="labels that all counts have which they see")]
    sides: Annotated[tuple[str, ...], Meta(description="of a shared comparison, which is all that they see")]
    view: Annotated[str, Meta(description="the shared view; empty without a share")] = ""
    shared_until: Annotated[datetime | None, Meta(description="when the share ends")] = None
    signed_in_at: datetime | None = None
    expires_at: datetime | None = None
    idle_s: Annotated[int, Meta(description="how long a session lasts that nobody uses")]
    zone: Annotated[str, Meta(description="the account's time zone")]
    domains: Annotated[list[str], Meta(description="where links may be made; empty: anywhere")]
    link_urls: Annotated[
        dict[str, str],
        Meta(description="where visitors open links, by domain; of all others under no name, with {domain} in it"),
    ]
    version: str


class SessionOperations:
    """Signing in and out."""

    def __init__(
        self,
        *,
        callers: Callers,
        changing: Changing,
        record: Callable[[str], bytes | None],
        page: PageRules,
        session_ms: int,
        zones: Callable[[str], str],
        domains: tuple[str, ...],
        link_urls: Mapping[str, str],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`record`: those of the topic `records`; `zones`: the time zone of an account; `link_urls`: as
        `read_link_urls` gives them."""
        self._callers: Final = callers
        self._changing: Final = changing
        self._record: Final = record
        self._page: Final = page
        self._session_ms: Final = session_ms
        self._zones: Final = zones
        self._domains: Final = domains
        self._link_urls: Final = dict(link_urls)
        self._now_ms: Final = now_ms

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """A cookie for a token, a code or a share."""
        self._page.check(request)
        body, content = await body_of(request, SignInBody)
        if sum(map(bool, (body.token, body.code, body.share))) != 1:
            raise Problem("invalid", "send one of token, code and share")
        now_ms = self._now_ms()
        session, secret, caller = self._begun(request, body, now_ms)
        change = SignIn(session=session, ended_id=self._ended_by_it(request, now_ms), code=body.code)

        def respond(decision: Decision) -> web.Response:
            cookie = self._page.set_cookie(session.cookie(secret, now_ms))
            view = self._view(caller, session)
            return json_answer(view, status=decision.status, headers={"Set-Cookie": cookie})

        return await self._changing.change_record(request, change, content, respond)

    async def read(self, request: web.Request) -> web.StreamResponse:
        """Who asks."""
        caller = request[CALLER]
        session = read_session(self._record(session_key(caller.session))) if caller.session else None
        return json_answer(self._view(caller, session))

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """The session ends on every console, and the browser forgets its cookie."""
        request[RENEWED] = self._page.set_cookie("")
        identifier = request[CALLER].session
        if not identifier:
            return web.Response(status=204)
        return await self._changing.change_record(
            request, SignOut(id=identifier), b"", lambda decision: web.Response(status=decision.status)
        )

    def _begun(self, request: web.Request, body: SignInBody, now_ms: int) -> tuple[Session, str, Caller]:
        """The session, what its cookie shows, and whom it lets in. Raises Problem."""
        expires_at_ms = now_ms + self._session_ms
        address = request.remote or ""
        if body.code:
            code = read_code(self._record(code_key(body.code)))
            if code is None or now_ms >= code.expires_at_ms:
                raise self._callers.wrong_try(used_up(), address, now_ms)
            caller = self._callers.caller_of_token(code.token_id, now_ms)
        else:
            caller = self._callers.identify([f"Bearer {body.token or body.share}"], address, now_ms)
        # A share's end is looked at with each request, and said as such.
        ends_at_ms = None if caller.share else self._callers.ends_at_ms(caller, now_ms)
        session, secret = new_session(
            token_id="" if caller.share else caller.token_id,
            share_id=caller.share,
            now_ms=now_ms,
            expires_at_ms=expires_at_ms if ends_at_ms is None else min(expires_at_ms, ends_at_ms),
        )
        return session, secret, msgspec.structs.replace(caller, session=session.id)

    def _ended_by_it(self, request: web.Request, now_ms: int) -> str:
        """The session that the browser is in, if it is in one."""
        shown = self._page.shown(request)
        try:
            return self._callers.by_cookie(shown, request.remote or "", now_ms).caller.session if shown else ""
        except Problem:
            return ""

    def _view(self, caller: Caller, session: Session | None) -> SessionView:
        token = None if caller.share else self._callers.token(caller.token_id)
        share = self._callers.share(caller.share, self._now_ms()) if caller.share else None
        return SessionView(
            name=share.name if share else token.name if token else "",
            account=caller.account,
            roles=[role for role in ROLES if caller.may(role)],
            kind="share" if caller.share else "session" if caller.session else "token",
            scope=dict(caller.scope),
            sides=caller.sides,
            view=share.view if share else "",
            shared_until=_time(share.expires_at_ms) if share else None,
            signed_in_at=_time(session.created_at_ms) if session else None,
            expires_at=_time(
                session.expires_at_ms if session else self._callers.ends_at_ms(caller, self._now_ms())
            ),
            idle_s=self._page.idle_s,
            zone=self._zones(caller.account),
            domains=list(self._domains),
            link_urls=self._link_urls,
            version=_VERSION,
        )


def _time(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def session_operations(sessions: SessionOperations) -> tuple[Operation, ...]:
    """The table of what can be done with sessions."""
    path = "/v1/session"
    return (
        Operation(
            name="signIn",
            method="POST",
            path=path,
            role=None,
            summary="Sign in: a token, a one-time code or a share becomes a session's cookie",
            act=sessions.sign_in,
            body=SignInBody,
            body_media=(JSON,),
            headers=_OWN_HEADERS,
            answers={
                201: Answer(
                    meaning="signed in",
                    kind=SessionView,
                    headers={"Set-Cookie": "the session: HttpOnly, SameSite=Strict"},
                ),
                202: Answer(meaning="signed in, and not yet known to this console", kind=SessionView),
            },
            problems=("unauthorized", "share-ended", "forbidden", "too-many-requests", "unknown-outcome"),
        ),
        Operation(
            name="readSession",
            method="GET",
            path=path,
            role="any",
            summary="Who asks, and what they may do",
            act=sessions.read,
            answers={200: Answer(meaning="who asks", kind=SessionView)},
            shared=True,
            compares=True,
        ),
        Operation(
            name="signOut",
            method="DELETE",
            path=path,
            role="any",
            summary="Sign out: the session ends on every console",
            act=sessions.sign_out,
            headers=_OWN_HEADERS,
            answers={
                202: Answer(meaning="ended, and not yet known to this console", media=()),
                204: Answer(meaning="signed out", media=()),
            },
            problems=("unknown-outcome",),
            shared=True,
            compares=True,
        ),
    )
