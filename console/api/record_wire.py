"""Campaigns and posts as the API takes and gives them."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from console.api.named_records import TEXT_MAX_CHARS, State
from schemas.links import Aim, Label

Text = Annotated[str, Meta(max_length=TEXT_MAX_CHARS)]
Time = Annotated[datetime, Meta(tz=True)]
Url = Annotated[str, Meta(max_length=8192)]


class CampaignPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a campaign, as a merge patch (RFC 7396): what is left out stays, null empties."""

    aim: Annotated[
        Aim | UnsetType | None, Meta(description="awareness: impressions lead, CTR is not judged; empty: responses")
    ] = UNSET
    state: State | UnsetType = UNSET
    starts_at: Time | UnsetType | None = UNSET
    ends_at: Time | UnsetType | None = UNSET
    note: Text | UnsetType | None = UNSET


class PostPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a post, as a merge patch."""

    profile: Label | UnsetType | None = UNSET
    text: Text | UnsetType | None = UNSET
    published_at: Time | UnsetType | None = UNSET
    post_id: Annotated[Label | UnsetType | None, Meta(description="the platform's id of the post")] = UNSET
    post_url: Url | UnsetType | None = UNSET


class CampaignView(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as it is."""

    name: str
    account: str
    aim: str
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    note: str
    created_at: datetime | None
    updated_at: datetime | None
    etag: str


class PostView(msgspec.Struct, frozen=True, kw_only=True):
    """A post as it is."""

    name: str
    account: str
    campaign: str
    channel: str
    profile: str
    text: str
    published_at: datetime | None
    post_id: str
    post_url: str
    created_at: datetime | None
    updated_at: datetime | None
    etag: str


class CampaignPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some campaigns, by account and name."""

    campaigns: list[CampaignView]
    next: str | None


class PostPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some posts of a campaign, by channel and name."""

    posts: list[PostView]
    next: str | None


class AccountQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose campaign is meant: the token's account where it has one, else that of links without an account."""

    account: Label | None = None


class CampaignsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which campaigns are meant, and which page of them."""

    account: Label | None = None
    state: State | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Annotated[str, Meta(max_length=4096)] = ""


class PostsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which posts of the campaign are meant, and which page of them."""

    account: Label | None = None
    channel: Label | None = None
    profile: Label | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Annotated[str, Meta(max_length=4096)] = ""
