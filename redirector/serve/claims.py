"""What a caller may say of a link's impressions: a pure rule over item, caller and link."""

from typing import Final, NamedTuple

import msgspec

from redirector.serve.access import Caller
from schemas.events import ImpressionKind, ImpressionSource
from schemas.links import Link

DISPLAYED: Final[tuple[ImpressionKind, ...]] = ("rendered", "viewable")
"""What a page knows of itself. `served` is the pixel's, `platform` a platform's."""


class Claim(msgspec.Struct, frozen=True):
    """What an item claims; `source` as given, `time_ms` None when the item has none."""

    source: ImpressionSource | None
    kind: ImpressionKind
    count: int
    time_ms: int | None


class ClaimContext(NamedTuple):
    """When and from where it is said: `origin` is the request's header, empty when it has none."""

    now_ms: int
    origin: str
    skew_ms: int
    """How far from now the time of a display may be said to lie."""


def source_of(claim: Claim, caller: Caller) -> ImpressionSource:
    """The source that counts where none is said: a page's beacon without a token, the API with one."""
    return claim.source or ("beacon" if caller.is_anonymous else "api")


def time_of(claim: Claim, caller: Caller, now_ms: int) -> int:
    """The time that counts. Without a token it is now, always: no past window may change."""
    return now_ms if caller.is_anonymous or claim.time_ms is None else claim.time_ms


def why_not(claim: Claim, caller: Caller, link: Link, context: ClaimContext) -> str:
    """Why `caller` may not say this of `link`, and what would do; empty when they may.

    Without a token only what a display can say: one impression, rendered or viewable, now, from a page that the
    link allows.
    """
    if caller.is_anonymous:
        return _why_not_displayed(claim, source_of(claim, caller), link, context)
    if caller.speaks_for(link.account):
        return ""
    return f"link {link.key} belongs to another account than the token: use a token of its account"


def _why_not_displayed(claim: Claim, source: ImpressionSource, link: Link, context: ClaimContext) -> str:
    """What of it a display cannot say."""
    wrong = ""
    if source != "beacon":
        wrong = f"the source is beacon, not {source}: leave it out"
    elif claim.kind not in DISPLAYED:
        wrong = f"the kind is {' or '.join(DISPLAYED)}, not {claim.kind}: say which"
    elif claim.count != 1:
        wrong = f"an item is one impression, not {claim.count}: leave count out"
    elif claim.time_ms is not None and abs(claim.time_ms - context.now_ms) > context.skew_ms:
        wrong = f"an impression is now, within {context.skew_ms / 1000:g} s: leave time_ms out"
    elif link.origins and context.origin not in link.origins:
        page = f"pages of {context.origin}" if context.origin else "requests without an Origin"
        wrong = f"link {link.key} takes no impressions from {page}: add it to the link's origins"
    return f"without a token, {wrong}, or send a token" if wrong else ""
