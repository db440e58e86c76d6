"""Campaigns and posts as records of the topic `records`: what is known of a name that links carry.

A name that exists only on links gets a record by itself: the writer makes it from the first such link.
"""

from typing import Annotated, Final, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from schemas.links import Aim, Label, Link

CAMPAIGN_PREFIX: Final = "campaign/"
POST_PREFIX: Final = "post/"
TEXT_MAX_CHARS: Final = 10_000

State = Literal["active", "completed"]


class Campaign(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A campaign of an account; keyed by `campaign_key`."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    account: Label = ""
    aim: Aim = ""
    state: State = "active"
    starts_at_ms: int | None = None
    ends_at_ms: int | None = None
    note: Annotated[str, Meta(max_length=TEXT_MAX_CHARS)] = ""
    created_at_ms: int = 0
    updated_at_ms: int = 0
    v: int = 1

    @property
    def key(self) -> str:
        """The topic's key."""
        return campaign_key(self.account, self.name)


class Post(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A post of a campaign on a channel; keyed by `post_key`."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    account: Label = ""
    campaign: Label = ""
    channel: Label = ""
    profile: Label = ""
    text: Annotated[str, Meta(max_length=TEXT_MAX_CHARS)] = ""
    published_at_ms: int | None = None
    post_id: Label = ""
    post_url: Annotated[str, Meta(max_length=8192)] = ""
    created_at_ms: int = 0
    updated_at_ms: int = 0
    v: int = 1

    @property
    def key(self) -> str:
        """The topic's key."""
        return post_key(self.account, self.campaign, self.channel, self.name)


Named = Campaign | Post


def campaign_key(account: str, name: str) -> str:
    """Its parts escaped, so that no two campaigns share one."""
    return f"{CAMPAIGN_PREFIX}{_part(account)}/{_part(name)}"


def post_key(account: str, campaign: str, channel: str, name: str) -> str:
    """The same of a post; the channel as reports write it, in lower case."""
    return f"{POST_PREFIX}{_part(account)}/{_part(campaign)}/{_part(channel_name(channel))}/{_part(name)}"


def posts_prefix(account: str, campaign: str) -> str:
    """What the keys of a campaign's posts begin with."""
    return f"{POST_PREFIX}{_part(account)}/{_part(campaign)}/"


def channel_name(channel: str) -> str:
    """A channel as reports write it."""
    return channel.strip().lower()


def names_on(link: Link) -> list[Named]:
    """The records that a link's labels call for, made from what the link knows."""
    at_ms = link.updated_at_ms
    named: list[Named] = []
    if link.campaign:
        named.append(
            Campaign(
                name=link.campaign,
                account=link.account,
                aim=link.aim,
                created_at_ms=at_ms,
                updated_at_ms=at_ms,
            )
        )
    if link.post:
        named.append(
            Post(
                name=link.post,
                account=link.account,
                campaign=link.campaign,
                channel=channel_name(link.channel),
                profile=link.profile,
                published_at_ms=link.published_at_ms,
                post_id=link.post_id,
                post_url=link.post_url,
                created_at_ms=at_ms,
                updated_at_ms=at_ms,
            )
        )
    return named


def _part(text: str) -> str:
    return quote(text, safe="")
