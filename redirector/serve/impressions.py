"""From the items of a request to its impressions: events out, a reason for each that is none."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from redirector.serve.access import Caller
from redirector.serve.claims import Claim, ClaimContext, source_of, time_of, why_not
from redirector.serve.items import Item, ItemError, read_item
from redirector.serve.request_facts import NO_REQUEST_FACTS, RequestFacts
from schemas.event_times import DoorTimes
from schemas.events import Impression, ImpressionSource
from schemas.link_names import link_key, read_link_name, read_slug, shown
from schemas.links import Link, LinkError


class Rejected(msgspec.Struct, frozen=True):
    """Why the item at `index` (from 0) is no impression."""

    index: int
    error: str


class PostedImpressions(NamedTuple):
    """The impressions of one body, and the items that are none."""

    accepted: list[Impression]
    rejected: list[Rejected]


class PostFacts(NamedTuple):
    """What of the request goes into its impressions.

    `spool` is the derived spool id of an Idempotency-Key, or empty; `source` is the query's; `request_facts` is
    used for beacons only: there, the client is the one who saw the content.
    """

    caller: Caller
    context: ClaimContext
    times: DoorTimes
    spool: str
    source: ImpressionSource | None
    request_facts: RequestFacts


def read_impressions(
    items: list[bytes], find_link: Callable[[str], Link | None], post: PostFacts
) -> PostedImpressions:
    """Turn encoded items into impressions. With an idempotency key, seq is the position, from 1."""
    posted = PostedImpressions([], [])
    for index, item in enumerate(items):
        try:
            posted.accepted.append(_impression(read_item(item), index, find_link, post))
        except (ItemError, LinkError) as error:
            # What a client sent may stand in it, and need not be text.
            reason = str(error).encode("utf-8", "backslashreplace").decode()
            posted.rejected.append(Rejected(index, reason))
    return posted


def _impression(item: Item, index: int, find_link: Callable[[str], Link | None], post: PostFacts) -> Impression:
    key = _key(item)
    link = find_link(key)
    if link is None:
        raise LinkError(f"there is no link {shown(key)}: import it first, or correct the name")
    caller = post.caller
    claim = Claim(post.source or item.source, item.kind, item.count, item.time_ms)
    if reason := why_not(claim, caller, link, post.context):
        raise ItemError(reason)
    time_ms = time_of(claim, caller, post.context.now_ms)
    if reason := post.times.why_not(time_ms, post.context.now_ms):
        raise ItemError(reason)
    source = source_of(claim, caller)
    request_facts = post.request_facts if source == "beacon" else NO_REQUEST_FACTS
    return Impression(
        time_ms=time_ms,
        link=key,
        source=source,
        kind=item.kind,
        count=item.count,
        seq=index + 1 if post.spool else 0,
        spool=post.spool,
        **request_facts,
    )


def _key(item: Item) -> str:
    if item.link is not None:
        if item.domain is not None or item.slug is not None:
            raise LinkError("an item names its link twice: give link, or domain and slug")
        return read_link_name(item.link)
    if item.domain is None or item.slug is None:
        raise LinkError("an item names no link: give link (domain/slug), or domain and slug")
    return link_key(item.domain, read_slug(item.slug))
