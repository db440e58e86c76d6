"""The operations on shares: make one, list them, end one."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from console.api.callers import Caller
from console.api.changes import Decision, View, Write
from console.api.changing import Changing
from console.api.index import Index
from console.api.operations import CALLER, Answer, Operation, body_of, json_answer
from console.api.page_requests import OWN_HEADER
from console.api.policy import check_text
from console.api.problems import Problem
from console.api.report_wire import Label
from console.api.shares import SHARE_PREFIX, VIEW_MAX_CHARS, Share, new_share, read_share, share_key
from schemas.topics import RECORDS

LONGEST_DAYS: Final = 400
_DAY_MS: Final = 24 * 3_600_000
_LISTED_MOST: Final = 1000
_OWN_HEADERS: Final = {OWN_HEADER: "1; needed where a cookie is used"}

ShareLabel = Literal["account", "campaign", "post", "channel", "profile"]


class NewShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is shared, with whom it may concern, and until when."""

    view: Annotated[
        str,
        Meta(
            pattern="^/(?![/\\\\])", max_length=VIEW_MAX_CHARS, description="the page's address of the view, from /"
        ),
    ]
    scope: Annotated[
        dict[ShareLabel, Label],
        Meta(
            min_length=1,
            description="labels that everything has which the share shows; an account's token adds its own",
        ),
    ]
    expires_at: Annotated[datetime, Meta(tz=True, description=f"at most {LONGEST_DAYS} days from now")]
    name: Annotated[str, Meta(max_length=256)] = ""


class ShareView(msgspec.Struct, kw_only=True):
    """A share as it is listed."""

    id: str
    name: str
    view: str
    scope: dict[str, str]
    account: str
    created_at: datetime
    expires_at: datetime
    state: Literal["valid", "expired", "revoked"]


class MadeShare(msgspec.Struct, kw_only=True):
    """A new share. Its text is shown this once: only a hash of it is kept."""

    share: ShareView
    text: str
    url: Annotated[str, Meta(description="what to give away; behind # is the text, which no server's log gets")]


class SharePage(msgspec.Struct, kw_only=True):
    """Shares, the latest made first."""

    shares: list[ShareView]


@dataclass(frozen=True, kw_only=True)
class SaveShare:
    """Write a new share."""

    share: Share

    def decide(self, view: View, now_ms: int) -> Decision:  # noqa: ARG002 - as Change
        """Its id is new."""
        key = share_key(self.share.id)
        return Decision(
            writes=(Write(RECORDS, key, msgspec.json.encode(self.share)),), status=201, key=key, link=None
        )


@dataclass(frozen=True, kw_only=True)
class RevokeShare:
    """End a share of the caller's account."""

    id: str
    caller: Caller

    def decide(self, view: View, now_ms: int) -> Decision:
        """It stays listed as revoked."""
        key = share_key(self.id)
        share = read_share(view.record(key))
        if share is None or not self.caller.speaks_for(share.account):
            raise Problem("not-found", "there is no such share: GET /v1/shares lists those that there are")
        if share.revoked_at_ms is not None:
            return Decision(writes=(), status=204, key=key, link=None)
        revoked = msgspec.structs.replace(share, revoked_at_ms=now_ms)
        return Decision(writes=(Write(RECORDS, key, msgspec.json.encode(revoked)),), status=204, key=key, link=None)


class ShareOperations:
    """What can be done with shares."""

    def __init__(
        self,
        index: Index,
        changing: Changing,
        threads: Executor | None,
        *,
        page_url: str,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`threads` read the index; `page_url`: empty where browsers reach the page as they reached the API."""
        self._index: Final = index
        self._changing: Final = changing
        self._threads: Final = threads
        self._page_url: Final = page_url.rstrip("/")
        self._now_ms: Final = now_ms

    async def create(self, request: web.Request) -> web.StreamResponse:
        """A share, and its text."""
        body, content = await body_of(request, NewShare)
        caller, now_ms = request[CALLER], self._now_ms()
        check_text(body.name, "/name")
        check_text(body.view, "/view")
        share, text = new_share(
            name=body.name,
            view=body.view,
            scope=_scope(body.scope, caller),
            token_id=caller.token_id,
            account=caller.account,
            now_ms=now_ms,
            expires_at_ms=_end(body.expires_at, now_ms),
        )
        made = MadeShare(share=_view(share, now_ms), text=text, url=f"{self._page_url}/shared#share={text}")
        return await self._changing.change_record(
            request,
            SaveShare(share=share),
            content,
            lambda decision: json_answer(made, status=decision.status),
        )

    async def shares(self, request: web.Request) -> web.StreamResponse:
        """Those of the caller's account."""
        caller, now_ms = request[CALLER], self._now_ms()
        records = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._index.records(SHARE_PREFIX, after="", limit=_LISTED_MOST)
        )
        shares = [
            share for _, value in records if (share := read_share(value)) and caller.speaks_for(share.account)
        ]
        shares.sort(key=lambda share: -share.created_at_ms)
        return json_answer(SharePage(shares=[_view(share, now_ms) for share in shares]))

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """Nobody sees anything by it from now on."""
        change = RevokeShare(id=request.match_info["share"], caller=request[CALLER])
        return await self._changing.change_record(
            request, change, b"", lambda decision: web.Response(status=decision.status)
        )


def _scope(given: Mapping[ShareLabel, str], caller: Caller) -> dict[str, str]:
    scope: dict[str, str] = {
        name: value.strip().lower() if name == "channel" else value for name, value in given.items()
    }
    if caller.account and scope.setdefault("account", caller.account) != caller.account:
        raise Problem(
            "forbidden", f"this token speaks for account {caller.account!r} only", pointer="/scope/account"
        )
    return scope


def _end(expires_at: datetime, now_ms: int) -> int:
    end_ms = int(expires_at.timestamp() * 1000)
    if not now_ms < end_ms <= now_ms + LONGEST_DAYS * _DAY_MS:
        raise Problem("invalid", f"a share ends after now, and within {LONGEST_DAYS} days", pointer="/expires_at")
    return end_ms


def _view(share: Share, now_ms: int) -> ShareView:
    return ShareView(
        id=share.id,
        name=share.name,
        view=share.view,
        scope=share.scope,
        account=share.account,
        created_at=_time(share.created_at_ms),
        expires_at=_time(share.expires_at_ms),
        state="revoked" if share.revoked_at_ms is not None else "valid" if share.holds_at(now_ms) else "expired",
    )


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def share_operations(shares: ShareOperations) -> tuple[Operation, ...]:
    """The table of what can be done with shares."""
    path = "/v1/shares"
    return (
        Operation(
            name="createShare",
            method="POST",
            path=path,
            role="reports:read",
            summary="Share a view: a link by which anybody reads what its scope leaves, until it ends",
            act=shares.create,
            body=NewShare,
            headers=_OWN_HEADERS,
            answers={
                201: Answer(meaning="the share, with its text", kind=MadeShare),
                202: Answer(meaning="the share, not yet known to this console", kind=MadeShare),
            },
            problems=("unknown-outcome",),
        ),
        Operation(
            name="listShares",
            method="GET",
            path=path,
            role="reports:read",
            summary="List shares, the latest made first, those that ended within 30 days too",
            act=shares.shares,
            answers={200: Answer(meaning="shares", kind=SharePage)},
        ),
        Operation(
            name="revokeShare",
            method="DELETE",
            path=f"{path}/{{share}}",
            role="reports:read",
            summary="End a share",
            act=shares.revoke,
            headers=_OWN_HEADERS,
            answers={
                202: Answer(meaning="ended, and not yet known to this console", media=()),
                204: Answer(meaning="ended", media=()),
            },
            problems=("not-found", "unknown-outcome"),
        ),
    )
