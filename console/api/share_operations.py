"""The operations on shares: read-only links to one view that expire; made, listed, revoked."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from console.api.callers import Caller, Callers
from console.api.changes import Decision
from console.api.changing import Changing
from console.api.comparing import SideText, side_labels
from console.api.comparison import MOST as MOST_SIDES
from console.api.index import Index
from console.api.operations import CALLER, Answer, Operation, body_of, json_answer, query_of
from console.api.policy import check_text
from console.api.problems import Problem, unavailable
from console.api.report_wire import Label, Time
from console.api.share_changes import MakeShare, RevokeShare, sees
from console.api.shares import SHARE_PREFIX, VIEW_MAX_CHARS, Scope, Share, ShareId, new_share, read_share

SHARE_MOST: Final = timedelta(days=366)
"""How long a share may hold."""
OPENED_AT: Final = "/shared"
"""The page's address that opens shares; the text follows `#`, which no server's log has."""
_AT_ONCE: Final = 1000
_PAGE_MOST: Final = 1000


class ShareScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Labels that all counts must have which a share shows. Empty: all that its maker sees."""

    account: Label | None = None
    campaign: Label | None = None
    post: Label | None = None
    channel: Label | None = None
    profile: Label | None = None


class NewShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A share to be made."""

    view: Annotated[
        str,
        Meta(
            pattern=r"^/(?![/\\])",
            max_length=VIEW_MAX_CHARS,
            description="path and query of the view that it opens: /campaigns/spring?days=30",
        ),
    ]
    scope: ShareScope = ShareScope()
    sides: Annotated[
        list[SideText],
        Meta(
            max_length=MOST_SIDES,
            description="of a comparison that it shows, and nothing else: each as a report's `of`, without a scope",
        ),
    ] = []
    name: Annotated[str, Meta(max_length=256, description="what those who open it are told it is")] = ""
    expires_at: Annotated[
        Time, Meta(description=f"at most {SHARE_MOST.days} days ahead; it never outlives the token that made it")
    ]


class ShareView(msgspec.Struct, frozen=True, kw_only=True):
    """A share as it is listed: its text is told once, when it is made."""

    id: ShareId
    name: str
    view: str
    scope: dict[str, str]
    sides: Annotated[tuple[str, ...], Meta(description="of the comparison that it shows; else none")]
    account: str
    made_by: Annotated[str, Meta(description="name of the token that it was made with, and ends with")]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    state: Annotated[
        Literal["open", "expired", "revoked"], Meta(description="revoked: by itself, or with its token")
    ]


class MadeShare(msgspec.Struct, frozen=True, kw_only=True):
    """A share that was just made."""

    share: ShareView
    text: Annotated[str, Meta(description="`cts_…`: who has it reads; nobody can find it out later")]
    address: Annotated[
        str, Meta(description="what to give away; without a host where CLICKTALLY_API_PAGE_URL is not set")
    ]


class SharesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which page of the shares."""

    limit: Annotated[int, Meta(ge=1, le=_PAGE_MOST)] = 100
    cursor: Annotated[str, Meta(max_length=256)] = ""


class SharePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some shares, in no order of time."""

    shares: list[ShareView]
    next: str | None


class ShareOperations:
    """What can be done with shares."""

    def __init__(
        self,
        *,
        callers: Callers,
        changing: Changing,
        index: Index,
        threads: Executor,
        ready: Callable[[], bool],
        page_url: str,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`ready`: whether all records were here once; `page_url`: where browsers find the page, if it is set."""
        self._callers: Final = callers
        self._changing: Final = changing
        self._index: Final = index
        self._threads: Final = threads
        self._ready: Final = ready
        self._page_url: Final = page_url.rstrip("/")
        self._now_ms: Final = now_ms

    async def make(self, request: web.Request) -> web.StreamResponse:
        """A share of a view."""
        body, content = await body_of(request, NewShare)
        caller, now_ms = request[CALLER], self._now_ms()
        share, text = _made(body, caller, now_ms, self._callers.ends_at_ms(caller, now_ms))

        def respond(decision: Decision) -> web.Response:
            address = f"{self._page_url}{OPENED_AT}#{text}"
            return json_answer(
                MadeShare(share=self._view(share, now_ms), text=text, address=address), status=decision.status
            )

        return await self._changing.change_record(request, MakeShare(share=share), content, respond)

    async def listed(self, request: web.Request) -> web.StreamResponse:
        """A page of shares: those that hold, and those that ended within 30 days."""
        query, caller, now_ms = query_of(request, SharesQuery), request[CALLER], self._now_ms()
        if not self._ready():
            raise unavailable("the records are being read from Kafka: send it again in a moment", retry_after_s=5)
        loop = asyncio.get_running_loop()
        shares, cursor = await loop.run_in_executor(self._threads, self._page, query, caller)
        return json_answer(SharePage(shares=[self._view(one, now_ms) for one in shares], next=cursor))

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """It opens nothing any more, on every console within a second."""
        change = RevokeShare(id=request.match_info["share"], caller=request[CALLER])
        return await self._changing.change_record(
            request, change, b"", lambda decision: web.Response(status=decision.status)
        )

    def _page(self, query: SharesQuery, caller: Caller) -> tuple[list[Share], str | None]:
        shares: list[Share] = []
        after = query.cursor
        while True:
            records = self._index.records(SHARE_PREFIX, after=after, limit=_AT_ONCE)
            for key, value in records:
                share = read_share(value)
                if share is not None and sees(caller, share):
                    if len(shares) == query.limit:
                        return shares, after
                    shares.append(share)
                after = key
            if len(records) < _AT_ONCE:
                return shares, None

    def _view(self, share: Share, now_ms: int) -> ShareView:
        token = self._callers.token(share.token_id)
        revoked = share.revoked_at_ms is not None or token is None or token.revoked_at_ms is not None
        holds = share.holds_at(now_ms) and token is not None and token.holds_at(now_ms)
        return ShareView(
            id=share.id,
            name=share.name,
            view=share.view,
            scope=share.scope or {},
            sides=share.sides,
            account=share.account,
            made_by=token.name if token else "",
            created_at=_time(share.created_at_ms),
            expires_at=_time(share.expires_at_ms),
            revoked_at=None if share.revoked_at_ms is None else _time(share.revoked_at_ms),
            state="revoked" if revoked else "open" if holds else "expired",
        )


def _made(body: NewShare, caller: Caller, now_ms: int, token_ends_at_ms: int | None) -> tuple[Share, str]:
    """The share and its text. Raises Problem."""
    for value, pointer in ((body.view, "/view"), (body.name, "/name")):
        check_text(value, pointer)
    expires_at_ms = round(body.expires_at.timestamp() * 1000)
    if not now_ms < expires_at_ms <= now_ms + SHARE_MOST // timedelta(milliseconds=1):
        raise Problem(
            "invalid",
            f"a share ends within {SHARE_MOST.days} days from now: name such a time",
            pointer="/expires_at",
        )
    scope: Scope = msgspec.to_builtins(body.scope)
    _check_sides(body.sides, scope)
    account = scope.get("account", caller.account)
    if not caller.speaks_for(account):
        raise Problem(
            "forbidden", f"this token sees the numbers of account {caller.account!r} only", pointer="/scope/account"
        )
    return new_share(
        name=body.name,
        view=body.view,
        scope=scope,
        token_id=caller.token_id,
        account=account,
        now_ms=now_ms,
        expires_at_ms=expires_at_ms if token_ends_at_ms is None else min(expires_at_ms, token_ends_at_ms),
        sides=tuple(body.sides),
    )


def _check_sides(sides: list[str], scope: Scope) -> None:
    for number, side in enumerate(sides):
        try:
            side_labels(side)
        except Problem as problem:
            raise Problem("invalid", problem.details.detail, pointer=f"/sides/{number}") from problem
    if sides and scope:
        raise Problem(
            "invalid", "a comparison's sides have labels of their own: leave scope empty", pointer="/scope"
        )


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def share_operations(shares: ShareOperations) -> tuple[Operation, ...]:
    """The table of what can be done with shares."""
    path = "/v1/shares"
    return (
        Operation(
            name="makeShare",
            method="POST",
            path=path,
            role="reports:read",
            summary="Make a read-only link to one view, which ends by itself",
            act=shares.make,
            body=NewShare,
            answers={
                201: Answer(meaning="made", kind=MadeShare),
                202: Answer(meaning="made, and not yet known to this console", kind=MadeShare),
            },
            problems=("invalid", "unknown-outcome"),
        ),
        Operation(
            name="listShares",
            method="GET",
            path=path,
            role="reports:read",
            summary="List shares: those that hold, and those that ended within 30 days",
            act=shares.listed,
            query=SharesQuery,
            answers={200: Answer(meaning="a page of shares", kind=SharePage)},
        ),
        Operation(
            name="revokeShare",
            method="DELETE",
            path=f"{path}/{{share}}",
            role="reports:read",
            summary="End a share before its time",
            act=shares.revoke,
            answers={
                204: Answer(meaning="it has ended", media=()),
                202: Answer(meaning="it will have ended on this console in a moment", media=()),
            },
            problems=("not-found", "unknown-outcome"),
        ),
    )
