"""The operations on campaigns and posts."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from console.api.callers import Caller
from console.api.changing import IDEMPOTENCY_KEY, Changing
from console.api.following import TopicFollower
from console.api.index import Index
from console.api.named_records import (
    CAMPAIGN_PREFIX,
    Campaign,
    Named,
    Post,
    campaign_key,
    channel_name,
    post_key,
    posts_prefix,
)
from console.api.operations import CALLER, JSON, MERGE_PATCH, Act, Answer, Operation, body_of, json_answer, query_of
from console.api.problems import Problem, unavailable
from console.api.record_changes import Save, read_record
from console.api.record_views import campaign_view, post_view, record_view
from console.api.record_wire import (
    AccountQuery,
    CampaignPage,
    CampaignPatch,
    CampaignsQuery,
    CampaignView,
    PostPage,
    PostPatch,
    PostsQuery,
    PostView,
)

Result = TypeVar("Result")
Kind = TypeVar("Kind", Campaign, Post)

_AT_ONCE: Final = 1000
_ETAG: Final = {"ETag": "names this state of the record, for If-Match"}
_CHANGE_HEADERS: Final = {
    "If-Match": "ETag of the state that is to be changed: any other is answered 412",
    IDEMPOTENCY_KEY: "any text of up to 255 characters: the same request under the same key is done once",
}


class RecordOperations:
    """What can be done with campaigns and posts."""

    def __init__(
        self, index: Index, changing: Changing, followers: Mapping[str, TopicFollower], threads: Executor
    ) -> None:
        self._index: Final = index
        self._changing: Final = changing
        self._followers: Final = followers
        self._threads: Final = threads

    async def campaigns(self, request: web.Request) -> web.StreamResponse:
        """A page of campaigns."""
        query, caller = query_of(request, CampaignsQuery), request[CALLER]
        account = query.account if query.account is not None else caller.account or None
        prefix = CAMPAIGN_PREFIX if account is None else campaign_key(account, "")

        def fits(campaign: Campaign) -> bool:
            return caller.speaks_for(campaign.account) and query.state in (None, campaign.state)

        page, cursor = await self._read(lambda: self._page(prefix, query.cursor, query.limit, Campaign, fits))
        return json_answer(CampaignPage(campaigns=[campaign_view(one) for one in page], next=cursor))

    async def posts(self, request: web.Request) -> web.StreamResponse:
        """A page of a campaign's posts."""
        query, caller = query_of(request, PostsQuery), request[CALLER]
        prefix = posts_prefix(self._account(request, query.account), request.match_info["campaign"])

        def fits(post: Post) -> bool:
            return (
                query.profile in (None, post.profile)
                and (query.channel is None or channel_name(query.channel) == post.channel)
                and _in_scope(post, caller)
            )

        page, cursor = await self._read(lambda: self._page(prefix, query.cursor, query.limit, Post, fits))
        return json_answer(PostPage(posts=[post_view(one) for one in page], next=cursor))

    async def read_campaign(self, request: web.Request) -> web.StreamResponse:
        """One campaign."""
        account = self._account(request, query_of(request, AccountQuery).account)
        return await self._one(campaign_key(account, request.match_info["campaign"]))

    async def read_post(self, request: web.Request) -> web.StreamResponse:
        """One post."""
        account = self._account(request, query_of(request, AccountQuery).account)
        named = request.match_info
        return await self._one(post_key(account, named["campaign"], named["channel"], named["post"]))

    async def save_campaign(self, request: web.Request) -> web.StreamResponse:
        """Change a campaign, or make it."""
        account = self._account(request, query_of(request, AccountQuery).account)
        body, content = await body_of(request, CampaignPatch, (MERGE_PATCH, JSON))
        return await self._save(
            request, Campaign(name=request.match_info["campaign"], account=account), body, content
        )

    async def save_post(self, request: web.Request) -> web.StreamResponse:
        """Change a post, or make it."""
        account = self._account(request, query_of(request, AccountQuery).account)
        body, content = await body_of(request, PostPatch, (MERGE_PATCH, JSON))
        named = request.match_info
        channel = channel_name(named["channel"])
        post = Post(name=named["post"], account=account, campaign=named["campaign"], channel=channel)
        return await self._save(request, post, body, content)

    async def _save(
        self, request: web.Request, empty: Named, body: CampaignPatch | PostPatch, content: bytes
    ) -> web.StreamResponse:
        change = Save(
            empty=empty, body=body, caller=request[CALLER], if_match=request.headers.get("If-Match", "").strip()
        )
        return await self._changing.change(request, change, content)

    async def _one(self, key: str) -> web.StreamResponse:
        value = await self._read(lambda: self._index.record(key))
        if value is None:
            raise Problem("not-found", "there is none of this name: PATCH makes it")
        view = record_view(key, value)
        return json_answer(view, headers={"ETag": view.etag})

    def _account(self, request: web.Request, given: str | None) -> str:
        """Whose record is meant. Raises Problem."""
        account = request[CALLER].account if given is None else given
        if not request[CALLER].speaks_for(account):
            own = request[CALLER].account
            raise Problem("forbidden", f"this token speaks for account {own!r} only", parameter="account")
        return account

    def _page(
        self, prefix: str, after: str, limit: int, kind: type[Kind], fits: Callable[[Kind], bool]
    ) -> tuple[list[Kind], str | None]:
        records_of_caller: list[Kind] = []
        while True:
            records = self._index.records(prefix, after=after, limit=_AT_ONCE)
            for key, value in records:
                record = read_record(value, kind)
                if fits(record):
                    if len(records_of_caller) == limit:
                        return records_of_caller, after
                    records_of_caller.append(record)
                after = key
            if len(records) < _AT_ONCE:
                return records_of_caller, None

    async def _read(self, read: Callable[[], Result]) -> Result:
        """Read the index, in a thread. Raises Problem."""
        if not all(follower.ready for follower in self._followers.values()):
            raise unavailable("the records are being read from Kafka: send it again in a moment", retry_after_s=5)
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)


def _in_scope(post: Post, caller: Caller) -> bool:
    """Whether a post has all labels that the caller is bound to."""
    own = {
        "account": post.account,
        "campaign": post.campaign,
        "post": post.name,
        "channel": post.channel,
        "profile": post.profile,
    }
    return all(own[name] == (channel_name(value) if name == "channel" else value) for name, value in caller.scope)


def record_operations(records: RecordOperations) -> tuple[Operation, ...]:
    """The table of what can be done with campaigns and posts."""
    campaign = "/v1/campaigns/{campaign}"
    posts = f"{campaign}/posts"
    post = f"{posts}/{{channel}}/{{post}}"
    return (
        Operation(
            name="listCampaigns",
            method="GET",
            path="/v1/campaigns",
            role="links:read",
            summary="List campaigns, by account and name",
            act=records.campaigns,
            query=CampaignsQuery,
            answers={200: Answer(meaning="a page of campaigns", kind=CampaignPage)},
        ),
        Operation(
            name="readCampaign",
            method="GET",
            path=campaign,
            role="links:read",
            summary="Read a campaign",
            act=records.read_campaign,
            query=AccountQuery,
            answers={200: Answer(meaning="the campaign", kind=CampaignView, headers=_ETAG)},
            problems=("not-found",),
        ),
        _saving(
            "saveCampaign",
            campaign,
            "Change what the body names of a campaign; make it where there is none",
            records.save_campaign,
            body=CampaignPatch,
            view=CampaignView,
        ),
        Operation(
            name="listPosts",
            method="GET",
            path=posts,
            role="links:read",
            summary="List the posts of a campaign, by channel and name",
            act=records.posts,
            query=PostsQuery,
            answers={200: Answer(meaning="a page of posts", kind=PostPage)},
            shared=True,
        ),
        Operation(
            name="readPost",
            method="GET",
            path=post,
            role="links:read",
            summary="Read a post",
            act=records.read_post,
            query=AccountQuery,
            answers={200: Answer(meaning="the post", kind=PostView, headers=_ETAG)},
            problems=("not-found",),
        ),
        _saving(
            "savePost",
            post,
            "Change what the body names of a post; make it where there is none",
            records.save_post,
            body=PostPatch,
            view=PostView,
        ),
    )


def _saving(
    name: str, path: str, summary: str, act: Act, *, body: type[msgspec.Struct], view: type[msgspec.Struct]
) -> Operation:
    return Operation(
        name=name,
        method="PATCH",
        path=path,
        role="links:write",
        summary=summary,
        act=act,
        query=AccountQuery,
        body=body,
        body_media=(MERGE_PATCH, JSON),
        headers=_CHANGE_HEADERS,
        answers={
            200: Answer(meaning="as it is now", kind=view, headers=_ETAG),
            201: Answer(meaning="made", kind=view, headers=_ETAG),
            202: Answer(meaning="durable, and not yet followed by this console", kind=view, headers=_ETAG),
        },
        problems=("precondition-failed", "invalid", "key-reused", "unknown-outcome"),
    )
