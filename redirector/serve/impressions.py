"""From the items of a request to its impressions: events out, a reason for each that is none."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from redirector.serve.access import Caller
from redirector.serve.items import Item, ItemError, read_item
from redirector.serve.observed import NOTHING, Observed
from redirector.serve.sayings import Saying, Situation, source_of, time_of, why_not
from schemas.event_times import DoorTimes
from schemas.events import Impression, ImpressionSource
from schemas.link_names import link_key, read_link_name, read_slug, shown
from schemas.links import Link, LinkError


class Rejected(msgspec.Struct, frozen=True):
    """Why the item at `index` (from 0) is no impression."""

    index: int
    error: str


class Read(NamedTuple):
    """The impressions of one body, and the items that are none."""

    accepted: list[Impression]
    rejected: list[Rejected]


class Circumstances(NamedTuple):
    """What of the request goes into its impressions.

    `spool` is the derived spool id of an Idempotency-Key, or empty; `source` is the query's; `observed` is
    used for beacons only: there, the client is the one who saw the content.
    """

    caller: Caller
    situation: Situation
    times: DoorTimes
    spool: str
    source: ImpressionSource | None
    observed: Observed


def read(items: list[bytes], find: Callable[[str], Link | None], around: Circumstances) -> Read:
    """Turn encoded items into impressions. With an idempotency key, seq is the position, from 1."""
    outcome = Read([], [])
    for index, item in enumerate(items):
        try:
            outcome.accepted.append(_impression(read_item(item), index, find, around))
        except (ItemError, LinkError) as error:
            # What a client sent may stand in it, and need not be text.
            reason = str(error).encode("utf-8", "backslashreplace").decode()
            outcome.rejected.append(Rejected(index, reason))
    return outcome


def _impression(item: Item, index: int, find: Callable[[str], Link | None], around: Circumstances) -> Impression:
    key = _key(item)
    link = find(key)
    if link is None:
        raise LinkError(f"there is no link {shown(key)}: import it first, or correct the name")
    caller = around.caller
    saying = Saying(around.source or item.source, item.kind, item.count, item.time_ms)
    if reason := why_not(saying, caller, link, around.situation):
        raise ItemError(reason)
    time_ms = time_of(saying, caller, around.situation.now_ms)
    if reason := around.times.why_not(time_ms, around.situation.now_ms):
        raise ItemError(reason)
    source = source_of(saying, caller)
    observed = around.observed if source == "beacon" else NOTHING
    return Impression(
        time_ms=time_ms,
        link=key,
        source=source,
        kind=item.kind,
        count=item.count,
        seq=index + 1 if around.spool else 0,
        spool=around.spool,
        **observed,
    )


def _key(item: Item) -> str:
    if item.link is not None:
        if item.domain is not None or item.slug is not None:
            raise LinkError("an item names its link twice: give link, or domain and slug")
        return read_link_name(item.link)
    if item.domain is None or item.slug is None:
        raise LinkError("an item names no link: give link (domain/slug), or domain and slug")
    return link_key(item.domain, read_slug(item.slug))
