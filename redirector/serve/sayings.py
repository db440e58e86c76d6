"""What a caller may say of a link's impressions: a pure rule over item, caller and link."""

from typing import Final, NamedTuple

import msgspec

from redirector.serve.access import Caller
from schemas.events import ImpressionKind, ImpressionSource
from schemas.links import Link

DISPLAYED: Final[tuple[ImpressionKind, ...]] = ("rendered", "viewable")
"""What a page knows of itself. `served` is the pixel's, `platform` a platform's."""


class Saying(msgspec.Struct, frozen=True):
    """What an item claims; `source` as given, `time_ms` None when the item has none."""

    source: ImpressionSource | None
    kind: ImpressionKind
    count: int
    time_ms: int | None


class Situation(NamedTuple):
    """When and from where it is said: `origin` is the request's header, empty when it has none."""

    now_ms: int
    origin: str
    skew_ms: int
    """How far from now the time of a display may be said to lie."""


def source_of(saying: Saying, caller: Caller) -> ImpressionSource:
    """The source that counts where none is said: a page's beacon without a token, the API with one."""
    return saying.source or ("beacon" if caller.is_anonymous else "api")


def time_of(saying: Saying, caller: Caller, now_ms: int) -> int:
    """The time that counts. Without a token it is now, always: no past window may change."""
    return now_ms if caller.is_anonymous or saying.time_ms is None else saying.time_ms


def why_not(saying: Saying, caller: Caller, link: Link, situation: Situation) -> str:
    """Why `caller` may not say this of `link`, and what would do; empty when they may.

    Without a token only what a display can say: one impression, rendered or viewable, now, from a page that the
    link allows.
    """
    if caller.is_anonymous:
        return _why_not_displayed(saying, source_of(saying, caller), link, situation)
    if caller.speaks_for(link.account):
        return ""
    return f"link {link.key} belongs to another account than the token: use a token of its account"


def _why_not_displayed(saying: Saying, source: ImpressionSource, link: Link, situation: Situation) -> str:
    """What of it a display cannot say."""
    wrong = ""
    if source != "beacon":
        wrong = f"the source is beacon, not {source}: leave it out"
    elif saying.kind not in DISPLAYED:
        wrong = f"the kind is {' or '.join(DISPLAYED)}, not {saying.kind}: say which"
    elif saying.count != 1:
        wrong = f"an item is one impression, not {saying.count}: leave count out"
    elif saying.time_ms is not None and abs(saying.time_ms - situation.now_ms) > situation.skew_ms:
        wrong = f"an impression is now, within {situation.skew_ms / 1000:g} s: leave time_ms out"
    elif link.origins and situation.origin not in link.origins:
        page = f"pages of {situation.origin}" if situation.origin else "requests without an Origin"
        wrong = f"link {link.key} takes no impressions from {page}: add it to the link's origins"
    return f"without a token, {wrong}, or send a token" if wrong else ""
